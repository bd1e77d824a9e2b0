"""Signatures on both databases: whose content it is, which is sent with (SIG-5 to SIG-7)."""

import asyncio
from datetime import timedelta

import pytest

from db import file, quota, review, signature
from db.account import AccountRow
from db.file import FilePurpose, StoredFile
from db.signature import Listing
from db.store import new_key
from domain.errors import Code, Refused
from domain.quota import SIGNATURES
from domain.region import Region
from domain.review import ReviewStatus
from domain.signature import CertificateType, Draft, Purpose, SignatureType
from domain.terms import Terms
from tests.console import Console


def draft(content: str = "Tencent", purpose: Purpose = Purpose.SELF_USE) -> Draft:
    return Draft(content, SignatureType.COMPANY, purpose, CertificateType.BUSINESS_LICENCE, "")


def papers(*purposes: FilePurpose) -> dict[FilePurpose, StoredFile]:
    return {
        purpose: StoredFile(purpose, "image/png", 9, "ab" * 32, new_key(purpose, ".png"))
        for purpose in purposes or (FilePurpose.CERTIFICATE,)
    }


async def add(
    console: Console,
    account: AccountRow,
    content: str = "Tencent",
    region: Region = Region.MAINLAND,
    *,
    approved: bool = False,
) -> int:
    async with console.database.write() as session:
        assert await quota.take(session, account.uin, SIGNATURES)
        await review.hold_applicant(session, account.uin)
        row = await signature.add(
            session,
            account.uin,
            region,
            draft(content),
            papers(),
            console.clock.now,
            Terms(auto_review=approved),
        )
    return row.id


async def first_approved(console: Console, account: AccountRow, region: Region) -> int | None:
    async with console.database.read() as session:
        row = await signature.first_approved(session, account.uin, region)
    return row.id if row else None


async def test_one_content_is_held_once_in_an_account_and_region(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    await add(console, account)
    with pytest.raises(Refused) as refusal:
        await add(console, account)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.field) == (Code.TAKEN, ("content",))
    assert problem.message == (
        'content "Tencent" is pending as another signature of this account: '
        "use that one, or choose another content"
    )
    await add(console, account, region=Region.GLOBAL)
    await add(console, other)


async def test_twenty_who_apply_at_once_for_one_content_leave_one_signature(
    console: Console,
) -> None:
    account = await console.add_account()
    outcomes = await asyncio.gather(
        *(add(console, account) for _ in range(20)), return_exceptions=True
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {refusal.problems[0].code for refusal in refusals} == {Code.TAKEN}
    assert len(refusals) == 19
    async with console.database.read() as session:
        assert await signature.count(session, Listing(account.uin)) == 1
        assert await quota.used(session, account.uin, SIGNATURES) == 1


async def test_rejected_ones_edited_at_once_into_one_content_leave_one(console: Console) -> None:
    account = await console.add_account()
    ids = [await add(console, account, f"Name{number}") for number in range(5)]
    async with console.database.write() as session:
        for signature_id in ids:
            row = await signature.changing(session, account.uin, signature_id)
            row.status = ReviewStatus.REJECTED

    async def edit(signature_id: int) -> None:
        async with console.database.write() as session:
            await review.hold_applicant(session, account.uin)
            row = await signature.editable(session, account.uin, signature_id, hold=True)
            await signature.revise(session, row, draft(), {}, console.clock.now, Terms())

    outcomes = await asyncio.gather(*map(edit, ids), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refusal.problems[0].code for refusal in refusals] == [Code.TAKEN] * 4
    assert outcomes.count(None) == 1


async def test_a_rejected_or_deleted_content_is_free_again(console: Console) -> None:
    account = await console.add_account()
    rejected = await add(console, account)
    async with console.database.write() as session:
        row = await signature.changing(session, account.uin, rejected)
        row.status = ReviewStatus.REJECTED
    deleted = await add(console, account)
    async with console.database.write() as session:
        await signature.remove(session, account.uin, deleted, console.clock.now)
    await add(console, account)
    async with console.database.write() as session:
        row = await signature.editable(session, account.uin, rejected, hold=True)
        with pytest.raises(Refused, match="is pending as another signature"):
            await signature.revise(session, row, draft(), {}, console.clock.now, Terms())


async def test_the_signature_approved_first_is_sent_with(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    assert await first_approved(console, account, Region.MAINLAND) is None
    early = await add(console, account, "Early")
    await add(console, account, "Worldwide", Region.GLOBAL, approved=True)
    await add(console, other, "Others", approved=True)
    assert await first_approved(console, account, Region.MAINLAND) is None
    console.clock.advance(timedelta(minutes=1))
    first = await add(console, account, "First", approved=True)
    console.clock.advance(timedelta(minutes=1))
    operator = await console.add_user(None, "reviewer")
    async with console.database.write() as session:
        (item,) = (await review.history(session, review.ReviewKind.SIGNATURE, [early]))[early]
        row = await signature.reviewed(session, early)
        await review.decide(
            session,
            item.id,
            row,
            approved=True,
            reason="",
            decided_by=operator.uin,
            now=console.clock.now,
        )
    # Applied for later, but approved earlier.
    assert await first_approved(console, account, Region.MAINLAND) == first
    async with console.database.write() as session:
        await signature.remove(session, account.uin, first, console.clock.now)
    assert await first_approved(console, account, Region.MAINLAND) == early


async def test_a_replaced_file_is_forgotten_and_its_key_given_back(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    old, letter = papers(FilePurpose.CERTIFICATE, FilePurpose.AUTHORIZATION).values()
    async with console.database.write() as session:
        row = await signature.add(
            session,
            account.uin,
            Region.GLOBAL,
            draft(purpose=Purpose.OTHERS),
            {old.purpose: old, letter.purpose: letter},
            now,
            Terms(),
        )
    async with console.database.write() as session:
        row = await signature.editable(session, account.uin, row.id, hold=True)
        first, second = row.certificate_id, row.authorization_id
        replaced = await signature.revise(session, row, draft(), papers(), now, Terms())
    assert set(replaced) == {old.key, letter.key}
    assert row.authorization_id is None
    assert first is not None
    assert second is not None
    assert row.certificate_id is not None
    async with console.database.read() as session:
        assert await file.owned(session, account.uin, first) is None
        assert await file.handed_in(session, second) is None
        kept = await file.owned(session, account.uin, row.certificate_id)
    assert kept is not None
    assert kept.id > second  # a number that was in an address never names another file


async def test_another_accounts_signature_looks_absent(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    signature_id = await add(console, account)
    async with console.database.write() as session:
        assert await signature.owned(session, other.uin, signature_id) is None
        for attempt in (
            signature.changing(session, other.uin, signature_id),
            signature.editable(session, other.uin, signature_id),
            signature.remove(session, other.uin, signature_id, console.clock.now),
        ):
            with pytest.raises(Refused, match="there is no such signature"):
                await attempt
        page = await signature.page(session, Listing(other.uin), first=10, after=None)
    assert page.rows == []


async def test_a_list_is_newest_first_and_searched_by_content_or_number(console: Console) -> None:
    account = await console.add_account()
    ids = []
    for content in ("Alpha", "Beta", "100%"):
        ids.append(await add(console, account, content, Region.GLOBAL))
        console.clock.advance(timedelta(seconds=1))

    async def listed(search: str) -> list[int]:
        listing = Listing(account.uin, search=search)
        async with console.database.read() as session:
            page = await signature.page(session, listing, first=10, after=None)
            assert await signature.count(session, listing) == len(page.rows)
        return [row.id for row in page.rows]

    assert await listed("") == ids[::-1]
    assert await listed("BET") == [ids[1]]
    assert await listed("%") == [ids[2]]
    assert ids[0] in await listed(str(ids[0]))
    assert await listed("_") == []
