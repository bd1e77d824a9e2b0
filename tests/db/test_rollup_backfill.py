"""Roll-ups of an installation that is older than they are (STA-5, STA-7)."""

from sqlalchemy import delete, update

from db import rollup_backfill
from db.country_statistic import CountryStatisticRow
from db.message import MessageRow
from db.session import Database
from db.statistic import FailureStatisticRow
from domain.region import Region
from tests import counting, sending
from tests.console import START

COUNTRY = CountryStatisticRow.metadata.tables["country_statistic"]
FAILURE = FailureStatisticRow.metadata.tables["failure_statistic"]
UINS = (1, 2)


async def history(database: Database) -> None:
    """Two accounts whose days differ, with messages of every end in both regions."""
    for uin, zone in zip(UINS, ("Asia/Shanghai", "Asia/Kolkata"), strict=True):
        await sending.add_account(database, START, uin=uin, zone=zone)
        await sending.add_task(database, START, sending.phones(12), uin=uin)
    async with database.write() as session:
        message = MessageRow.metadata.tables["message"]
        changed = update(message).where(message.c.id % 2 == 0)
        connection = await session.connection()
        await connection.execute(changed.values(region=Region.GLOBAL, country="US"))
        france = update(message).where(message.c.id % 4 == 0).values(country="FR")
        await connection.execute(france)
    batch = await sending.claim(database, limit=24)
    await sending.record(
        database,
        *(
            sending.refused(one, "MK:0012") if one.id % 5 == 0 else sending.accepted(one)
            for one in batch
        ),
    )
    codes = ("DELIVRD", "MK:0012", "TD:0001")
    await sending.bring(
        database,
        *(sending.receipt_of(one, codes[one.id % 3]) for one in batch if one.id % 5 and one.id % 7),
    )


async def fill(database: Database) -> None:
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(delete(COUNTRY))
        await connection.execute(update(FAILURE).values(receipts=0))
        await connection.run_sync(rollup_backfill.fill)


async def test_it_gives_what_counting_at_once_gives(database: Database) -> None:
    await history(database)
    expected = await counting.countries(database), await counting.told(database)
    assert {key[3] for key in expected[0]} == {"CN", "US", "FR"}
    assert set(expected[1]) == {"MK:0012", "TD:0001"}
    await fill(database)
    assert (await counting.countries(database), await counting.told(database)) == expected


async def test_where_nothing_was_refused_no_message_is_asked(database: Database) -> None:
    await sending.add_account(database, START, uin=1)
    await sending.add_task(database, START, sending.phones(2), uin=1)
    batch = await sending.claim(database)
    await sending.record(database, *map(sending.accepted, batch))
    await sending.bring(database, *(sending.receipt_of(one, "TD:0001") for one in batch))
    async with database.write() as session:
        message = MessageRow.metadata.tables["message"]
        await (await session.connection()).execute(delete(message))
    await fill(database)
    assert await counting.told(database) == {"TD:0001": 2}
    ((key, counts),) = (await counting.countries(database)).items()
    assert (key[3], counts) == ("CN", (2, 2, 2, 0, 2))


async def test_what_is_gone_counts_under_no_country(database: Database) -> None:
    await history(database)
    whole = await counting.countries(database)
    async with database.write() as session:
        message = MessageRow.metadata.tables["message"]
        await (await session.connection()).execute(delete(message).where(message.c.id % 4 == 0))
    await fill(database)
    filled = await counting.countries(database)
    assert {(key if key[3] != "FR" else (*key[:3], "DEF", *key[4:])) for key in whole} == set(
        filled
    )
    assert all(filled[key] == counts for key, counts in whole.items() if key[3] != "FR")
    assert sorted(filled.values()) == sorted(whole.values())


async def test_an_empty_installation_stays_empty(database: Database) -> None:
    await fill(database)
    assert await counting.countries(database) == {}
