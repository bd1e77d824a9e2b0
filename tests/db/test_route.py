"""The table of routes: positions without gaps, whoever moves what at the same time."""

import asyncio
import random
from datetime import timedelta

import pytest
from sqlmodel import select

from db import carrier, route
from db.account import AccountRow
from db.route import RouteTargetRow
from db.session import Database
from db.vault import Vault
from domain.carrier_form import Draft as CarrierDraft
from domain.carrier_settings import Smpp
from domain.errors import Code, Refused
from domain.region import IdentityKind, Region, SmsType, Verification
from domain.route import Choice, Destination, Route, Target
from domain.route_form import Conditions, Draft
from tests.console import KEY, START, Statements

LATER = START + timedelta(hours=1)
HONG_KONG = Destination(12_345_678, Region.GLOBAL, "HK", "+85266661234", SmsType.REGULAR)


@pytest.fixture(autouse=True)
async def carriers(database: Database) -> None:
    smpp = Smpp(host="smsc", port=2775, system_id="x")
    async with database.write() as session:
        for name in ("one", "two", "three"):
            await carrier.add(session, CarrierDraft(name, "", smpp, "s"), Vault(KEY), START)


def draft(note: str = "", conditions: Conditions = Conditions()) -> Draft:  # noqa: B008 - immutable
    return Draft(conditions, (Target("one", 1),), None, note)


async def add(database: Database, made: Draft, position: int, *, enabled: bool = True) -> int:
    async with database.write() as session:
        await route.hold(session)
        return (await route.add(session, made, position, START, enabled=enabled)).id


async def fill(database: Database, notes: str) -> dict[str, int]:
    return {note: await add(database, draft(note), place) for place, note in enumerate(notes, 1)}


async def order(database: Database) -> str:
    async with database.read() as session:
        table = await route.table(session)
    assert [listed.row.position for listed in table] == list(range(1, len(table) + 1))
    return "".join(listed.row.note for listed in table)


async def move(database: Database, route_id: int, position: int) -> None:
    async with database.write() as session:
        row = (await route.changing(session, route_id)).row
        await route.move(session, row, position, LATER)


async def remove(database: Database, route_id: int) -> None:
    async with database.write() as session:
        await route.remove(session, (await route.changing(session, route_id)).row)


async def test_a_route_is_kept_with_all_it_says(database: Database) -> None:
    async with database.write() as session:
        session.add(
            AccountRow(
                uin=12_345_678,
                name="acme",
                identity=IdentityKind.ORGANIZATION,
                verification=Verification.VERIFIED,
                time_zone="UTC",
                created_at=START,
            )
        )
    conditions = Conditions(Region.GLOBAL, "HK", "8526", SmsType.REGULAR, 12_345_678)
    targets = (Target("two", 30), Target("one", 70))
    made = await add(database, Draft(conditions, targets, "three", "note"), 1, enabled=False)
    async with database.read() as session:
        listed = await route.get(session, made)
        assert await route.get(session, made + 1) is None
    assert listed is not None
    assert listed.rule() == Route(
        id=made,
        targets=targets,
        fallback="three",
        enabled=False,
        region=Region.GLOBAL,
        country="HK",
        prefix="8526",
        sms_type=SmsType.REGULAR,
        account_uin=12_345_678,
    )
    assert (listed.row.note, listed.row.created_at) == ("note", START)


async def test_the_compiled_table_is_in_the_order_of_the_positions(database: Database) -> None:
    last = await add(database, draft(), 1)
    first = await add(database, draft(conditions=Conditions(country="HK")), 1)
    await add(database, draft(), 1, enabled=False)
    async with database.read() as session:
        routing = await route.routing(session)
    assert routing.choose(HONG_KONG, 0) == Choice(first, ("one",))
    assert routing.choose(HONG_KONG._replace(country="US"), 0) == Choice(last, ("one",))


async def test_routes_move_without_gaps(database: Database) -> None:
    ids = await fill(database, "abcde")
    await move(database, ids["a"], 4)
    assert await order(database) == "bcdae"
    await move(database, ids["e"], 1)
    assert await order(database) == "ebcda"
    await move(database, ids["c"], 3)
    assert await order(database) == "ebcda"
    await remove(database, ids["b"])
    assert await order(database) == "ecda"
    await add(database, draft("f"), 2)
    assert await order(database) == "efcda"
    await remove(database, ids["a"])
    assert await order(database) == "efcd"


async def test_any_course_of_changes_is_that_of_a_list(database: Database) -> None:
    rolls = random.Random(7)  # noqa: S311 - a course to repeat, not a secret
    expected, ids = "", {}
    for note in "abcdefghijklmnopqrstuvwxyz":
        place = rolls.randint(1, len(expected) + 1)
        ids[note] = await add(database, draft(note), place)
        expected = expected[: place - 1] + note + expected[place - 1 :]
        moved = rolls.choice(expected)
        place = rolls.randint(1, len(expected))
        await move(database, ids[moved], place)
        expected = expected.replace(moved, "")
        expected = expected[: place - 1] + moved + expected[place - 1 :]
        if rolls.random() < 0.3:
            gone = rolls.choice(expected)
            await remove(database, ids[gone])
            expected = expected.replace(gone, "")
    assert await order(database) == expected


async def test_changes_at_the_same_time_leave_no_gap(database: Database) -> None:
    ids = await fill(database, "abcdef")
    await asyncio.gather(
        move(database, ids["a"], 6),
        add(database, draft("g"), 1),
        remove(database, ids["c"]),
        move(database, ids["f"], 1),
        add(database, draft("h"), 3),
    )
    assert sorted(await order(database)) == sorted("abdefgh")


async def test_a_route_is_rewritten_as_a_whole(database: Database) -> None:
    made = await add(database, draft("a", Conditions(country="HK")), 1)
    rewritten = Draft(Conditions(prefix="1"), (Target("two", 5), Target("three", 6)), "one", "b")
    async with database.write() as session:
        row = (await route.changing(session, made)).row
        await route.rewrite(session, row, rewritten, LATER)
    async with database.read() as session:
        (listed,) = await route.table(session)
    assert (listed.row.country, listed.row.prefix, listed.row.note) == (None, "1", "b")
    assert (listed.targets, listed.row.fallback) == (rewritten.targets, "one")
    assert (listed.row.created_at, listed.row.updated_at) == (START, LATER)


async def test_it_is_known_which_routes_name_a_carrier(database: Database) -> None:
    await add(database, draft(), 1)
    await add(database, Draft(Conditions(), (Target("two", 1),), "three", ""), 2)
    await add(database, Draft(Conditions(), (Target("one", 1), Target("two", 1)), None, ""), 3)
    async with database.read() as session:
        assert await route.naming(session, "one") == [1, 3]
        assert await route.naming(session, "two") == [2, 3]
        assert await route.naming(session, "three") == [2]
        assert await route.naming(session, "four") == []


async def test_a_deleted_route_leaves_nothing_and_is_not_found(database: Database) -> None:
    made = await add(database, draft(), 1)
    await remove(database, made)
    assert await add(database, draft(), 1) != made
    await remove(database, made + 1)
    async with database.read() as session:
        assert await route.table(session) == []
        assert (await session.exec(select(RouteTargetRow))).all() == []
    with pytest.raises(Refused) as refused:
        await remove(database, made)
    assert refused.value.problems[0].code is Code.NOT_FOUND


async def test_every_change_moves_the_version_and_no_refusal_does(database: Database) -> None:
    versions = []

    async def note() -> None:
        async with database.read() as session:
            versions.append(await route.version(session))

    await note()
    made = await add(database, draft(), 1)
    await note()
    await move(database, made, 1)
    await note()
    await remove(database, made)
    await note()
    with pytest.raises(Refused):
        await remove(database, made)
    await note()
    start = versions[0]
    assert versions == [start, start + 1, start + 2, start + 3, start + 3]


async def test_reading_the_table_costs_two_statements_however_long_it_is(
    database: Database,
) -> None:
    counts = []
    for _ in range(2):
        await fill(database, "abcdefgh")
        with Statements(database) as counted:
            async with database.read() as session:
                await route.routing(session)
        counts.append(len([text for text in counted.texts if "route" in text]))
    assert counts == [2, 2]


async def test_moving_costs_the_same_statements_however_far(database: Database) -> None:
    ids = await fill(database, "abcdefgh")
    counts = []
    for place in (2, 8):
        with Statements(database) as counted:
            await move(database, ids["a"], place)
        counts.append(len([text for text in counted.texts if "route" in text]))
    assert counts[0] == counts[1] <= 5
