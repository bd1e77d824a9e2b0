"""Requests for identity verification on both databases: one waits, one decision counts (ACC-2)."""

import asyncio

from sqlmodel import select

from db import account as accounts
from db import verification
from db.account import AccountRow
from db.decision import Ruling, decide
from db.file import FilePurpose, StoredFile
from db.package import PackageRow
from db.review import ReviewKind
from db.review_queue import Queue
from db.store import new_key
from db.verification import Listing
from domain.errors import Code, Refused
from domain.package import PackageKind
from domain.region import IdentityKind, Verification
from domain.terms import Terms
from domain.verification import Draft
from tests.console import Console
from tests.db.test_review import waiting

ACME = Draft("Acme Ltd", "91-44", IdentityKind.ORGANIZATION)


async def request(console: Console, account: AccountRow, terms: Terms | None = None) -> int:
    purpose = FilePurpose.DOCUMENT
    paper = StoredFile(purpose, "image/png", 9, "ab" * 32, new_key(purpose, ".png"))
    sealed = console.vault.seal(ACME.document_number, verification.place(account.uin))
    async with console.database.write() as session:
        row = await verification.add(
            session,
            account.uin,
            ACME,
            sealed,
            {purpose: paper},
            console.clock.now,
            terms or Terms(),
        )
    return row.id


async def rule(console: Console, uin: int, *, approved: bool, reason: str = "") -> None:
    (item,) = await waiting(console, Queue(kind=ReviewKind.IDENTITY))
    async with console.database.write() as session:
        await decide(session, item.id, Ruling(approved, reason, uin), console.clock.now, Terms())


async def standing(console: Console, account: AccountRow) -> tuple[str, IdentityKind, Verification]:
    async with console.database.read() as session:
        row = await accounts.existing(session, account.uin)
    return row.name, row.identity, row.verification


async def unverified(console: Console) -> AccountRow:
    return await console.add_account(
        identity=IdentityKind.INDIVIDUAL, verification=Verification.UNVERIFIED
    )


async def test_of_many_requests_at_once_one_waits(console: Console) -> None:
    account, other = await unverified(console), await unverified(console)
    outcomes = await asyncio.gather(
        *(request(console, account) for _ in range(8)), return_exceptions=True
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {refusal.problems[0].code for refusal in refusals} == {Code.WRONG_STATE}
    assert len(refusals) == 7
    async with console.database.read() as session:
        assert await verification.count(session, Listing(account.uin)) == 1
    await request(console, other)
    assert (await standing(console, account))[2] is Verification.PENDING


async def test_an_approval_gives_the_account_kind_and_name(console: Console) -> None:
    account = await unverified(console)
    operator = await console.add_user(None, "reviewer")
    await request(console, account)
    await rule(console, operator.uin, approved=True)
    assert await standing(console, account) == (
        "Acme Ltd",
        IdentityKind.ORGANIZATION,
        Verification.VERIFIED,
    )


async def gifts(console: Console, account: AccountRow) -> list[tuple[PackageKind, int]]:
    async with console.database.read() as session:
        query = select(PackageRow).where(PackageRow.account_uin == account.uin)
        return [(row.kind, row.units) for row in await session.exec(query)]


async def test_the_first_approval_gives_a_package_and_no_later_one(console: Console) -> None:
    """1,000 units for an organization (domain.md 5.2), once for ever."""
    operator = await console.add_user(None, "reviewer")
    account = await unverified(console)
    await request(console, account)
    await rule(console, operator.uin, approved=False, reason="unreadable")
    assert await gifts(console, account) == []
    await request(console, account)
    await rule(console, operator.uin, approved=True)
    assert await gifts(console, account) == [(PackageKind.GIFT, 1_000)]
    async with console.database.write() as session:
        row = await accounts.existing(session, account.uin, hold=True)
        row.verification = Verification.UNVERIFIED
    await request(console, account)
    await rule(console, operator.uin, approved=True)
    assert await gifts(console, account) == [(PackageKind.GIFT, 1_000)]


async def test_automatic_review_gives_the_package_of_the_installation(console: Console) -> None:
    account = await unverified(console)
    await request(console, account, Terms(auto_review=True, gift_organization=7))
    assert await gifts(console, account) == [(PackageKind.GIFT, 7)]


async def test_a_rejection_leaves_the_account_as_it_was(console: Console) -> None:
    operator = await console.add_user(None, "reviewer")
    for verified in (Verification.UNVERIFIED, Verification.VERIFIED):
        account = await console.add_account(identity=IdentityKind.INDIVIDUAL, verification=verified)
        before = await standing(console, account)
        await request(console, account)
        await rule(console, operator.uin, approved=False, reason="unreadable")
        assert await standing(console, account) == before
        await request(console, account)
        await rule(console, operator.uin, approved=True)


async def test_a_decision_and_a_new_request_at_once_never_block_each_other(
    console: Console,
) -> None:
    operator = await console.add_user(None, "reviewer")
    for _ in range(5):
        account = await unverified(console)
        await request(console, account)
        outcomes = await asyncio.gather(
            rule(console, operator.uin, approved=True),
            request(console, account),
            return_exceptions=True,
        )
        # It comes too early, or when there is nothing left to request.
        assert outcomes[0] is None
        assert isinstance(outcomes[1], Refused)
        assert outcomes[1].problems[0].code is Code.WRONG_STATE


async def test_automatic_review_verifies_at_once(console: Console) -> None:
    account = await unverified(console)
    await request(console, account, Terms(auto_review=True))
    assert await standing(console, account) == (
        "Acme Ltd",
        IdentityKind.ORGANIZATION,
        Verification.VERIFIED,
    )
    assert await waiting(console) == []


async def test_another_accounts_request_looks_absent(console: Console) -> None:
    account, other = await unverified(console), await unverified(console)
    request_id = await request(console, account)
    async with console.database.read() as session:
        assert await verification.owned(session, other.uin, request_id) is None
        found = await verification.owned(session, account.uin, request_id)
        page = await verification.page(session, Listing(other.uin), first=10, after=None)
    assert page.rows == []
    assert found is not None
    assert ACME.document_number not in found.sealed_number
    opened = console.vault.open(found.sealed_number, verification.place(account.uin))
    assert opened == ACME.document_number
