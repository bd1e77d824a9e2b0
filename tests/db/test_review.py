"""What waits for review, on both databases: once in the queue, once decided (REV-1)."""

import asyncio
from datetime import timedelta

import pytest

from db import decision, review, review_queue, signature, template
from db.account import AccountRow
from db.decision import Ruling
from db.review import ReviewKind, ReviewRow, Verdict
from db.review_queue import Queue
from db.template import TemplateRow
from domain.errors import Code, Refused
from domain.region import Region, SmsType
from domain.review import ReviewStatus
from domain.template import Draft
from domain.terms import Terms
from tests.console import Console

DRAFT = Draft("Parcel", SmsType.REGULAR, "Your parcel {1} has arrived.", "", 1)


async def submit(console: Console, account: AccountRow, *, automatic: bool = False) -> int:
    async with console.database.write() as session:
        row = await template.add(
            session,
            account.uin,
            Region.GLOBAL,
            DRAFT,
            console.clock.now,
            Terms(auto_review=automatic),
        )
    return row.id


async def edit(console: Console, account: AccountRow, template_id: int) -> None:
    async with console.database.write() as session:
        row = await template.editable(session, account.uin, template_id)
        await template.revise(session, row, DRAFT, console.clock.now, Terms())


async def waiting(console: Console, listing: Queue | None = None) -> list[ReviewRow]:
    async with console.database.read() as session:
        found = await review_queue.page(session, listing or Queue(), first=100, after=None)
    return list(found.rows)


async def read(console: Console, account: AccountRow, template_id: int) -> TemplateRow | None:
    async with console.database.read() as session:
        return await template.owned(session, account.uin, template_id)


async def history(console: Console, template_id: int) -> list[ReviewRow]:
    async with console.database.read() as session:
        found = await review.history(session, ReviewKind.TEMPLATE, [template_id])
    return list(found[template_id])


async def decide(
    console: Console, item: ReviewRow, uin: int, *, approved: bool = True, reason: str = ""
) -> None:
    ruling = Ruling(approved, reason, uin)
    async with console.database.write() as session:
        await decision.decide(session, item.id, ruling, console.clock.now, Terms())


async def test_a_decision_leaves_the_queue_and_marks_the_subject(console: Console) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    template_id = await submit(console, account)
    (item,) = await waiting(console)
    console.clock.advance(timedelta(hours=1))
    await decide(console, item, operator.uin, approved=False, reason=" unclear ")
    row = await read(console, account, template_id)
    assert row is not None
    assert (row.status, row.reason, row.decided_at) == (
        ReviewStatus.REJECTED,
        "unclear",
        console.clock.now,
    )
    assert await waiting(console) == []
    (decided,) = await history(console, template_id)
    assert (decided.verdict, decided.decided_by) == (Verdict.REJECTED, operator.uin)


async def test_two_deciders_at_once_leave_one_decision_and_one_conflict(console: Console) -> None:
    account = await console.add_account()
    operators = [await console.add_user(None, f"reviewer {n}") for n in range(2)]
    template_id = await submit(console, account)
    (item,) = await waiting(console)
    outcomes = await asyncio.gather(
        decide(console, item, operators[0].uin),
        decide(console, item, operators[1].uin, approved=False, reason="unclear"),
        return_exceptions=True,
    )
    (refusal,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refusal, Refused)
    (problem,) = refusal.problems
    assert (problem.code, problem.field) == (Code.CONFLICT, ("id",))
    winner = operators[outcomes.index(None)]
    (decided,) = await history(console, template_id)
    assert decided.decided_by == winner.uin
    assert problem.message == (f"this template was {decided.verdict} already: read the queue again")


async def test_an_edit_and_a_decision_at_once_never_block_each_other(console: Console) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    for _ in range(5):
        template_id = await submit(console, account)
        (item,) = await waiting(console)
        outcomes = await asyncio.gather(
            decide(console, item, operator.uin),
            edit(console, account, template_id),
            return_exceptions=True,
        )
        # Whoever came first, the other is told: a withdrawn item, or an approved template.
        (refusal,) = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(refusal, Refused)
        assert refusal.problems[0].code in {Code.CONFLICT, Code.WRONG_STATE}
        async with console.database.write() as session:
            await template.remove(session, account.uin, template_id, console.clock.now)


async def test_an_edit_replaces_what_waits_and_history_keeps_both(console: Console) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    template_id = await submit(console, account)
    (first,) = await waiting(console)
    console.clock.advance(timedelta(minutes=1))
    await edit(console, account, template_id)
    (second,) = await waiting(console)
    assert second.id != first.id
    assert second.submitted_at == console.clock.now
    with pytest.raises(Refused, match="the applicant changed or deleted this template meanwhile"):
        await decide(console, first, operator.uin)
    assert [(row.id, row.verdict) for row in await history(console, template_id)] == [
        (second.id, None),
        (first.id, Verdict.WITHDRAWN),
    ]


async def test_a_deleted_subject_leaves_the_queue(console: Console) -> None:
    account = await console.add_account()
    template_id = await submit(console, account)
    async with console.database.write() as session:
        await template.remove(session, account.uin, template_id, console.clock.now)
    assert await waiting(console) == []
    assert [row.verdict for row in await history(console, template_id)] == [Verdict.WITHDRAWN]


async def test_automatic_review_decides_at_once_and_by_nobody(console: Console) -> None:
    account = await console.add_account()
    template_id = await submit(console, account, automatic=True)
    row = await read(console, account, template_id)
    assert row is not None
    assert (row.status, row.decided_at) == (ReviewStatus.APPROVED, console.clock.now)
    (decided,) = await history(console, template_id)
    assert (decided.verdict, decided.decided_by) == (Verdict.APPROVED, None)
    assert await waiting(console) == []


async def test_the_queue_is_oldest_first_and_can_be_narrowed(console: Console) -> None:
    one, other = await console.add_account(), await console.add_account()
    ids = []
    for account in (one, other, one):
        ids.append(await submit(console, account))
        console.clock.advance(timedelta(seconds=1))
    assert [row.subject_id for row in await waiting(console)] == ids
    mine = await waiting(console, Queue(account_uin=one.uin))
    assert [row.subject_id for row in mine] == [ids[0], ids[2]]
    assert await waiting(console, Queue(kind=ReviewKind.SIGNATURE)) == []
    assert await waiting(console, Queue(region=Region.MAINLAND)) == []
    async with console.database.read() as session:
        assert await review_queue.count(session, Queue(account_uin=one.uin)) == 2
        page = await review_queue.page(session, Queue(), first=2, after=None)
        last = page.rows[-1]
        rest = await review_queue.page(
            session, Queue(), first=2, after=(last.submitted_at, last.id)
        )
    assert (page.has_next, [row.subject_id for row in rest.rows]) == (True, ids[2:])


async def test_history_is_bounded_for_each_subject(console: Console) -> None:
    account = await console.add_account()
    ids = [await submit(console, account) for _ in range(2)]
    for _ in range(review.HISTORY_MOST):
        await edit(console, account, ids[0])
    async with console.database.read() as session:
        found = await review.history(session, ReviewKind.TEMPLATE, ids)
    assert [len(found[template_id]) for template_id in ids] == [review.HISTORY_MOST, 1]
    assert found[ids[0]][0].verdict is None


async def test_kinds_number_their_subjects_apart(console: Console) -> None:
    account = await console.add_account()
    template_id = await submit(console, account)
    async with console.database.read() as session:
        found = await review.history(session, ReviewKind.SIGNATURE, [template_id])
        assert await signature.among(session, {template_id}) == {}
    assert found[template_id] == []
