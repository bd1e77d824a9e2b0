"""Sub-accounts, groups and policies for tests, made through the schema itself."""

import json
from dataclasses import dataclass
from typing import Any

from db import user
from db.account import AccountRow
from graph.node import encode
from tests.console import Caller, Console

USER_CREATE = """
mutation ($input: UserCreateInput!) {
  userCreate(input: $input) {
    created { user { id uin } password secretId secretKey }
    signInUrl credentialsUrl credentialsExpireAt
    userErrors { code field message }
  }
}
"""
GROUP_CREATE = """
mutation ($input: GroupCreateInput!) {
  groupCreate(input: $input) { group { id name remark } userErrors { code field message } }
}
"""
POLICY_CREATE = """
mutation ($input: PolicyCreateInput!) {
  policyCreate(input: $input) {
    policy { id name kind description document normalised version warnings { id path message } }
    userErrors { code field message }
  }
}
"""
POLICY_UPDATE = """
mutation ($id: ID!, $input: PolicyUpdateInput!) {
  policyUpdate(id: $id, input: $input) {
    policy { description document version } userErrors { code field message }
  }
}
"""
VERSION_CREATE = """
mutation ($id: ID!, $input: PolicyVersionCreateInput!) {
  policyVersionCreate(id: $id, input: $input) {
    policy { version versions { number inForce } } userErrors { code field message }
  }
}
"""
VERSION_ACTIVATE = """
mutation ($id: ID!, $version: Int!) {
  policyVersionActivate(id: $id, version: $version) {
    policy { version document } userErrors { code field message }
  }
}
"""
VERSION_DELETE = """
mutation ($id: ID!, $version: Int!) {
  policyVersionDelete(id: $id, version: $version) {
    policy { versions { number } } userErrors { code field message }
  }
}
"""


def by_input(mutation: str, kind: str, shown: str) -> str:
    """Write a mutation that takes one input object."""
    return (
        f"mutation ($input: {kind}!) {{ {mutation}(input: $input) "
        f"{{ {shown} userErrors {{ code field message }} }} }}"
    )


def by_id(mutation: str, shown: str) -> str:
    """Write a mutation that takes an id alone."""
    return (
        f"mutation ($id: ID!) {{ {mutation}(id: $id) "
        f"{{ {shown} userErrors {{ code field message }} }} }}"
    )


USER_ATTACH = by_input("userPolicyAttach", "UserPoliciesInput", "user { policies { name } }")
USER_DETACH = by_input("userPolicyDetach", "UserPoliciesInput", "user { policies { name } }")
GROUP_ATTACH = by_input("groupPolicyAttach", "GroupPoliciesInput", "group { policies { name } }")
GROUP_DETACH = by_input("groupPolicyDetach", "GroupPoliciesInput", "group { policies { name } }")
GROUP_ADD = by_input("groupUserAdd", "GroupUsersInput", "group { userCount }")
GROUP_REMOVE = by_input("groupUserRemove", "GroupUsersInput", "group { userCount }")
KEY_CREATE = by_input(
    "accessKeyCreate", "AccessKeyCreateInput", "accessKey { id secretId status } secretKey"
)
USER_DISABLE = by_id("userDisable", "user { disabled }")
USER_ENABLE = by_id("userEnable", "user { disabled }")
USER_DELETE = by_id("userDelete", "deletedId")
GROUP_DELETE = by_id("groupDelete", "deletedId")
KEY_ENABLE = by_id("accessKeyEnable", "accessKey { status }")
POLICY_DELETE = by_id("policyDelete", "deletedId")
POLICY_READ = """
query ($id: ID!) {
  policy(id: $id) {
    name kind description document normalised version createdBy
    warnings { id check severity path message suggestion }
    versions { number inForce document }
  }
}
"""

FULL = encode("Policy", "QcloudSMSFullAccess")
READ_ONLY = encode("Policy", "QcloudSMSReadOnlyAccess")
CAM_FULL = encode("Policy", "QcloudCamFullAccess")


def statement(
    effect: str, action: str | list[str], resource: str | list[str] = "*", **more: Any
) -> dict[str, Any]:
    """Write one statement."""
    return {"effect": effect, "action": action, "resource": resource, **more}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """Write a statement that allows."""
    return statement("allow", action, resource, **more)


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """Write a statement that denies."""
    return statement("deny", action, resource, **more)


def document(*statements: dict[str, Any]) -> str:
    """Write a document of these statements."""
    return json.dumps({"version": "2.0", "statement": list(statements)})


@dataclass(frozen=True, slots=True)
class Person:
    """A sub-account: its id, and a caller who is signed in as it."""

    id: str
    uin: int
    caller: Caller


@dataclass(frozen=True, slots=True)
class Company:
    """An account whose root user sets things up; every step must succeed."""

    console: Console
    account: AccountRow
    root: Caller

    @classmethod
    async def of(cls, console: Console) -> "Company":
        """Found one."""
        account = await console.add_account()
        return cls(console, account, console.root(account))

    def app(self, app_id: int | str) -> str:
        """Name an application as policies do."""
        return f"qcs::sms::uin/{self.account.uin}:app/{app_id}"

    async def done(self, mutation: str, **variables: Any) -> dict[str, Any]:
        """Run a mutation as the root account and give its payload."""
        return await done(self.root, mutation, **variables)

    async def person(self, name: str, *policies: str) -> Person:
        """Create a sub-account that cannot sign in by password, and attach policies by id."""
        given = {"name": name, "consoleLogin": False}
        payload = await self.done(USER_CREATE, input=given)
        shown = payload["created"][0]["user"]
        if policies:
            await self.attach(shown["id"], *policies)
        return await self.signed_in(shown["id"], int(shown["uin"]))

    async def signed_in(self, identity: str, uin: int) -> Person:
        """Sign an existing sub-account in."""
        async with self.console.database.read() as session:
            row = await user.get(session, uin)
        assert row is not None
        return Person(identity, uin, self.console.user(row))

    async def attach(self, user_id: str, *policies: str) -> None:
        """Attach policies to a sub-account."""
        await self.done(USER_ATTACH, input={"userId": user_id, "policyIds": list(policies)})

    async def detach(self, user_id: str, *policies: str) -> None:
        """Detach policies from a sub-account."""
        await self.done(USER_DETACH, input={"userId": user_id, "policyIds": list(policies)})

    async def policy(self, name: str, *statements: dict[str, Any]) -> str:
        """Create a custom policy and give its id."""
        given = {"name": name, "document": document(*statements)}
        identity: str = (await self.done(POLICY_CREATE, input=given))["policy"]["id"]
        return identity

    async def group(self, name: str, *members: Person, policies: tuple[str, ...] = ()) -> str:
        """Create a group with members and policies, and give its id."""
        identity: str = (await self.done(GROUP_CREATE, input={"name": name}))["group"]["id"]
        if policies:
            await self.done(GROUP_ATTACH, input={"groupId": identity, "policyIds": list(policies)})
        if members:
            users = [member.id for member in members]
            await self.done(GROUP_ADD, input={"groupId": identity, "userIds": users})
        return identity


async def done(caller: Caller, mutation: str, **variables: Any) -> dict[str, Any]:
    """Run a one-mutation document that must succeed, and give its payload."""
    (payload,) = (await caller.run(mutation, **variables)).values()
    assert payload["userErrors"] == [], payload["userErrors"]
    found: dict[str, Any] = payload
    return found


async def can(caller: Caller, action: str, resource: str = "*") -> bool:
    """Ask the viewer whether it may."""
    answer = await caller.run(
        "query ($action: String!, $resource: String!) "
        "{ viewer { can(action: $action, resource: $resource) } }",
        action=action,
        resource=resource,
    )
    allowed: bool = answer["viewer"]["can"]
    return allowed
