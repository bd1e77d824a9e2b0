"""Nobody gains by managing access (CAM-9): the known ways up, each refused and without a trace.

The list is that of AWS's privilege escalations as far as it exists here (roles and inline policies
do not): CreatePolicyVersion, SetDefaultPolicyVersion, CreateAccessKey, CreateLoginProfile,
UpdateLoginProfile, AttachUserPolicy, AttachGroupPolicy, AddUserToGroup, and lifting a deny by
DetachUserPolicy, DetachGroupPolicy, RemoveUserFromGroup or DeleteGroup.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.access import (
    CAM_FULL,
    FULL,
    GROUP_ADD,
    GROUP_ATTACH,
    GROUP_DELETE,
    GROUP_DETACH,
    GROUP_REMOVE,
    KEY_CREATE,
    KEY_ENABLE,
    POLICY_UPDATE,
    READ_ONLY,
    USER_ATTACH,
    USER_DELETE,
    USER_DETACH,
    USER_DISABLE,
    USER_ENABLE,
    VERSION_ACTIVATE,
    VERSION_CREATE,
    VERSION_DELETE,
    allow,
    deny,
    document,
)
from tests.console import Console
from tests.graph.test_user import UPDATE as USER_UPDATE
from tests.office import Office, furnished


@pytest.fixture
async def office(console: Console) -> Office:
    return await furnished(console)


Attack = Callable[[Office], Awaitable[tuple[str, dict[str, Any]]]]
BUY = document(allow("sms:BuyPackage"))


def with_input(mutation: str, **given: Callable[[Office], Any]) -> Attack:
    """Attack by a mutation that takes one input."""

    async def attack(office: Office) -> tuple[str, dict[str, Any]]:
        return mutation, {"input": {name: find(office) for name, find in given.items()}}

    return attack


def on(mutation: str, find: Callable[[Office], str], **more: Any) -> Attack:
    """Attack by a mutation that takes an id."""

    async def attack(office: Office) -> tuple[str, dict[str, Any]]:
        return mutation, {"id": find(office), **more}

    return attack


async def _older_version(office: Office) -> tuple[str, dict[str, Any]]:
    policy = await office.company.policy("Shrunk", allow("sms:BuyPackage"))
    given = {"document": document(allow("sms:DescribePackageList"))}
    await office.company.done(VERSION_CREATE, id=policy, input=given)
    await office.company.attach(office.colleague.id, policy)
    return VERSION_ACTIVATE, {"id": policy, "version": 1}


async def _version_without_the_deny(office: Office) -> tuple[str, dict[str, Any]]:
    text = document(deny("sms:AddApp"))
    return VERSION_CREATE, {"id": office.no_buying, "input": {"document": text}}


async def _own_policy_through_group(office: Office) -> tuple[str, dict[str, Any]]:
    policy = await office.company.policy("Team", allow("sms:DescribePackageList"))
    given = {"groupId": office.team, "policyIds": [policy]}
    await office.company.done(GROUP_ATTACH, input=given)
    return POLICY_UPDATE, {"id": policy, "input": {"document": BUY}}


async def _disabled_chief(office: Office) -> tuple[str, dict[str, Any]]:
    await office.company.done(USER_DISABLE, id=office.chief.id)
    return USER_ENABLE, {"id": office.chief.id}


async def _key_of_the_chief(office: Office) -> tuple[str, dict[str, Any]]:
    key = await office.company.done(KEY_CREATE, input={"userId": office.chief.id})
    return KEY_ENABLE, {"id": key["accessKey"]["id"]}


ATTACKS: dict[str, Attack] = {
    "attach more than one holds to oneself": with_input(
        USER_ATTACH, userId=lambda o: o.admin.id, policyIds=lambda _: [FULL]
    ),
    "attach what one holds to oneself": with_input(
        USER_ATTACH, userId=lambda o: o.admin.id, policyIds=lambda _: [READ_ONLY]
    ),
    "attach more than one holds to another": with_input(
        USER_ATTACH, userId=lambda o: o.colleague.id, policyIds=lambda _: [FULL]
    ),
    "attach a custom policy beyond one's own": with_input(
        USER_ATTACH, userId=lambda o: o.colleague.id, policyIds=lambda o: [o.strong]
    ),
    "attach more than one holds to a group": with_input(
        GROUP_ATTACH, groupId=lambda o: o.barred, policyIds=lambda _: [FULL]
    ),
    "attach something to one's own group": with_input(
        GROUP_ATTACH, groupId=lambda o: o.team, policyIds=lambda _: [CAM_FULL]
    ),
    "detach from oneself": with_input(
        USER_DETACH, userId=lambda o: o.admin.id, policyIds=lambda _: [READ_ONLY]
    ),
    "detach from one's own group": with_input(
        GROUP_DETACH, groupId=lambda o: o.team, policyIds=lambda _: [READ_ONLY]
    ),
    "lift a deny from a user": with_input(
        USER_DETACH, userId=lambda o: o.chief.id, policyIds=lambda o: [o.no_buying]
    ),
    "lift a deny from a group": with_input(
        GROUP_DETACH, groupId=lambda o: o.barred, policyIds=lambda o: [o.no_buying]
    ),
    "lift a deny by taking somebody out of a group": with_input(
        GROUP_REMOVE, groupId=lambda o: o.barred, userIds=lambda o: [o.chief.id]
    ),
    "lift a deny by deleting the group": on(GROUP_DELETE, lambda o: o.barred),
    "lift a deny by a new version": _version_without_the_deny,
    "join a stronger group": with_input(
        GROUP_ADD, groupId=lambda o: o.chiefs, userIds=lambda o: [o.admin.id]
    ),
    "join a weak group": with_input(
        GROUP_ADD, groupId=lambda o: o.barred, userIds=lambda o: [o.admin.id]
    ),
    "put another into a stronger group": with_input(
        GROUP_ADD, groupId=lambda o: o.chiefs, userIds=lambda o: [o.colleague.id]
    ),
    "put another into one's own group": with_input(
        GROUP_ADD, groupId=lambda o: o.team, userIds=lambda o: [o.colleague.id]
    ),
    "leave one's own group": with_input(
        GROUP_REMOVE, groupId=lambda o: o.team, userIds=lambda o: [o.admin.id]
    ),
    "delete one's own group": on(GROUP_DELETE, lambda o: o.team),
    "edit a policy attached to oneself": on(
        POLICY_UPDATE, lambda o: o.own_policy, input={"document": BUY}
    ),
    "describe a policy attached to oneself": on(
        POLICY_UPDATE, lambda o: o.own_policy, input={"description": "mine"}
    ),
    "edit a policy attached to one's group": _own_policy_through_group,
    "add a version to a policy attached to oneself": on(
        VERSION_CREATE, lambda o: o.own_policy, input={"document": BUY}
    ),
    "add a sleeping version to a policy attached to oneself": on(
        VERSION_CREATE, lambda o: o.own_policy, input={"document": BUY, "inForce": False}
    ),
    "activate a version of a policy attached to oneself": on(
        VERSION_ACTIVATE, lambda o: o.own_policy, version=1
    ),
    "delete a version of a policy attached to oneself": on(
        VERSION_DELETE, lambda o: o.own_policy, version=1
    ),
    "put a stronger old version in force for another": _older_version,
    "make a key for a stronger user": with_input(KEY_CREATE, userId=lambda o: o.chief.id),
    "make a key for a weaker user": with_input(KEY_CREATE, userId=lambda o: o.colleague.id),
    "enable a key of another": _key_of_the_chief,
    "set the password of another": on(
        USER_UPDATE, lambda o: o.chief.id, input={"password": "Correct-horse-7"}
    ),
    "let another sign in": on(USER_UPDATE, lambda o: o.chief.id, input={"consoleLogin": True}),
    "spare oneself a new password": on(
        USER_UPDATE, lambda o: o.admin.id, input={"mustResetPassword": False}
    ),
    "let a stronger user in again": _disabled_chief,
    "disable oneself": on(USER_DISABLE, lambda o: o.admin.id),
    "delete oneself": on(USER_DELETE, lambda o: o.admin.id),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_way_up_is_refused_and_leaves_no_trace(office: Office, name: str) -> None:
    console = office.company.console
    mutation, variables = await ATTACKS[name](office)
    before = await console.digest()
    refused = await office.admin.caller.refused(mutation, **variables)
    assert [code for code, _ in refused] == ["ESCALATION"]
    after = await console.digest()
    assert {table for table in before if before[table] != after[table]} == set()
