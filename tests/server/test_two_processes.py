"""What changes at one server process is in force at the other on its next request (CAM-1, CAM-3).

Two real processes on one database; the root user works at the first, a sub-account at the second.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from db import migrate
from tests.access import (
    GROUP_ADD,
    GROUP_ATTACH,
    GROUP_CREATE,
    GROUP_DETACH,
    GROUP_REMOVE,
    POLICY_CREATE,
    READ_ONLY,
    USER_ATTACH,
    USER_CREATE,
    USER_DETACH,
    VERSION_ACTIVATE,
    VERSION_CREATE,
    allow,
    by_id,
    deny,
    document,
)
from tests.server.remote import DEMO_UIN, Remote, remote, root_password
from tests.serving import environment, free_port, serving

PASSWORD: Final = "Sesame-0pen"
READ: Final = "name/sms:DescribeAppList"
DISABLE: Final = by_id("userDisable", "user { disabled }")
ENABLE: Final = by_id("userEnable", "user { disabled }")
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Scene:
    """The root user at one process, and a sub-account that is signed in at the other."""

    root: Remote
    user: Remote
    user_id: str

    def sign_in(self) -> None:
        """Sign the sub-account in at its process."""
        self.user.sign_in(accountUin=DEMO_UIN, name="ops", password=PASSWORD)

    def attach(self, *policies: str) -> None:
        """Attach policies to the sub-account."""
        self.root.done(USER_ATTACH, input={"userId": self.user_id, "policyIds": list(policies)})

    def detach(self, *policies: str) -> None:
        """Detach policies from it."""
        self.root.done(USER_DETACH, input={"userId": self.user_id, "policyIds": list(policies)})


@contextmanager
def playing(data: Path, database_url: str) -> Iterator[Scene]:
    """Start both processes and create the sub-account, which holds nothing."""
    first = environment(data, free_port(), database_url=database_url)
    second = {**first, "SMS_CONSOLE_PORT": str(free_port())}
    with ExitStack() as stack:
        stack.enter_context(serving(first, "--demo", "--no-worker"))
        stack.enter_context(serving(second, "--no-worker"))
        root = stack.enter_context(remote(first))
        root.sign_in(accountUin=DEMO_UIN, password=root_password(data))
        given = {"name": "ops", "password": PASSWORD, "mustResetPassword": False}
        created = root.done(USER_CREATE, input=given)["created"]
        scene = Scene(root, stack.enter_context(remote(second)), created[0]["user"]["id"])
        scene.sign_in()
        yield scene


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_change_at_one_process_is_in_force_at_the_others_next_request(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = ""
    if kind == "postgresql":
        url = request.getfixturevalue("bare_postgresql_url")
        migrate.upgrade(url)
    with playing(tmp_path / "data", url.replace("+psycopg", "")) as scene:
        assert scene.user.refused() == "FORBIDDEN"
        policies_come_and_go(scene)
        members_come_and_go(scene)
        groups_gain_and_lose(scene)
        versions_take_turns(scene)
        users_are_locked_out(scene)


def policies_come_and_go(scene: Scene) -> None:
    """Attach and detach, over and over: what the second process compiled before never counts."""
    for _ in range(ROUNDS):
        scene.attach(READ_ONLY)
        assert scene.user.refused() is None
        scene.detach(READ_ONLY)
        assert scene.user.refused() == "FORBIDDEN"


def members_come_and_go(scene: Scene) -> None:
    """A membership brings what the group holds, and takes it away when it ends."""
    group = scene.root.done(GROUP_CREATE, input={"name": "readers"})["group"]["id"]
    scene.root.done(GROUP_ATTACH, input={"groupId": group, "policyIds": [READ_ONLY]})
    member = {"groupId": group, "userIds": [scene.user_id]}
    for _ in range(ROUNDS):
        assert scene.user.refused() == "FORBIDDEN"
        scene.root.done(GROUP_ADD, input=member)
        assert scene.user.refused() is None
        scene.root.done(GROUP_REMOVE, input=member)
    assert scene.user.refused() == "FORBIDDEN"


def groups_gain_and_lose(scene: Scene) -> None:
    """What is attached to a group counts for who is in it, although nobody's own row changed."""
    group = scene.root.done(GROUP_CREATE, input={"name": "writers"})["group"]["id"]
    scene.root.done(GROUP_ADD, input={"groupId": group, "userIds": [scene.user_id]})
    held = {"groupId": group, "policyIds": [READ_ONLY]}
    for _ in range(ROUNDS):
        assert scene.user.refused() == "FORBIDDEN"
        scene.root.done(GROUP_ATTACH, input=held)
        assert scene.user.refused() is None
        scene.root.done(GROUP_DETACH, input=held)
    assert scene.user.refused() == "FORBIDDEN"


def versions_take_turns(scene: Scene) -> None:
    """A new version in force counts at once, and so does going back to the old one."""
    given = {"name": "Reading", "document": document(allow(READ))}
    policy = scene.root.done(POLICY_CREATE, input=given)["policy"]["id"]
    scene.attach(policy)
    assert scene.user.refused() is None
    scene.root.done(VERSION_CREATE, id=policy, input={"document": document(deny(READ))})
    assert scene.user.refused() == "FORBIDDEN"
    for version, refused in ((1, None), (2, "FORBIDDEN")) * ROUNDS:
        scene.root.done(VERSION_ACTIVATE, id=policy, version=version)
        assert scene.user.refused() == refused
    scene.detach(policy)


def users_are_locked_out(scene: Scene) -> None:
    """A disabled sub-account's token ends at every process, and a new sign-in is refused."""
    scene.attach(READ_ONLY)
    assert scene.user.refused() is None
    scene.root.done(DISABLE, id=scene.user_id)
    assert scene.user.refused() == "UNAUTHENTICATED"
    scene.root.done(ENABLE, id=scene.user_id)
    assert scene.user.refused() == "UNAUTHENTICATED"
    scene.sign_in()
    assert scene.user.refused() is None
