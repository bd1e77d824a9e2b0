"""Customers in storage: counted exactly, found by ranges, changed whole (CUS-2, CUS-3)."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlmodel import col, update

from db import customer, customer_group, quota
from db.customer import Contact, Listing
from db.page import Key
from db.quota import QuotaRow
from db.session import Database
from domain.customer import spans
from domain.errors import Code, Refused
from domain.quota import CUSTOMERS
from domain.region import Region, SmsType
from tests import bulk
from tests.console import START as NOW
from tests.console import Statements
from tests.customers import add_group, assert_counted, contacts, fill, ids, members
from tests.db.test_plans import recorded

ABROAD = [
    Contact("+85266661234", "HK", Region.GLOBAL),
    Contact("+13802345678", "US", Region.GLOBAL),
    Contact("+998901234567", "UZ", Region.GLOBAL),
]


@pytest.fixture
async def owner(database: Database) -> int:
    return (await bulk.add_account(database, NOW)).uin


async def listed(database: Database, listing: Listing, first: int = 2) -> list[str]:
    """Page through a list; gives its numbers."""
    found: list[str] = []
    after: Key | None = None
    more = True
    while more:
        async with database.read() as session:
            page = await customer.page(session, listing, first=first, after=after)
        assert len(page.rows) <= first
        found += [row.phone for row in page.rows]
        more = page.has_next
        if more:
            last = page.rows[-1]
            after = (last.id if listing.spans is None else last.phone, last.id)
    return found


async def count(database: Database, listing: Listing) -> int:
    async with database.read() as session:
        return await customer.count(session, listing)


async def remove(database: Database, owner: int, customer_ids: Sequence[int]) -> None:
    async with database.write() as session:
        await customer.remove(session, owner, customer_ids)


async def move(
    database: Database, owner: int, customer_ids: Sequence[int], group_id: int
) -> customer.Moved:
    async with database.write() as session:
        return await customer.move(session, owner, customer_ids, group_id)


async def test_only_what_is_new_in_the_group_counts(database: Database, owner: int) -> None:
    one = await add_group(database, owner, "one", contacts(3))
    two = await add_group(database, owner, "two")
    phones = [contact.phone for contact in contacts(5)]
    assert await fill(database, owner, one, contacts(4, 1)) == set(phones[3:])
    assert await fill(database, owner, one, contacts(5)) == frozenset()
    assert await fill(database, owner, one, []) == frozenset()
    assert await fill(database, owner, two, contacts(1)) == {phones[0]}
    assert await members(database, one) == phones
    await assert_counted(database, owner)


async def test_numbers_keep_where_they_are_from(database: Database, owner: int) -> None:
    group = await add_group(database, owner, "mixed", ABROAD, SmsType.MARKETING)
    async with database.read() as session:
        rows = await customer.batch(session, group, after=0, limit=2)
        rest = await customer.batch(session, group, after=rows[-1].id, limit=2)
        last = await customer.owned(session, owner, rest[0].id)
    assert [row[1:] for row in (*rows, *rest)] == [tuple(each) for each in ABROAD]
    assert last is not None
    assert (last.sms_type, last.created_at) == (SmsType.MARKETING, NOW)


async def test_the_quota_is_exact_and_a_refusal_leaves_nothing(
    database: Database, owner: int
) -> None:
    group = await add_group(database, owner, members=contacts(3))
    async with database.write() as session:
        await session.exec(
            update(QuotaRow)
            .where(col(QuotaRow.name) == "CUSTOMERS")
            .values(used=CUSTOMERS.limit - 2)
        )
    with pytest.raises(Refused) as refused:
        await fill(database, owner, group, contacts(6))
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.LIMIT_EXCEEDED, ("numbers",))
    assert problem.message == (
        "at most 5000000 customers in an account, and 3 more would pass that: "
        "delete what is no longer needed"
    )
    assert len(await members(database, group)) == 3
    assert len(await fill(database, owner, group, contacts(5))) == 2
    with pytest.raises(Refused):
        await fill(database, owner, group, contacts(1, 5))
    assert await fill(database, owner, group, contacts(5)) == frozenset()
    async with database.read() as session:
        assert await quota.used(session, owner, CUSTOMERS) == CUSTOMERS.limit


async def test_lists_show_the_last_added_first_and_searches_go_by_number(
    database: Database, owner: int
) -> None:
    stranger = (await bulk.add_account(database, NOW, owner + 1)).uin
    await add_group(database, stranger, members=contacts(4))
    near = await add_group(database, owner, "near", contacts(5))
    far = await add_group(database, owner, "far", [*ABROAD, *contacts(1)])
    own = [contact.phone for contact in contacts(5)]
    abroad = [contact.phone for contact in ABROAD]
    everything = [own[0], *reversed(abroad), *reversed(own)]
    expected: list[tuple[Listing, list[str]]] = [
        (Listing(owner), everything),
        (Listing(owner, near), own[::-1]),
        (Listing(owner, far), [own[0], *reversed(abroad)]),
        (Listing(owner, far + 1), []),
        (Listing(stranger, near), []),
        (Listing(owner, None, spans("", Region.MAINLAND)), [own[0], *own]),
        (Listing(owner, None, spans("", Region.GLOBAL)), sorted(abroad)),
        (Listing(owner, None, spans("138", None)), [abroad[1], own[0], *own]),
        (Listing(owner, near, spans("138", None)), own),
        (Listing(owner, far, spans("138", Region.GLOBAL)), [abroad[1]]),
        (Listing(owner, None, spans("852", Region.MAINLAND)), []),
        (Listing(owner, None, spans(own[3], None)), [own[3]]),
    ]
    for listing, numbers in expected:
        for first in (1, 2, 100):
            assert await listed(database, listing, first) == numbers
        assert await count(database, listing) == len(numbers)


async def test_a_page_and_its_count_take_a_statement_a_span(database: Database, owner: int) -> None:
    await add_group(database, owner, members=contacts(30))
    for listing, statements in (
        (Listing(owner), 1),
        (Listing(owner, None, spans("138", None)), 2),
        (Listing(owner, None, spans("", Region.GLOBAL)), 2),
    ):
        with Statements(database) as run:
            async with database.read() as session:
                await customer.page(session, listing, first=20, after=None)
        assert len(run) == statements
    with Statements(database) as run:
        assert await count(database, Listing(owner)) == 30
    assert len(run) == 1
    assert "FROM customer " not in run.texts[0].replace("\n", " ")


async def test_adding_takes_the_same_statements_however_many(
    database: Database, owner: int
) -> None:
    group = await add_group(database, owner)
    lengths = []
    for number in (1, 2_000):
        with Statements(database) as run:
            await fill(database, owner, group, contacts(number, number))
        lengths.append(len(run))
    assert lengths == [5, 5]


async def test_all_are_deleted_or_none(database: Database, owner: int) -> None:
    stranger = (await bulk.add_account(database, NOW, owner + 1)).uin
    theirs = await ids(database, await add_group(database, stranger, members=contacts(1)))
    group = await add_group(database, owner, "one", contacts(3))
    other = await add_group(database, owner, "two", contacts(2))
    mine = [*(await ids(database, group))[:2], *await ids(database, other)]
    with pytest.raises(Refused) as refused:
        await remove(database, owner, [mine[0], theirs[0], mine[1], 999])
    assert [(each.code, each.field) for each in refused.value.problems] == [
        (Code.NOT_FOUND, ("ids", "1")),
        (Code.NOT_FOUND, ("ids", "3")),
    ]
    await assert_counted(database, owner)
    await remove(database, owner, [*mine, mine[0]])
    assert len(await members(database, group)) == 1
    assert await members(database, other) == []
    await assert_counted(database, owner)
    await assert_counted(database, stranger)


async def test_a_number_that_is_there_already_merges(database: Database, owner: int) -> None:
    source = await add_group(database, owner, "source", contacts(3))
    second = await add_group(database, owner, "second", contacts(2, 2))
    target = await add_group(database, owner, "target", contacts(1))
    moved = await ids(database, source)
    also = await ids(database, second)
    stays = await ids(database, target)
    # The third of the source and the first of the second group have the same number.
    found = await move(database, owner, [*also, *stays, *moved], target)
    assert (sorted(found.moved), list(found.merged)) == (
        sorted([moved[1], moved[2], also[1]]),
        [moved[0], also[0]],
    )
    phones = [contact.phone for contact in contacts(4)]
    assert sorted(await members(database, target)) == phones
    assert await members(database, source) == await members(database, second) == []
    await assert_counted(database, owner)


async def test_a_move_is_whole_and_keeps_the_type(database: Database, owner: int) -> None:
    stranger = (await bulk.add_account(database, NOW, owner + 1)).uin
    theirs = await add_group(database, stranger, members=contacts(1))
    source = await add_group(database, owner, "source", contacts(2))
    adverts = await add_group(database, owner, "adverts", sms_type=SmsType.MARKETING)
    mine = await ids(database, source)
    for customer_ids, group_id, code, field in (
        (mine, adverts, Code.MISMATCH, ("group_id",)),
        (mine, theirs, Code.NOT_FOUND, ("group_id",)),
        ([*mine, *await ids(database, theirs)], adverts, Code.NOT_FOUND, ("ids", "2")),
    ):
        with pytest.raises(Refused) as refused:
            await move(database, owner, customer_ids, group_id)
        (problem,) = refused.value.problems
        assert (problem.code, problem.field) == (code, field)
    assert await ids(database, source) == mine
    await assert_counted(database, owner)


async def test_changes_of_all_kinds_at_once_leave_the_counts_right(
    database: Database, owner: int
) -> None:
    groups = [await add_group(database, owner, str(n), contacts(20, 5 * n)) for n in range(3)]
    first = await ids(database, groups[0])

    async def delete_group() -> None:
        async with database.write() as session:
            await customer_group.remove(session, owner, groups[2], NOW)

    found = await asyncio.gather(
        *(fill(database, owner, groups[1], contacts(10, 30 + n)) for n in range(4)),
        *(move(database, owner, first[n : n + 5], groups[1]) for n in range(0, 20, 5)),
        *(remove(database, owner, [each]) for each in first[3:9]),
        delete_group(),
        return_exceptions=True,
    )
    assert all(not isinstance(each, BaseException) or isinstance(each, Refused) for each in found)
    while await _erase(database, groups[2]):
        pass
    await assert_counted(database, owner)
    phones = await members(database, groups[1])
    assert len(phones) == len(set(phones))


async def _erase(database: Database, group_id: int) -> int:
    async with database.write() as session:
        return await customer.erase(session, group_id)


async def test_no_search_reads_the_table_from_end_to_end(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    owner = (await bulk.add_account(database, NOW)).uin
    group = await add_group(database, owner, members=contacts(50))
    part = spans("+86138", None)
    numbers = "(account_uin=? AND phone>? AND phone<?)"
    for listing, index in (
        (Listing(owner), "ix_customer_list (account_uin=?)"),
        (Listing(owner, group), "ix_customer_group_id (group_id=?)"),
        (Listing(owner, None, part), f"ix_customer_phone {numbers}"),
        (
            Listing(owner, group, part),
            "uq_customer_member (account_uin=? AND group_id=? AND phone>? AND phone<?)",
        ),
    ):
        with recorded(database) as statements:
            assert len(await listed(database, listing, 50)) == 50
        ((statement, parameters),) = statements
        async with database.read() as session:
            connection = await session.connection()
            explained = f"EXPLAIN QUERY PLAN {statement}"
            plan = (await connection.exec_driver_sql(explained, parameters)).all()
        steps = [row[-1] for row in plan]
        assert f"SEARCH customer USING INDEX {index}" in steps
        assert not any("TEMP B-TREE FOR" in step for step in steps)
    await database.close()
