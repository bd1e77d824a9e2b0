"""Changes of access from several sides at once, and from several processes (CAM-1)."""

import asyncio
from typing import Any

import pytest
from sqlmodel import func, select

from db import quota as quotas
from db.attachment import AttachmentRow
from db.group import MembershipRow
from db.quota import QuotaRow
from db.session import Database
from db.store import Store
from db.user import UserKind, UserRow
from domain.quota import ATTACHMENTS, SUB_ACCOUNTS
from tests.access import (
    FULL,
    GROUP_ADD,
    GROUP_REMOVE,
    READ_ONLY,
    USER_ATTACH,
    USER_CREATE,
    Company,
    by_id,
    can,
)
from tests.console import Caller, Clock, Console

DELETE = by_id("userDelete", "deletedId")


@pytest.fixture
def another_process(database: Database, clock: Clock, console: Console) -> Console:
    """The console of another process on the same database: nothing in memory is shared."""
    store: Store = console.store
    return Console(database, store, clock)


async def test_what_one_process_takes_away_is_gone_in_another_on_its_next_request(
    console: Console, another_process: Console
) -> None:
    company = await Company.of(console)
    ops = await company.person("ops", FULL)
    there = Caller(another_process, ops.caller.principal)
    assert await can(there, "sms:AddApp")
    await company.detach(ops.id, FULL)
    assert not await can(there, "sms:AddApp")
    policy = await company.policy("P", {"effect": "allow", "action": "*", "resource": "*"})
    await company.attach(ops.id, policy)
    assert await can(there, "sms:AddApp")


async def test_the_last_places_go_to_as_many_as_there_are(console: Console) -> None:
    company = await Company.of(console)
    ops = await company.person("ops")
    statement = {"effect": "allow", "action": "sms:AddApp", "resource": "*"}
    policies = [await company.policy(f"p{number}", statement) for number in range(8)]
    scope = f"user:{ops.uin}"
    async with console.database.write() as session:
        await quotas.take(session, company.account.uin, ATTACHMENTS, 195, scope)
    answers = await asyncio.gather(
        *(
            company.root.run(USER_ATTACH, input={"userId": ops.id, "policyIds": [policy]})
            for policy in policies
        )
    )
    refused = [
        answer["userPolicyAttach"]["userErrors"][0]["code"]
        for answer in answers
        if answer["userPolicyAttach"]["userErrors"]
    ]
    assert refused == ["LIMIT_EXCEEDED"] * 3
    async with console.database.read() as session:
        held = (await session.exec(select(func.count()).select_from(AttachmentRow))).one()
    assert held == 5


async def test_everything_at_once_waits_for_no_other_for_ever_and_counts_right(
    console: Console,
) -> None:
    company = await Company.of(console)
    people = [await company.person(f"u{number}", READ_ONLY) for number in range(4)]
    group = await company.group("Night", *people[:2])
    calls: list[tuple[str, dict[str, Any]]] = [
        (USER_CREATE, {"input": {"name": f"n{number}", "consoleLogin": False, "apiAccess": True}})
        for number in range(4)
    ]
    calls += [(DELETE, {"id": person.id}) for person in people[1:3]]
    calls += [
        (USER_ATTACH, {"input": {"userId": person.id, "policyIds": [FULL, READ_ONLY]}})
        for person in people
    ]
    calls += [
        (GROUP_ADD, {"input": {"groupId": group, "userIds": [people[3].id]}}),
        (GROUP_REMOVE, {"input": {"groupId": group, "userIds": [people[0].id, people[1].id]}}),
    ]
    await asyncio.gather(*(company.root.run(mutation, **given) for mutation, given in calls))
    async with console.database.read() as session:
        subs = select(func.count()).where(UserRow.kind == UserKind.SUB)
        assert (await session.exec(subs)).one() == 6
        assert await quotas.used(session, company.account.uin, SUB_ACCOUNTS) == 6
        attached = (await session.exec(select(AttachmentRow))).all()
        joined = (await session.exec(select(MembershipRow))).all()
        rows = (await session.exec(select(QuotaRow))).all()
    counted = {(row.name, row.scope): row.used for row in rows if row.scope and row.used}
    expected: dict[tuple[str, str], int] = {}
    for row in attached:
        place = ("ATTACHMENTS", row.member)
        expected[place] = expected.get(place, 0) + 1
    for member in joined:
        for place in (
            ("USERS_PER_GROUP", f"group:{member.group_id}"),
            ("GROUPS_PER_USER", f"user:{member.user_uin}"),
        ):
            expected[place] = expected.get(place, 0) + 1
    keys = {place: used for place, used in counted.items() if place[0] == "ACCESS_KEYS"}
    assert set(keys.values()) == {1}
    assert {place: used for place, used in counted.items() if place not in keys} == expected
