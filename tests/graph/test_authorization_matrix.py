"""Who reaches which root field (CAM-5 to CAM-10), over every field there is.

The fields, their actions and their arguments are taken from the schema, so a new field is in here
by itself. A call that is refused must leave every table as it was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pytest

from db import attachment, policy, serial
from db.alarm_contact import AlarmContactRow
from db.policy import PolicyRow
from db.user import UserKind, UserRow
from domain.alarm import Language
from graph.authority import Principal
from graph.node import encode
from policies.actions import CATALOGUE
from tests import bulk
from tests.access import Company, allow, deny, document
from tests.console import Caller, Console
from tests.matrix import RootField, root_fields

FIELDS = tuple(root_fields())
OF_ACCOUNTS = tuple(field for field in FIELDS if field.action.service in {"sms", "cam"})
OF_OPERATORS = tuple(field for field in FIELDS if field.action.service == "operator")
ABOUT_ONESELF = tuple(field for field in FIELDS if field.action.service == "console")
REFUSED = {"UNAUTHENTICATED", "FORBIDDEN"}


@dataclass(frozen=True, slots=True)
class World:
    """An account with an application and one object of each kind that belongs to it."""

    company: Company
    app_id: int
    objects: Mapping[str, str]

    @property
    def console(self) -> Console:
        """The console all of it is in."""
        return self.company.console

    async def holders(self, fields: Iterable[RootField], kind: str) -> dict[str, Caller]:
        """Make a sub-account for each action of `fields`, with a policy about it alone."""
        owner, now = self.company.account.uin, self.console.clock.now
        names = sorted({field.action.name for field in fields})
        callers: dict[str, Caller] = {}
        async with self.console.database.write() as session:
            for number, name in enumerate(names):
                row = PolicyRow(
                    account_uin=owner,
                    name=f"{kind}{number}",
                    description="",
                    created_at=now,
                    created_by=owner,
                    updated_at=now,
                )
                await policy.add(session, row, self._document(kind, name))
                user = UserRow(
                    uin=300_000_000 + number,
                    account_uin=owner,
                    kind=UserKind.SUB,
                    name=f"{kind}{number}",
                    created_at=now,
                )
                session.add(user)
                held = [attachment.custom_policy(row.id)]
                member = attachment.user_member(user.uin)
                await attachment.attach(session, owner, member, held, now)
                callers[name] = Caller(self.console, Principal.of(user))
        return callers

    def _document(self, kind: str, action: str) -> str:
        if kind == "denied":
            return document(allow("*"), deny(action))
        if kind == "elsewhere":
            return document(allow(action, self.company.app(self.app_id + 1)))
        return document(allow(action))


@pytest.fixture
async def world(console: Console) -> World:
    company = await Company.of(console)
    owner, now = company.account.uin, console.clock.now
    async with console.database.write() as session:
        await serial.take(session, serial.APPLICATION)  # the number that the parts use
    parts = await bulk.add_parts(console.database, owner, now)
    task = await bulk.add_task(console.database, parts, now)
    contact = AlarmContactRow(
        app_id=parts.app_id,
        name="Night shift",
        email="night@example.com",
        language=Language.ENGLISH,
        created_at=now,
    )
    async with console.database.write() as session:
        session.add(contact)
    objects = {
        "AlarmContact": encode("AlarmContact", contact.id),
        "Application": encode("Application", parts.app_id),
        "BulkTask": encode("BulkTask", task),
    }
    kinds = {field.kind for field in FIELDS if field.kind}
    assert kinds <= set(objects), "add an object of the new kind here"
    return World(company, parts.app_id, objects)


async def codes(world: World, field: RootField, caller: Caller) -> tuple[list[str], list[str]]:
    """Call a field; give the codes of top-level errors and of userErrors."""
    answer = await caller.ask(field.document, **field.variables(world.objects))
    told = (answer.data or {}).get(field.name)
    problems = told.get("userErrors", []) if isinstance(told, dict) else []
    return (
        [error.extensions["code"] for error in answer.errors],
        [problem["code"] for problem in problems],
    )


async def outcomes(
    world: World, fields: Iterable[RootField], callers: dict[str, Caller] | Caller
) -> dict[str, str]:
    """Call every field and give the code of its only error; nothing may change meanwhile."""
    found = {}
    before = await world.console.digest()
    for field in fields:
        caller = callers if isinstance(callers, Caller) else callers[field.action.name]
        errors, problems = await codes(world, field, caller)
        found[field.name] = " ".join((*errors, *problems)) or "done"
    after = await world.console.digest()
    assert {table for table in before if before[table] != after[table]} == set()
    return found


def all_of(fields: Iterable[RootField], code: str) -> dict[str, str]:
    return {field.name: code for field in fields}


def test_the_matrix_knows_fields_of_every_sort() -> None:
    assert len(OF_ACCOUNTS) > 60
    assert len(OF_OPERATORS) > 3
    assert {field.name for field in ABOUT_ONESELF} >= {"viewer", "signIn", "node"}
    per_application = {field.name for field in FIELDS if field.is_per_application}
    assert per_application >= {"application", "applicationDelete"}


async def test_anonymous_callers_reach_nothing_but_signing_in(world: World) -> None:
    closed = [field for field in FIELDS if field.name != "signIn"]
    found = await outcomes(world, closed, world.console.anybody())
    assert found == all_of(closed, "UNAUTHENTICATED")
    (sign_in,) = (field for field in FIELDS if field.name == "signIn")
    errors, problems = await codes(world, sign_in, world.console.anybody())
    assert (errors, problems) == ([], ["BAD_CREDENTIALS"])


async def test_a_sub_account_without_policies_reaches_only_what_is_about_itself(
    world: World,
) -> None:
    bare = (await world.company.person("bare")).caller
    closed = OF_ACCOUNTS + OF_OPERATORS
    assert await outcomes(world, closed, bare) == all_of(closed, "FORBIDDEN")


async def test_a_user_who_must_choose_a_password_reaches_nothing_else(world: World) -> None:
    person = await world.company.person("fresh")
    assert person.caller.principal is not None
    fresh = Caller(world.console, replace(person.caller.principal, must_reset=True))
    open_to_them = {"console:ChangePassword", "console:DescribeViewer", "console:SignOut"}
    closed = [field for field in FIELDS if field.action.name not in open_to_them]
    assert await outcomes(world, closed, fresh) == all_of(closed, "FORBIDDEN")


async def test_an_explicit_deny_closes_a_field_to_who_may_everything_else(world: World) -> None:
    callers = await world.holders(OF_ACCOUNTS, "denied")
    assert await outcomes(world, OF_ACCOUNTS, callers) == all_of(OF_ACCOUNTS, "FORBIDDEN")


async def test_a_grant_for_another_application_opens_nothing(world: World) -> None:
    fields = [field for field in OF_ACCOUNTS if field.is_per_application]
    callers = await world.holders(fields, "elsewhere")
    assert await outcomes(world, fields, callers) == all_of(fields, "FORBIDDEN")


async def test_a_grant_for_one_application_opens_no_action_without_that_level(
    world: World,
) -> None:
    """CAM-7."""
    fields = [field for field in OF_ACCOUNTS if field.action.level == "operation"]
    callers = await world.holders(fields, "elsewhere")
    assert await outcomes(world, fields, callers) == all_of(fields, "FORBIDDEN")


async def test_the_root_of_another_account_finds_nothing(world: World) -> None:
    stranger = (await Company.of(world.console)).root
    fields = [field for field in OF_ACCOUNTS if field.kind]
    found = await outcomes(world, fields, stranger)
    absent = {
        field.name: "done" if field.document.startswith("query") else "NOT_FOUND"
        for field in fields
    }
    assert found == absent


async def test_nobody_of_an_account_reaches_what_is_the_operators(world: World) -> None:
    everything = await world.company.policy("Everything", allow("*"))
    holder = (await world.company.person("holder", everything)).caller
    for caller in (holder, world.company.root):
        assert await outcomes(world, OF_OPERATORS, caller) == all_of(OF_OPERATORS, "FORBIDDEN")


async def test_an_operator_reaches_nothing_of_an_account(world: World) -> None:
    operator = await world.console.operator()
    assert await outcomes(world, OF_ACCOUNTS, operator) == all_of(OF_ACCOUNTS, "FORBIDDEN")


async def test_one_action_is_enough_for_its_fields(world: World) -> None:
    callers = await world.holders(OF_ACCOUNTS, "allowed")
    operator = await world.console.operator()
    wrong = {}
    for field in OF_ACCOUNTS + OF_OPERATORS + ABOUT_ONESELF:
        caller = callers.get(field.action.name, operator)
        errors, _ = await codes(world, field, caller)
        if set(errors) & {*REFUSED, "INTERNAL_SERVER_ERROR"}:
            wrong[field.name] = errors
    assert wrong == {}


async def test_the_root_account_is_refused_no_field_of_its_account(world: World) -> None:
    wrong = {}
    for field in OF_ACCOUNTS + ABOUT_ONESELF:
        errors, _ = await codes(world, field, world.company.root)
        if set(errors) & {*REFUSED, "INTERNAL_SERVER_ERROR"}:
            wrong[field.name] = errors
    assert wrong == {}


def test_every_action_that_is_not_reserved_belongs_to_a_service_of_the_matrix() -> None:
    services = {action.service for action in CATALOGUE.values() if not action.reserved}
    assert services == {"sms", "cam", "console", "operator"}


async def test_a_guarded_field_inside_an_object_is_refused_by_itself(world: World) -> None:
    person = await world.company.person("other")
    reader = await world.company.policy("Reader", allow(["cam:GetUser", "cam:ListGroupsForUser"]))
    caller = (await world.company.person("reader", reader)).caller
    answer = await caller.ask(
        "query ($id: ID!) { user(id: $id) { name groups { name } policies { name } } }",
        id=person.id,
    )
    assert answer.data == {"user": {"name": "other", "groups": [], "policies": None}}
    assert answer.code == "FORBIDDEN"
    assert answer.errors[0].extensions["action"] == "cam:ListAttachedUserPolicies"
