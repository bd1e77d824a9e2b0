"""A saved policy file, seen from outside: in force within two seconds, or told at /healthz."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from server.app import PACKAGED_POLICIES
from tests.server.remote import DEMO_UIN, Remote, remote, root_password
from tests.serving import environment, free_port, serving

IN_FORCE_SECONDS = 2.0
DENY = (
    "p, policy:Freeze, s0, deny, name/sms:DescribeAppList, *\n"
    f"g, account:{DEMO_UIN}, policy:Freeze\n"
)
BAD = DENY.replace("deny", "Deny")
OK = {"status": "ok", "problems": []}
DEGRADED = {
    "status": "degraded",
    "problems": ['policies: site/freeze.csv:1:23: "Deny" is no effect; write "deny"'],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packaged policies, for an operator to edit."""
    target = tmp_path / "policies"
    for name in ("presets", "site"):
        shutil.copytree(PACKAGED_POLICIES / name, target / name)
    for name in ("model.conf", "operators.csv"):
        shutil.copy(PACKAGED_POLICIES / name, target / name)
    return target


@pytest.fixture
def variables(folder: Path, tmp_path: Path) -> dict[str, str]:
    """The settings of a server that reads the copied policies."""
    return environment(tmp_path / "data", free_port(), policies=str(folder))


def becomes(expected: Any, look: Callable[[], Any]) -> None:
    """Look again and again until the answer is as expected; fail two seconds after the save."""
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while (found := look()) != expected:
        assert time.monotonic() < deadline, f"still {found}, not {expected}"
        time.sleep(0.02)


@contextmanager
def signed_in(variables: Mapping[str, str]) -> Iterator[Remote]:
    """Come as the demo account's root user."""
    with remote(variables) as root:
        password = root_password(Path(variables["SMS_CONSOLE_DATA"]))
        root.sign_in(accountUin=DEMO_UIN, password=password)
        yield root


def test_a_save_is_in_force_in_every_process_within_two_seconds(
    folder: Path, variables: dict[str, str]
) -> None:
    """A site deny binds even a root user who has signed in before; nobody tells the servers."""
    site = folder / "site" / "freeze.csv"
    other = {**variables, "SMS_CONSOLE_PORT": str(free_port())}
    with ExitStack() as stack:
        stack.enter_context(serving(variables, "--demo", "--no-worker"))
        stack.enter_context(serving(other, "--no-worker"))
        roots = [stack.enter_context(signed_in(each)) for each in (variables, other)]

        def refusals() -> list[str | None]:
            return [root.refused() for root in roots]

        def healths() -> list[dict[str, Any]]:
            return [root.health() for root in roots]

        assert refusals() == [None, None]
        site.write_text(DENY)
        becomes(["FORBIDDEN", "FORBIDDEN"], refusals)
        site.write_text(BAD)
        becomes([DEGRADED, DEGRADED], healths)
        assert refusals() == ["FORBIDDEN", "FORBIDDEN"]
        site.unlink()
        becomes([None, None], refusals)
        assert healths() == [OK, OK]


def test_a_bad_save_changes_nothing_and_is_told_once(
    folder: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    """The last good policies stay, and whoever looks at health or log learns file, line, column."""
    site = folder / "site" / "freeze.csv"
    site.write_text(DENY)
    with (
        (tmp_path / "log").open("w+") as log,
        serving(variables, "--demo", "--no-worker", log=log) as process,
        signed_in(variables) as root,
    ):
        assert root.refused() == "FORBIDDEN"
        site.write_text(BAD)
        becomes(DEGRADED, root.health)
        assert root.refused() == "FORBIDDEN"
        # The looks until this is taken over find the mistake again, and must not log it again.
        site.write_text("# nothing is frozen\n")
        becomes(OK, root.health)
        assert root.refused() is None
        process.terminate()
        process.wait(timeout=30)
        said = (tmp_path / "log").read_text().splitlines()
    lines = [json.loads(line) for line in said if line.startswith("{")]
    told = DEGRADED["problems"][0].removeprefix("policies: ")
    errors = [line["message"] for line in lines if line["level"] == "error"]
    assert errors == [f"policy files refused, the last good ones stay: {told}"]
