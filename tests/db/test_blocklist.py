"""The blocklist in storage: exact under concurrency, for one signature and type (BLO-1, BLO-3)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import select

from db import blocklist, quota
from db.blocklist import BlocklistRow, Listing
from db.session import Database
from db.signature import SignatureRow
from domain.errors import Code, Refused
from domain.quota import BLOCKLIST
from domain.region import Region, SmsType
from tests import sending
from tests.console import START as NOW

PHONES = sending.phones(1_010)


@pytest.fixture
async def account(database: Database) -> int:
    return await sending.add_account(database, NOW)


async def add(
    database: Database,
    account: int,
    phones: Sequence[str],
    sms_type: SmsType = SmsType.REGULAR,
) -> frozenset[str]:
    """Add as the mutation does: the quota's row is held first."""
    async with database.write() as session:
        await quota.take(session, account, BLOCKLIST, 0)
        return await blocklist.add(session, account, account, sms_type, set(phones), NOW)


async def entries(database: Database) -> list[BlocklistRow]:
    async with database.read() as session:
        return list((await session.exec(select(BlocklistRow).order_by(BlocklistRow.phone))).all())


async def used(database: Database, account: int) -> int:
    async with database.read() as session:
        return await quota.used(session, account, BLOCKLIST)


async def test_only_what_is_new_counts(database: Database, account: int) -> None:
    assert await add(database, account, PHONES[:3]) == set(PHONES[:3])
    assert await add(database, account, PHONES[1:5]) == set(PHONES[3:5])
    assert await add(database, account, PHONES[:5]) == frozenset()
    assert await add(database, account, []) == frozenset()
    assert await used(database, account) == 5
    assert await add(database, account, PHONES[:1], SmsType.MARKETING) == {PHONES[0]}
    assert await used(database, account) == 6


async def test_a_thousand_fit_and_the_next_is_refused_with_all_beside_it(
    database: Database, account: int
) -> None:
    await add(database, account, PHONES[:995])
    with pytest.raises(Refused) as refused:
        await add(database, account, PHONES[990:1_001])
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.LIMIT_EXCEEDED, ("numbers",))
    assert problem.message == (
        "at most 1000 blocklisted numbers for all signatures, and 6 more would pass that: "
        "delete what is no longer needed"
    )
    assert (len(await entries(database)), await used(database, account)) == (995, 995)
    assert len(await add(database, account, PHONES[990:1_000])) == 5
    with pytest.raises(Refused):
        await add(database, account, PHONES[1_000:1_001], SmsType.MARKETING)
    assert (len(await entries(database)), await used(database, account)) == (1_000, 1_000)


async def test_the_limit_is_exact_when_many_add_at_once(database: Database, account: int) -> None:
    await add(database, account, PHONES[:960])
    overlapping = [PHONES[960 + 5 * n : 975 + 5 * n] for n in range(8)]
    found = await asyncio.gather(
        *(add(database, account, phones) for phones in overlapping), return_exceptions=True
    )
    added = [len(each) for each in found if isinstance(each, frozenset)]
    assert all(isinstance(each, frozenset | Refused) for each in found)
    assert sum(added) == len(await entries(database)) - 960 == await used(database, account) - 960
    assert 1_000 - await used(database, account) < 15


async def test_adding_and_removing_at_once_leaves_the_count_right(
    database: Database, account: int
) -> None:
    await add(database, account, PHONES[:40])
    rows = await entries(database)

    async def remove(row: BlocklistRow) -> None:
        async with database.write() as session:
            await blocklist.remove(session, account, [row.id])

    await asyncio.gather(
        *(remove(row) for row in rows[:8]),
        *(add(database, account, PHONES[n : n + 40]) for n in range(8)),
    )
    assert await used(database, account) == len(await entries(database))


async def test_all_entries_are_removed_or_none(database: Database, account: int) -> None:
    stranger = await sending.add_account(database, NOW, uin=account + 1)
    await add(database, account, PHONES[:3])
    await add(database, stranger, PHONES[:1])
    *mine, last = [row.id for row in await entries(database) if row.account_uin == account]
    (theirs,) = [row.id for row in await entries(database) if row.account_uin == stranger]
    for wrong in (theirs, 999):
        with pytest.raises(Refused) as refused:
            async with database.write() as session:
                await blocklist.remove(session, account, [*mine, wrong])
        (problem,) = refused.value.problems
        assert (problem.code, problem.field) == (Code.NOT_FOUND, ("ids", "2"))
        assert problem.message == "there is no such entry on the blocklist: read it again"
    assert await used(database, account) == 3
    async with database.write() as session:
        await blocklist.remove(session, account, mine)
    assert {row.id for row in await entries(database)} == {last, theirs}
    assert (await used(database, account), await used(database, stranger)) == (1, 1)


async def test_an_entry_removed_twice_at_once_gives_one_place_back(
    database: Database, account: int
) -> None:
    await add(database, account, PHONES[:2])
    row, _ = await entries(database)

    async def remove() -> None:
        async with database.write() as session:
            await blocklist.remove(session, account, [row.id])

    found = await asyncio.gather(remove(), remove(), remove(), return_exceptions=True)
    assert sum(each is None for each in found) == 1
    assert await used(database, account) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"region": Region.GLOBAL}, Code.MISMATCH),
        ({"status": "pending"}, Code.WRONG_STATE),
        ({"deleted_at": NOW}, Code.NOT_FOUND),
        ({"account_uin": 87_654_321}, Code.NOT_FOUND),
    ],
)
async def test_only_an_approved_mainland_signature_of_the_account_is_added_to(
    database: Database, account: int, change: dict[str, object], code: Code
) -> None:
    await sending.add_account(database, NOW, uin=87_654_321)
    async with database.write() as session:
        row = await session.get(SignatureRow, account)
        assert row is not None
        for name, value in change.items():
            setattr(row, name, value)
        if "account_uin" in change:
            row.content = "Their shop"
    with pytest.raises(Refused) as refused:
        await add(database, account, PHONES[:1])
    assert [(each.code, each.field) for each in refused.value.problems] == [
        (code, ("signature_id",))
    ]
    assert (await entries(database), await used(database, account)) == ([], 0)


async def test_a_list_is_narrowed_and_paged_newest_first(database: Database, account: int) -> None:
    await add(database, account, PHONES[:3])
    await add(database, account, PHONES[:1], SmsType.MARKETING)
    async with database.write() as session:
        await blocklist.add(
            session,
            account,
            account,
            SmsType.REGULAR,
            [PHONES[5]],
            NOW + timedelta(minutes=1),
        )
    everything = Listing(account)
    async with database.read() as session:
        page = await blocklist.page(session, everything, first=2, after=None)
        assert (page.rows[0].phone, page.has_next) == (PHONES[5], True)
        last = page.rows[-1]
        rest = await blocklist.page(session, everything, first=9, after=(last.added_at, last.id))
        assert (len(rest.rows), rest.has_next) == (3, False)
        assert await blocklist.count(session, everything) == 5
        for listing, count in (
            (Listing(account, [PHONES[0]]), 2),
            (Listing(account, [PHONES[0]], account, SmsType.MARKETING), 1),
            (Listing(account, None, account + 1), 0),
            (Listing(account + 1), 0),
        ):
            assert await blocklist.count(session, listing) == count
        assert await blocklist.owned(session, account, last.id) is not None
        assert await blocklist.owned(session, account + 1, last.id) is None
