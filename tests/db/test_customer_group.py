"""Customer groups in storage: named once, counted, gone at once and erased in steps (CUS-4)."""

import pytest
from sqlmodel import select

from db import customer, customer_group
from db.customer import Listing as Customers
from db.customer_group import CustomerGroupRow, Listing, SortKey
from db.job import JobKind
from db.page import Key
from db.session import Database
from domain.customer_group import Draft
from domain.errors import Code, Refused
from domain.region import SmsType
from tests import bulk
from tests.console import START as NOW
from tests.console import Statements
from tests.customers import add_group, assert_counted, contacts, fill, members


@pytest.fixture
async def owner(database: Database) -> int:
    return (await bulk.add_account(database, NOW)).uin


async def create(database: Database, owner: int, name: str, *field: str) -> None:
    async with database.write() as session:
        draft = Draft(SmsType.MARKETING, name)
        await customer_group.add(session, owner, draft, NOW, *field)


async def rename(database: Database, owner: int, group_id: int, name: str) -> None:
    async with database.write() as session:
        await customer_group.rename(session, owner, group_id, name)


async def remove(database: Database, owner: int, group_id: int) -> int:
    async with database.write() as session:
        return await customer_group.remove(session, owner, group_id, NOW)


async def names(
    database: Database, listing: Listing, key: SortKey, *, descending: bool = False
) -> list[str]:
    """Page through a list by twos; gives the names."""
    found: list[str] = []
    after: Key | None = None
    more = True
    while more:
        async with database.read() as session:
            page = await customer_group.page(
                session, listing, key, descending=descending, first=2, after=after
            )
        found += [row.name for row in page.rows]
        more = page.has_next
        last = page.rows[-1] if page.rows else None
        after = (customer_group.sort_value(last, key), last.id) if last else None
    return found


async def test_a_name_is_taken_once_in_an_account(database: Database, owner: int) -> None:
    stranger = (await bulk.add_account(database, NOW, owner + 1)).uin
    one = await add_group(database, owner, "VIP")
    two = await add_group(database, owner, "New")
    theirs = await add_group(database, stranger, "VIP")
    message = 'group name "VIP" is taken: choose another, or add to that group'
    for field in ((), ("new_group", "name")):
        with pytest.raises(Refused) as refused:
            await create(database, owner, "VIP", *field)
        (problem,) = refused.value.problems
        assert (problem.code, problem.message) == (Code.TAKEN, message)
        assert problem.field == (field or ("name",))
    with pytest.raises(Refused, match="is taken"):
        await rename(database, owner, two, "VIP")
    with pytest.raises(Refused, match="there is no such customer group"):
        await rename(database, owner, theirs, "Mine")
    await rename(database, owner, one, "VIP")
    await rename(database, owner, one, "Gold")
    await rename(database, owner, two, "VIP")
    assert await names(database, Listing(owner), SortKey.NAME) == ["Gold", "VIP"]


async def test_groups_are_listed_in_every_order_without_counting_members(
    database: Database, owner: int
) -> None:
    for name, number in (("b", 3), ("a", 0), ("d", 3), ("c", 1)):
        sms_type = SmsType.MARKETING if name == "a" else SmsType.REGULAR
        await add_group(database, owner, f"Group {name}", contacts(number), sms_type)
    everything = Listing(owner)
    for key, letters in (
        (SortKey.CREATED_AT, "badc"),
        (SortKey.NAME, "abcd"),
        (SortKey.MEMBERS, "acbd"),
    ):
        expected = [f"Group {letter}" for letter in letters]
        assert await names(database, everything, key) == expected
        assert await names(database, everything, key, descending=True) == expected[::-1]
    narrowed = {
        "p B": ["Group b"],
        "%": [],
        "group": ["Group a", "Group b", "Group c", "Group d"],
    }
    for search, expected in narrowed.items():
        assert await names(database, Listing(owner, search), SortKey.NAME) == expected
    adverts = Listing(owner, "", SmsType.MARKETING)
    assert await names(database, adverts, SortKey.NAME) == ["Group a"]
    with Statements(database) as run:
        async with database.read() as session:
            await customer_group.page(
                session, everything, SortKey.MEMBERS, descending=True, first=20, after=None
            )
    assert len(run) == 1
    assert "customer." not in run.texts[0]


async def test_a_deleted_group_vanishes_at_once_and_is_erased_in_steps(
    database: Database, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await add_group(database, owner, "kept", contacts(2))
    gone = await add_group(database, owner, "gone", contacts(7))
    assert await remove(database, owner, gone) == 7
    async with database.read() as session:
        assert await customer_group.owned(session, owner, gone) is None
        for listing in (Customers(owner, gone), Customers(owner, gone, ())):
            page = await customer.page(session, listing, first=10, after=None)
            assert list(page.rows) == []
            assert await customer.count(session, listing) == 0
        page = await customer.page(session, Customers(owner), first=10, after=None)
        assert {row.group_id for row in page.rows} == {kept}
        assert await customer.count(session, Customers(owner)) == 2
        hidden = (await customer.batch(session, gone, after=0, limit=1))[0].id
        assert await customer.owned(session, owner, hidden) is None
    with pytest.raises(Refused):
        await remove(database, owner, gone)
    with pytest.raises(Refused):
        await fill(database, owner, gone, contacts(1, 10))
    async with database.write() as session:
        with pytest.raises(Refused):
            await customer.remove(session, owner, [hidden])
    # The name is free again, and so are the quotas.
    await add_group(database, owner, "gone")
    jobs = await bulk.open_jobs(database, NOW)
    assert [(job.kind, job.subject_id) for job in jobs] == [(JobKind.ERASE_CUSTOMER_GROUP, gone)]
    monkeypatch.setattr(customer, "ERASED_AT_ONCE", 3)
    steps = [await erase(database, gone) for _ in range(4)]
    assert steps == [3, 3, 1, 0]
    async with database.write() as session:
        await customer_group.purge(session, gone)
        await customer_group.purge(session, kept)
    async with database.read() as session:
        rows = (await session.exec(select(CustomerGroupRow.id))).all()
    assert kept in rows
    assert gone not in rows
    assert len(await members(database, kept)) == 2
    await assert_counted(database, owner)


async def erase(database: Database, group_id: int) -> int:
    async with database.write() as session:
        return await customer.erase(session, group_id)


async def test_deleting_a_large_group_is_as_quick_as_a_small_one(
    database: Database, owner: int
) -> None:
    lengths = []
    for number in (1, 3_000):
        group_id = await add_group(database, owner, str(number), contacts(number))
        with Statements(database) as run:
            await remove(database, owner, group_id)
        lengths.append(len(run))
    assert lengths[0] == lengths[1] <= 7
    async with database.read() as session:
        assert await customer_group.customers(session, owner) == 0
