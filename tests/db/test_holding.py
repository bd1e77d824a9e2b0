"""What a sub-account holds is read whole and from its own account only (CAM-1, CAM-6)."""

import pytest

from db import group, holding, policy
from db.attachment import custom_policy, group_member, user_member
from db.holding import Compiler, Held
from db.session import Database
from policies.engine import Snapshot
from policies.rule import Effect, Link, Rule
from tests.console import Statements
from tests.db.cam import (
    ALLOW,
    DENY,
    NOW,
    OTHER,
    OWNER,
    add_accounts,
    add_group,
    add_policy,
    add_user,
    attach,
)

ACTION = "name/sms:AddApp"


@pytest.fixture(autouse=True)
async def accounts(database: Database) -> None:
    await add_accounts(database)


async def held(database: Database, uin: int, owner: int = OWNER) -> Held:
    async with database.read() as session:
        return await holding.of_user(session, owner, uin)


async def test_links_and_rules_are_those_of_the_user_and_its_groups(database: Database) -> None:
    async with database.write() as session:
        ops, other = await add_user(session, "ops"), await add_user(session, "other")
        night, day = await add_group(session, "night"), await add_group(session, "day")
        await group.join(session, night.id, ops.uin, NOW)
        await group.join(session, day.id, other.uin, NOW)
        mine, ours = await add_policy(session, "mine"), await add_policy(session, "ours", DENY)
        theirs = await add_policy(session, "theirs")
        await attach(session, user_member(ops.uin), custom_policy(mine.id))
        await attach(
            session, group_member(night.id), custom_policy(ours.id), "policy:QcloudSMSFullAccess"
        )
        await attach(session, group_member(day.id), custom_policy(theirs.id))
    found = await held(database, ops.uin)
    assert set(found.links) == {
        Link(f"user:{ops.uin}", f"group:{night.id}"),
        Link(f"user:{ops.uin}", f"policy:custom:{mine.id}"),
        Link(f"group:{night.id}", f"policy:custom:{ours.id}"),
        Link(f"group:{night.id}", "policy:QcloudSMSFullAccess"),
    }
    assert set(found.rules) == {
        Rule(f"policy:custom:{mine.id}", "statement[0]", Effect.ALLOW, ACTION, "*"),
        Rule(f"policy:custom:{ours.id}", "statement[0]", Effect.DENY, ACTION, "*"),
    }
    snapshot = Snapshot.build(found.rules, found.links, version=1)
    assert not snapshot.allowed((f"user:{ops.uin}",), ACTION, "*")


async def test_only_the_version_in_force_counts(database: Database) -> None:
    async with database.write() as session:
        ops, row = await add_user(session, "ops"), await add_policy(session, "p")
        await attach(session, user_member(ops.uin), custom_policy(row.id))
        await policy.add_version(session, row, DENY, OWNER, NOW)
    assert [rule.effect for rule in (await held(database, ops.uin)).rules] == [Effect.ALLOW]
    async with database.write() as session:
        row = await policy.changing(session, OWNER, row.id)
        row.version = 2
    assert [rule.effect for rule in (await held(database, ops.uin)).rules] == [Effect.DENY]


async def test_a_disabled_a_deleted_and_a_foreign_user_hold_nothing(database: Database) -> None:
    async with database.write() as session:
        ops = await add_user(session, "ops")
        await attach(session, user_member(ops.uin), "policy:QcloudSMSFullAccess")
    assert (await held(database, ops.uin)).links
    assert await held(database, ops.uin, OTHER) == Held((), ())
    assert await held(database, ops.uin + 1) == Held((), ())
    async with database.write() as session:
        session.add(ops)
        ops.disabled = True
    assert await held(database, ops.uin) == Held((), ())


async def test_an_attachment_that_names_another_accounts_policy_brings_no_rule(
    database: Database,
) -> None:
    async with database.write() as session:
        ops = await add_user(session, "ops")
        foreign = await add_policy(session, "p", owner=OTHER)
        await attach(session, user_member(ops.uin), custom_policy(foreign.id))
    assert (await held(database, ops.uin)).rules == ()


async def test_a_document_that_cannot_be_read_any_more_denies_everything(
    database: Database,
) -> None:
    async with database.write() as session:
        ops = await add_user(session, "ops")
        broken = await add_policy(session, "broken", '{"version": "1.0"}')
        await attach(
            session,
            user_member(ops.uin),
            custom_policy(broken.id),
            custom_policy((await add_policy(session, "fine")).id),
        )
    found = await held(database, ops.uin)
    snapshot = Snapshot.build(found.rules, found.links, version=1)
    decision = snapshot.decide((f"user:{ops.uin}",), ACTION, "*")
    assert (decision.allowed, decision.matched[0].statement) == (False, "unreadable")
    assert not snapshot.allowed((f"user:{ops.uin}",), "name/cam:AddUser", "*")


async def test_reading_a_user_takes_five_statements_however_much_it_holds(
    database: Database,
) -> None:
    async with database.write() as session:
        ops = await add_user(session, "ops")
        for number in range(10):
            row = await add_group(session, f"g{number}")
            await group.join(session, row.id, ops.uin, NOW)
            names = [
                custom_policy((await add_policy(session, f"p{number}-{each}")).id)
                for each in range(5)
            ]
            await attach(session, group_member(row.id), *names)
    with Statements(database) as counted:
        found = await held(database, ops.uin)
    assert (len(found.rules), len(found.links)) == (50, 60)
    assert len(counted) <= 5


async def test_an_account_is_read_as_its_users_are_one_by_one(database: Database) -> None:
    async with database.write() as session:
        people = [await add_user(session, name) for name in ("a", "b", "c")]
        night = await add_group(session, "night")
        row = await add_policy(session, "p")
        await attach(session, group_member(night.id), custom_policy(row.id))
        await attach(session, user_member(people[1].uin), "policy:QcloudSMSFullAccess")
        for person in people[:2]:
            await group.join(session, night.id, person.uin, NOW)
        people[2].disabled = True
        await add_user(session, "stranger", OTHER)
    async with database.read() as session:
        users, everything = await holding.of_account(session, OWNER)
        singly = [await holding.of_user(session, OWNER, row.uin) for row in users]
    assert [row.name for row in users] == ["a", "b"]
    assert set(everything.rules) == {rule for each in singly for rule in each.rules}
    assert set(everything.links) == {link for each in singly for link in each.links}


def test_compiled_documents_are_kept_up_to_a_number_of_rules() -> None:
    compiler = Compiler(most=3)
    first = compiler.rules(OWNER, 1, ALLOW)
    assert compiler.rules(OWNER, 1, ALLOW) is first
    for number in (2, 3):
        compiler.rules(OWNER, number, ALLOW)
    assert compiler.rules(OWNER, 1, ALLOW) is first
    compiler.rules(OWNER, 4, ALLOW)
    assert compiler.rules(OWNER, 1, ALLOW) is first, "what was used last stays"
    second = compiler.rules(OWNER, 2, ALLOW)
    assert compiler.rules(OWNER, 2, ALLOW) is second


def test_a_compiled_document_is_never_taken_for_another() -> None:
    compiler = Compiler()
    assert compiler.rules(OWNER, 1, ALLOW)[0].effect is Effect.ALLOW
    assert compiler.rules(OWNER, 1, DENY)[0].effect is Effect.DENY
    assert compiler.rules(OTHER, 2, ALLOW)[0].policy == "policy:custom:2"
