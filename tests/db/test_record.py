"""Message records (STA-2): which there are, in which order, and what finding them costs."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from db import record, timeline
from db.message import MessageRow
from db.record import Listing, Record
from db.session import Database
from db.timeline import Counted, Position
from domain.message import MessageStatus
from domain.region import Region, SmsType
from tests import sending
from tests.console import START as NOW
from tests.console import Statements

UIN = 12_345_678
PHONE = "+8613800000000"
HOUR = timedelta(hours=1)


def message(number: int, **changes: Any) -> dict[str, Any]:
    """Give the row of a message that was delivered `number` hours ago, by another task each."""
    at = NOW - number * HOUR
    row = {
        "id": number + 1,
        "account_uin": UIN,
        "task_id": None,
        "app_id": UIN,
        "template_id": UIN,
        "signature_id": UIN,
        "region": Region.MAINLAND,
        "sms_type": SmsType.REGULAR,
        "phone": PHONE,
        "country": "CN",
        "params": f'["A{number}","Monday"]',
        "characters": 30,
        "segments": 1,
        "state": MessageStatus.DELIVERED,
        "code": "DELIVRD",
        "attempts": 1,
        "created_at": at - HOUR,
        "submitted_at": at,
        "done_at": at + timedelta(minutes=1),
    }
    return row | changes


def turned_down(number: int, **changes: Any) -> dict[str, Any]:
    """Give the row of one that a rule turned down then."""
    refused = {"state": MessageStatus.REFUSED, "code": "NOROUTE", "submitted_at": None}
    return message(number, **{**refused, "done_at": NOW - number * HOUR, **changes})


async def keep(database: Database, *rows: dict[str, Any]) -> None:
    """Write rows of messages."""
    async with database.write() as session:
        await (await session.connection()).execute(insert(MessageRow), list(rows))


def listing(**changes: Any) -> Listing:
    wanted = {
        "owner": UIN,
        "region": Region.MAINLAND,
        "start": NOW - timedelta(days=30),
        "end": NOW + HOUR,
    }
    return Listing(**{**wanted, **changes})


async def ids(database: Database, wanted: Listing, first: int = 100) -> list[int]:
    """Give the ids of a first page."""
    async with database.read() as session:
        return [one.message_id for one in (await record.page(session, wanted, first=first)).records]


@pytest.fixture(autouse=True)
async def account(database: Database) -> None:
    await sending.add_account(database, NOW)


async def test_records_come_newest_first_sent_ones_among_those_that_were_turned_down(
    database: Database,
) -> None:
    """STA-2: what still waits, or was never tried, is no record."""
    waits = {"state": MessageStatus.QUEUED, "submitted_at": None, "done_at": None}
    await keep(
        database, message(4), turned_down(1), message(0), turned_down(3), message(2, **waits)
    )
    assert await ids(database, listing()) == [1, 2, 4, 5]
    async with database.read() as session:
        found = await record.batch(session, listing(), None, 2)
    assert [(one.message_id, one.at, one.state, one.code) for one in found] == [
        (1, NOW, MessageStatus.DELIVERED, "DELIVRD"),
        (2, NOW - HOUR, MessageStatus.REFUSED, "NOROUTE"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_pages_and_batches_lead_through_all_of_it_once(database: Database, size: int) -> None:
    """Also through records of the same moment, sent ones and others."""
    rows = [message(number // 3, id=number + 1) for number in range(9)]
    rows += [turned_down(number // 2, id=number + 10) for number in range(5)]
    rows += [message(1, id=20, region=Region.GLOBAL, country="US", phone="+12025550123")]
    await keep(database, *rows)
    for region, many in ((Region.MAINLAND, 14), (None, 15)):
        wanted = listing(region=region)
        paged, batched = await read(database, wanted, size), await read_all(database, wanted, size)
        positions = [one.position for one in paged]
        assert len(paged) == many
        assert positions == sorted(set(positions), reverse=True)
        assert batched == paged


async def read(database: Database, wanted: Listing, size: int) -> list[Record]:
    """Follow the pages of a listing."""
    found: list[Record] = []
    after: Position | None = None
    async with database.read() as session:
        while True:
            page = await record.page(session, wanted, first=size, after=after)
            found += page.records
            assert len(page.records) <= size
            if page.after is None:
                return found
            after = page.after


async def read_all(database: Database, wanted: Listing, size: int) -> list[Record]:
    """Follow the batches of a listing."""
    found: list[Record] = []
    async with database.read() as session:
        while batch := await record.batch(
            session, wanted, found[-1].position if found else None, size
        ):
            found += batch
    return found


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"phone": "+8613800000001"}, [2]),
        ({"app_id": 7}, [3, 6]),
        ({"template_id": 8}, [4]),
        ({"template_id": 8, "app_id": UIN}, [4]),
        ({"template_id": 8, "app_id": 7}, []),
        ({"app_id": 7, "state": MessageStatus.REFUSED}, [6]),
        ({"state": MessageStatus.FAILED}, [5]),
        ({"state": MessageStatus.REFUSED}, [6]),
        ({"phone": PHONE, "app_id": 7}, [3, 6]),
        ({"phone": PHONE, "template_id": 8}, [4]),
        ({"phone": PHONE, "state": MessageStatus.FAILED}, [5]),
        ({"region": Region.GLOBAL}, [20]),
        ({"region": Region.GLOBAL, "app_id": 7}, []),
        ({"region": Region.GLOBAL, "phone": PHONE}, []),
        ({"region": None, "phone": PHONE}, [1, 3, 4, 5, 6]),
        ({"owner": 1}, []),
        ({"owner": 1, "app_id": UIN}, []),
        ({"owner": 1, "template_id": UIN}, []),
        ({"owner": 1, "phone": PHONE}, []),
        ({"start": NOW - 2 * HOUR}, [1, 2, 3]),
        ({"end": NOW - 2 * HOUR}, [4, 5, 6]),
        ({"start": NOW - 5 * HOUR, "end": NOW - 4 * HOUR}, [6]),
    ],
)
async def test_a_listing_is_narrowed_by_whatever_it_names(
    database: Database, narrowed: dict[str, Any], expected: list[int]
) -> None:
    """STA-2: by number, application or template and period; and never another account's."""
    await keep(
        database,
        message(0),
        message(1, phone="+8613800000001"),
        message(2, app_id=7),
        message(3, template_id=8),
        message(4, state=MessageStatus.FAILED),
        turned_down(5, app_id=7),
        message(6, id=20, region=Region.GLOBAL, country="US", phone="+12025550123"),
    )
    wanted = listing(**narrowed)
    assert await ids(database, wanted) == expected
    assert [one.message_id for one in await read_all(database, wanted, 2)] == expected
    async with database.read() as session:
        assert await record.count(session, wanted) == Counted(len(expected), more=False)


async def test_the_records_of_a_task(database: Database) -> None:
    task_id = await sending.add_task(database, NOW, sending.phones(3))
    first, *_ = await sending.claim(database, limit=2)
    await sending.record(database, sending.accepted(first))
    await keep(database, message(1, id=90))
    assert await ids(database, listing(task_id=task_id)) == [first.id]
    assert await ids(database, listing()) == [first.id, 90]


async def test_a_page_looks_at_so_many_records_and_says_where_it_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no index leads to what is asked for, a page may be short and the list goes on."""
    monkeypatch.setattr(timeline, "SCANNED_MOST", 5)
    rows = [message(number) for number in range(12)] + [turned_down(13), turned_down(2, id=30)]
    rows[6]["state"] = rows[11]["state"] = MessageStatus.FAILED
    await keep(database, *rows)
    failed = listing(state=MessageStatus.FAILED)
    async with database.read() as session:
        page = await record.page(session, failed, first=2)
        assert (page.records, page.after) == ([], (NOW - 4 * HOUR, 5))
        page = await record.page(session, failed, first=2, after=page.after)
        assert [one.message_id for one in page.records] == [7]
        assert page.after == (NOW - 9 * HOUR, 10)
        page = await record.page(session, failed, first=1, after=page.after)
        assert ([one.message_id for one in page.records], page.after) == ([12], None)
        assert await record.count(session, failed) == Counted(0, more=True)
    refused = listing(state=MessageStatus.REFUSED)
    assert [one.message_id for one in await read(database, refused, 1)] == [30, 14]
    assert [one.message_id for one in await read_all(database, failed, 1)] == [7, 12]


async def test_counting_ends_at_a_bound_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(database, *(message(number) for number in range(4)), turned_down(9))
    async with database.read() as session:
        for most, expected in ((4, Counted(4, more=True)), (5, Counted(5, more=False))):
            monkeypatch.setattr(timeline, "COUNTED_MOST", most)
            assert await record.count(session, listing()) == expected


async def test_one_record_is_its_accounts_and_has_happened(database: Database) -> None:
    waits = {"state": MessageStatus.CLAIMED, "submitted_at": None, "done_at": None}
    await keep(database, message(0), turned_down(1), message(2, **waits))
    async with database.read() as session:
        found = [await record.owned(session, UIN, number) for number in (1, 2, 3, 4)]
        assert [one and one.at for one in found] == [NOW, NOW - HOUR, None, None]
        assert await record.owned(session, 1, 1) is None


async def test_texts_are_put_together_for_a_page_at_once(database: Database) -> None:
    await keep(database, *(message(number) for number in range(20)), message(30, signature_id=None))
    async with database.read() as session:
        found = await record.batch(session, listing(), None, 100)
        with Statements(database) as statements:
            texts = await record.contents(session, found)
    assert texts[0] == "【Shop】Order A0 leaves on Monday"
    assert texts[-1] == "Order A30 leaves on Monday"
    assert len(statements) == 2
