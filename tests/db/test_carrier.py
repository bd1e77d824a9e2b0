"""Carriers as rows: names for ever, sealed passwords, and the simulator that is there at first."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from db import carrier, route
from db.carrier import CarrierRow
from db.session import Database
from db.vault import SealBroken, Vault
from domain.carrier_form import CARRIERS_MOST, SIMULATOR, CarrierKind, Draft
from domain.carrier_settings import Smpp, Tlv
from domain.errors import Code, Refused
from domain.region import Region, SmsType
from domain.route import Choice, Destination, Target
from domain.route_form import Conditions
from domain.route_form import Draft as RouteDraft
from tests.console import KEY, START, Statements

VAULT = Vault(KEY)
SMPP = Smpp(
    host="smsc.example.com",
    port=2775,
    system_id="console",
    throughput=50,
    extra_tlvs=(Tlv("0x1400", "00ff"),),
)
LATER = START + timedelta(hours=1)
ANYBODY = Destination(12_345_678, Region.GLOBAL, "HK", "+85266661234", SmsType.REGULAR)


async def add(database: Database, name: str = "acme") -> CarrierRow:
    async with database.write() as session:
        return await carrier.add(session, Draft(name, "", SMPP, "s3cret"), VAULT, START)


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return [row.name for row in await carrier.in_force(session)]


async def test_a_carrier_is_kept_with_its_password_sealed(database: Database) -> None:
    made = await add(database)
    async with database.read() as session:
        row = await carrier.get(session, made.id)
    assert row is not None
    assert (row.name, row.kind, row.smpp) == ("acme", CarrierKind.SMPP, SMPP)
    assert (row.paused, row.created_at, row.deleted_at) == (False, START, None)
    assert "s3cret" not in repr(row)
    assert row.password(VAULT) == "s3cret"
    with pytest.raises(SealBroken):
        row.password(Vault(KEY[::-1]))


async def test_a_sealed_password_opens_in_its_own_row_only(database: Database) -> None:
    one, other = await add(database), await add(database, "other")
    other.sealed_password = one.sealed_password
    with pytest.raises(SealBroken):
        other.password(VAULT)


async def test_the_longest_password_fits(database: Database) -> None:
    longest = "\N{DIGIT ONE}" * 64
    async with database.write() as session:
        row = await carrier.add(session, Draft("acme", "", SMPP, longest), VAULT, START)
    assert row.sealed_password is not None
    assert len(row.sealed_password) <= 400
    assert row.password(VAULT) == longest


async def test_a_name_is_given_once_for_ever(database: Database) -> None:
    made = await add(database)
    with pytest.raises(Refused) as refused:
        await add(database)
    assert refused.value.problems[0].code is Code.TAKEN
    assert refused.value.problems[0].message == 'name "acme" is taken: choose another'
    async with database.write() as session:
        row = await carrier.changing(session, made.id)
        await carrier.remove(session, row, LATER)
    with pytest.raises(Refused, match='name "acme" was a deleted carrier\'s: choose another'):
        await add(database)


async def test_two_at_once_do_not_both_get_a_name(database: Database) -> None:
    async def attempt() -> str:
        try:
            return (await add(database)).name
        except Refused as refused:
            return refused.problems[0].code

    assert sorted(await asyncio.gather(*(attempt() for _ in range(4)))) == [
        "TAKEN",
        "TAKEN",
        "TAKEN",
        "acme",
    ]
    assert await names(database) == ["acme"]


async def test_there_are_at_most_a_hundred_that_are_not_deleted(database: Database) -> None:
    async with database.write() as session:
        for number in range(CARRIERS_MOST):
            draft = Draft(f"carrier-{number}", "", SMPP, "s3cret")
            last = await carrier.add(session, draft, VAULT, START)
    with pytest.raises(Refused) as refused:
        await add(database)
    assert refused.value.problems[0].code is Code.LIMIT_EXCEEDED
    async with database.write() as session:
        row = await carrier.changing(session, last.id)
        await carrier.remove(session, row, LATER)
    assert (await add(database)).name == "acme"


async def test_a_deleted_carrier_is_not_found_and_its_password_is_gone(database: Database) -> None:
    made = await add(database)
    async with database.write() as session:
        row = await carrier.changing(session, made.id)
        await carrier.remove(session, row, LATER)
    async with database.read() as session:
        assert await carrier.get(session, made.id) is None
        kept = (await session.exec(select(CarrierRow))).one()
        assert (kept.deleted_at, kept.sealed_password) == (LATER, None)
    async with database.write() as session:
        with pytest.raises(Refused, match="there is no such carrier"):
            await carrier.changing(session, made.id)
    with pytest.raises(ValueError, match='carrier "acme" has no password'):
        kept.password(VAULT)


async def test_a_carrier_that_a_route_names_is_not_deleted(database: Database) -> None:
    made, other = await add(database), await add(database, "other")
    async with database.write() as session:
        await route.hold(session)
        target = (Target("acme", 1),)
        await route.add(session, RouteDraft(Conditions(), target, "other", ""), 1, START)
    for row in (made, other):
        with pytest.raises(Refused, match=f'carrier "{row.name}" is named by route 1'):
            async with database.write() as session:
                await carrier.remove(session, await carrier.changing(session, row.id), LATER)
    assert await names(database) == ["acme", "other"]


async def test_settings_and_password_are_replaced(database: Database) -> None:
    made = await add(database)
    smpp = replace(SMPP, port=3550, throughput=None)
    async with database.write() as session:
        row = await carrier.changing(session, made.id)
        row.set_smpp(smpp)
        row.set_password(VAULT, "other")
    async with database.read() as session:
        found = await carrier.get(session, made.id)
    assert found is not None
    assert (found.smpp, found.password(VAULT)) == (smpp, "other")


async def test_the_simulator_and_its_route_are_made_once(database: Database) -> None:
    await add(database)
    async with database.write() as session:
        await route.hold(session)
        draft = RouteDraft(Conditions(country="US"), (Target("acme", 1),), None, "")
        await route.add(session, draft, 1, START)
    for now in (START, LATER):
        async with database.write() as session:
            await carrier.ensure_default(session, now)
    assert await names(database) == ["acme", SIMULATOR]
    async with database.read() as session:
        first, last = await route.table(session)
        assert (first.targets, last.targets) == ((Target("acme", 1),), (Target(SIMULATOR, 1),))
        assert (last.row.position, last.row.created_at) == (2, START)
        assert last.rule().mismatches(ANYBODY) == ()
        choice = (await route.routing(session)).choose(ANYBODY, 0)
        assert choice == Choice(last.row.id, (SIMULATOR,))


async def test_a_default_route_that_was_deleted_is_not_made_again(database: Database) -> None:
    async with database.write() as session:
        await carrier.ensure_default(session, START)
    async with database.write() as session:
        (listed,) = await route.table(session)
        await route.remove(session, (await route.changing(session, listed.row.id)).row)
    async with database.write() as session:
        await carrier.ensure_default(session, LATER)
    async with database.read() as session:
        assert (await route.routing(session)).choose(ANYBODY, 0) is None


async def test_processes_that_start_together_make_one_simulator(database: Database) -> None:
    async def start() -> None:
        async with database.write() as session:
            await carrier.ensure_default(session, START)

    await asyncio.gather(*(start() for _ in range(5)))
    assert await names(database) == [SIMULATOR]
    async with database.read() as session:
        assert len(await route.table(session)) == 1


async def test_a_start_after_the_first_asks_one_question(database: Database) -> None:
    async with database.write() as session:
        await carrier.ensure_default(session, START)
    with Statements(database) as counted:
        async with database.write() as session:
            await carrier.ensure_default(session, START)
    assert len([text for text in counted.texts if text.startswith("SELECT carrier")]) == 1
    assert not [text for text in counted.texts if text.startswith(("INSERT", "UPDATE"))]


async def test_every_change_moves_the_version(database: Database) -> None:
    async def version() -> int:
        async with database.read() as session:
            return await route.version(session)

    assert await version() == 0
    async with database.write() as session:
        await carrier.ensure_default(session, START)
    before = await version()
    assert before > 0
    made = await add(database)
    assert await version() == before + 1
    async with database.write() as session:
        (await carrier.changing(session, made.id)).paused = True
    assert await version() == before + 2
    async with database.write() as session:
        await carrier.remove(session, await carrier.changing(session, made.id), LATER)
    assert await version() == before + 3
    with pytest.raises(Refused):
        await add(database)
    assert await version() == before + 3
