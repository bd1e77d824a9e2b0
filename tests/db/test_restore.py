"""Bringing back what was deleted, on both databases: quota, content, review (APP-6, REV-1)."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from db import application, quota, restorable, restore, signature, template
from db.account import AccountRow
from db.application import ApplicationRow
from db.decision import Ruling, decide
from db.restorable import Listing, RestorableRow
from db.review import ReviewKind
from db.review_queue import Queue
from domain.application import Draft
from domain.errors import Code, Refused
from domain.quota import APPLICATIONS, SIGNATURES, TEMPLATES, Quota
from domain.restore import RestorableState, RestoreKind
from domain.review import ReviewStatus
from domain.terms import Terms
from tests.console import Console
from tests.db import test_signature as signatures
from tests.db.test_review import submit, waiting

KEPT = Terms().restore_for


async def add_application(console: Console, account: AccountRow) -> int:
    async with console.database.write() as session:
        assert await quota.take(session, account.uin, APPLICATIONS)
        row = await application.add(
            session, account.uin, Draft("Shop", ""), console.vault, "key", console.clock.now
        )
    return row.id


async def delete_application(console: Console, account: AccountRow, app_id: int) -> None:
    async with console.database.write() as session:
        row = await application.changing(session, account.uin, app_id)
        row.wanted_enabled = False
        await application.remove(session, row, console.clock.now)


async def delete_signature(console: Console, account: AccountRow, signature_id: int) -> None:
    async with console.database.write() as session:
        await signature.remove(session, account.uin, signature_id, console.clock.now)


async def listed(console: Console, account: AccountRow) -> list[RestorableRow]:
    listing = Listing(account.uin, console.clock.now - KEPT)
    async with console.database.read() as session:
        found = await restorable.page(session, listing, first=100, after=None)
        assert await restorable.count(session, listing) == len(found.rows)
    return list(found.rows)


async def ask(
    console: Console, account: AccountRow, restorable_id: int, *, auto_review: bool = False
) -> int:
    terms = Terms(auto_review=auto_review)
    async with console.database.write() as session:
        row = await restore.request(
            session, account.uin, restorable_id, "by mistake", console.clock.now, terms
        )
    return row.id


async def rule(
    console: Console, uin: int, *, approved: bool = True, item: int | None = None
) -> None:
    """Decide an item, the oldest that waits unless `item` is another's id."""
    if item is None:
        item = (await waiting(console, Queue(kind=ReviewKind.RESTORE)))[0].id
    reason = "" if approved else "not yours"
    async with console.database.write() as session:
        ruling = Ruling(approved, reason, uin)
        await decide(session, item, ruling, console.clock.now, Terms())


async def used(console: Console, account: AccountRow, limit: Quota) -> int:
    async with console.database.read() as session:
        return await quota.used(session, account.uin, limit)


async def state(console: Console, restorable_id: int) -> RestorableState:
    async with console.database.read() as session:
        return (await restorable.among(session, [restorable_id]))[restorable_id].state


async def test_what_was_deleted_is_listed_for_its_owner_until_its_time_is_over(
    console: Console,
) -> None:
    account, other = await console.add_account(), await console.add_account()
    app_id = await add_application(console, account)
    await delete_application(console, account, app_id)
    console.clock.advance(timedelta(seconds=1))
    signed = await signatures.add(console, account)
    await delete_signature(console, account, signed)
    first, second = await listed(console, account)
    assert (first.kind, first.object_id, first.name) == (RestoreKind.SIGNATURE, signed, "Tencent")
    assert (second.kind, second.object_id, second.name) == (
        RestoreKind.APPLICATION,
        app_id,
        "Shop",
    )
    assert await listed(console, other) == []
    with pytest.raises(Refused, match="there is nothing deleted of this id") as refused:
        await ask(console, other, first.id)
    assert refused.value.problems[0].code is Code.NOT_FOUND
    console.clock.now = second.deleted_at + KEPT
    assert [row.id for row in await listed(console, account)] == [first.id]
    with pytest.raises(Refused, match="there is nothing deleted of this id"):
        await ask(console, account, second.id)
    await ask(console, account, first.id)


async def test_an_approved_application_comes_back_disabled_and_counts_again(
    console: Console,
) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    app_id = await add_application(console, account)
    await delete_application(console, account, app_id)
    assert await used(console, account, APPLICATIONS) == 0
    (deleted,) = await listed(console, account)
    await ask(console, account, deleted.id)
    await rule(console, operator.uin)
    async with console.database.read() as session:
        row = await application.owned(session, account.uin, app_id)
    assert row is not None
    assert (row.wanted_enabled, row.deleted_at) == (False, None)
    assert await used(console, account, APPLICATIONS) == 1
    assert await listed(console, account) == []
    assert await state(console, deleted.id) is RestorableState.RESTORED


async def test_a_rejection_leaves_it_deleted_and_it_may_be_asked_for_again(
    console: Console,
) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    await delete_application(console, account, await add_application(console, account))
    (deleted,) = await listed(console, account)
    first = await ask(console, account, deleted.id)
    with pytest.raises(Refused, match="waits for review"):
        await ask(console, account, deleted.id)
    await rule(console, operator.uin, approved=False)
    assert [row.id for row in await listed(console, account)] == [deleted.id]
    second = await ask(console, account, deleted.id)
    async with console.database.read() as session:
        latest = await restore.latest(session, [deleted.id])
        assert latest[deleted.id].id == second
        kept = await restore.owned(session, account.uin, first)
    assert kept is not None
    assert (kept.status, kept.reason) == (ReviewStatus.REJECTED, "not yours")


async def test_of_many_requests_at_once_one_waits(console: Console) -> None:
    account = await console.add_account()
    await delete_application(console, account, await add_application(console, account))
    (deleted,) = await listed(console, account)
    outcomes = await asyncio.gather(
        *(ask(console, account, deleted.id) for _ in range(8)), return_exceptions=True
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {refusal.problems[0].code for refusal in refusals} == {Code.WRONG_STATE}
    assert len(refusals) == 7


async def test_two_restores_at_once_never_share_the_last_place(console: Console) -> None:
    account = await console.add_account()
    operators = [await console.add_user(None, f"reviewer {n}") for n in range(2)]
    for _ in range(2):
        await delete_application(console, account, await add_application(console, account))
    async with console.database.write() as session:
        await quota.take(session, account.uin, APPLICATIONS, APPLICATIONS.limit - 1)
    for deleted in await listed(console, account):
        await ask(console, account, deleted.id)
    first, second = await waiting(console, Queue(kind=ReviewKind.RESTORE))
    outcomes = await asyncio.gather(
        rule(console, operators[0].uin, item=first.id),
        rule(console, operators[1].uin, item=second.id),
        return_exceptions=True,
    )
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    (problem,) = refusal.problems
    assert (problem.code, problem.field) == (Code.LIMIT_EXCEEDED, ("id",))
    assert problem.message == (
        "at most 500 applications in an account, and 1 more would pass that: "
        "reject the request, or let the account delete another one first"
    )
    assert await used(console, account, APPLICATIONS) == APPLICATIONS.limit
    # What was refused is not decided: it waits for room, or for a rejection.
    assert len(await waiting(console, Queue(kind=ReviewKind.RESTORE))) == 1
    await rule(console, operators[0].uin, approved=False)


async def test_a_signature_whose_content_is_taken_meanwhile_does_not_come_back(
    console: Console,
) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    first = await signatures.add(console, account, approved=True)
    await delete_signature(console, account, first)
    second = await signatures.add(console, account)
    (deleted,) = await listed(console, account)
    await ask(console, account, deleted.id)
    with pytest.raises(Refused) as refused:
        await rule(console, operator.uin)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.TAKEN, ("id",))
    assert problem.message == (
        'content "Tencent" is pending as another signature of the account: '
        "reject the request, or let the account delete that one first"
    )
    assert await used(console, account, SIGNATURES) == 1
    await delete_signature(console, account, second)
    await rule(console, operator.uin)
    async with console.database.read() as session:
        row = await signature.owned(session, account.uin, first)
    assert row is not None
    assert row.status is ReviewStatus.APPROVED
    assert await used(console, account, SIGNATURES) == 1


async def test_a_restore_and_an_application_for_the_same_content_at_once_leave_one(
    console: Console,
) -> None:
    operator = await console.add_user(None, "reviewer")
    for _ in range(5):
        account = await console.add_account()
        await delete_signature(console, account, await signatures.add(console, account))
        (deleted,) = await listed(console, account)
        await ask(console, account, deleted.id)
        outcomes = await asyncio.gather(
            rule(console, operator.uin),
            signatures.add(console, account),
            return_exceptions=True,
        )
        (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert refusal.problems[0].code is Code.TAKEN
        assert await used(console, account, SIGNATURES) == 1
        if isinstance(outcomes[0], Refused):
            await rule(console, operator.uin, approved=False)


async def test_what_was_in_review_goes_into_review_again(console: Console) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    async with console.database.write() as session:
        await quota.take(session, account.uin, TEMPLATES)
    template_id = await submit(console, account)
    async with console.database.write() as session:
        await template.remove(session, account.uin, template_id, console.clock.now)
    assert await waiting(console) == []
    (deleted,) = await listed(console, account)
    await ask(console, account, deleted.id)
    console.clock.advance(timedelta(hours=1))
    await rule(console, operator.uin)
    (item,) = await waiting(console)
    assert (item.kind, item.subject_id, item.submitted_at) == (
        ReviewKind.TEMPLATE,
        template_id,
        console.clock.now,
    )
    assert await used(console, account, TEMPLATES) == 1


async def test_automatic_review_restores_at_once(console: Console) -> None:
    account = await console.add_account()
    app_id = await add_application(console, account)
    await delete_application(console, account, app_id)
    (deleted,) = await listed(console, account)
    await ask(console, account, deleted.id, auto_review=True)
    async with console.database.read() as session:
        assert await application.owned(session, account.uin, app_id) is not None
    assert await used(console, account, APPLICATIONS) == 1


async def test_each_deletion_is_a_row_of_its_own(console: Console) -> None:
    account = await console.add_account()
    app_id = await add_application(console, account)
    times: list[datetime] = []
    for _ in range(2):
        await delete_application(console, account, app_id)
        times.append(console.clock.now)
        (deleted,) = await listed(console, account)
        await ask(console, account, deleted.id, auto_review=True)
        console.clock.advance(timedelta(days=1))
    async with console.database.read() as session:
        rows = (await session.exec(select(RestorableRow).order_by("id"))).all()
        kept = (await session.exec(select(ApplicationRow))).one()
    assert [row.deleted_at for row in rows] == times
    assert kept.deleted_at is None
