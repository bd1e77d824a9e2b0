"""Claims, the history and the target of the review, on both databases (REV-1, REV-2)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from db import review_queue
from db.review import ReviewKind, ReviewRow, Verdict
from db.review_queue import Claims, ClaimState, History, Measured, Queue
from domain.errors import Code, Refused
from tests.console import START, Console
from tests.db.test_review import decide, edit, submit, waiting

LEASE = timedelta(minutes=15)


async def claim(console: Console, item: ReviewRow, uin: int) -> ReviewRow:
    async with console.database.write() as session:
        return await review_queue.claim(session, item.id, uin, console.clock.now, LEASE)


async def release(console: Console, item: ReviewRow, uin: int) -> ReviewRow:
    async with console.database.write() as session:
        return await review_queue.release(session, item.id, uin, console.clock.now)


async def seen(console: Console, state: ClaimState, uin: int) -> list[int]:
    claims = Claims(state, uin, console.clock.now)
    return [row.id for row in await waiting(console, Queue(claims=claims))]


async def measured(console: Console) -> Measured:
    async with console.database.read() as session:
        return await review_queue.measure(session, console.clock.now)


async def decided(console: Console, listing: History) -> list[int]:
    async with console.database.read() as session:
        found = await review_queue.decided(session, listing, first=100, after=None)
        assert await review_queue.count(session, listing) == len(found.rows)
    return [row.subject_id for row in found.rows]


async def test_of_many_who_claim_at_once_one_holds_the_item(console: Console) -> None:
    operators = [await console.add_user(None, f"reviewer {n}") for n in range(5)]
    await submit(console, await console.add_account())
    (item,) = await waiting(console)
    outcomes = await asyncio.gather(
        *(claim(console, item, operator.uin) for operator in operators), return_exceptions=True
    )
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, ReviewRow)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    holder = next(row for row in operators if row.uin == won.claimed_by)
    until = (START + LEASE).isoformat(timespec="seconds")
    assert {(r.problems[0].code, r.problems[0].message) for r in refusals} == {
        (
            Code.CONFLICT,
            f'"{holder.name}" has claimed this template until "{until}": choose another one',
        )
    }
    assert len(refusals) == 4


async def test_a_claim_holds_until_its_very_end_and_can_be_renewed(console: Console) -> None:
    one, other = [await console.add_user(None, name) for name in ("one", "other")]
    await submit(console, await console.add_account())
    (item,) = await waiting(console)
    await claim(console, item, one.uin)
    console.clock.advance(LEASE - timedelta(microseconds=1))
    with pytest.raises(Refused, match='"one" has claimed this template'):
        await claim(console, item, other.uin)
    with pytest.raises(Refused, match='"one" has claimed this template'):
        await decide(console, item, other.uin)
    with pytest.raises(Refused, match='"one" has claimed this template'):
        await release(console, item, other.uin)
    assert (await claim(console, item, one.uin)).claimed_until == console.clock.now + LEASE
    console.clock.advance(LEASE)
    assert (await claim(console, item, other.uin)).claimed_by == other.uin
    with pytest.raises(Refused, match='"other" has claimed this template'):
        await decide(console, item, one.uin)
    await decide(console, item, other.uin)
    with pytest.raises(Refused, match="was approved already"):
        await claim(console, item, one.uin)


async def test_what_was_released_or_never_claimed_is_anybodys(console: Console) -> None:
    one, other = [await console.add_user(None, name) for name in ("one", "other")]
    account = await console.add_account()
    for _ in range(2):
        await submit(console, account)
    first, second = await waiting(console)
    await claim(console, first, one.uin)
    row = await release(console, first, one.uin)
    assert (row.claimed_by, row.claimed_until) == (None, None)
    assert (await release(console, second, other.uin)).claimed_by is None
    await decide(console, first, other.uin)
    await decide(console, second, one.uin)


async def test_the_queue_shows_what_is_mine_and_what_is_free_now(console: Console) -> None:
    one, other = [await console.add_user(None, name) for name in ("one", "other")]
    account = await console.add_account()
    for _ in range(3):
        await submit(console, account)
        console.clock.advance(timedelta(seconds=1))
    items = await waiting(console)
    await claim(console, items[0], one.uin)
    await claim(console, items[1], other.uin)
    ids = [item.id for item in items]
    assert await seen(console, ClaimState.MINE, one.uin) == [ids[0]]
    assert await seen(console, ClaimState.MINE, other.uin) == [ids[1]]
    assert await seen(console, ClaimState.UNCLAIMED, one.uin) == [ids[2]]
    console.clock.advance(LEASE)
    assert await seen(console, ClaimState.MINE, one.uin) == []
    assert await seen(console, ClaimState.UNCLAIMED, one.uin) == ids


async def test_an_edit_takes_a_claimed_item_from_its_reviewer(console: Console) -> None:
    operator = await console.add_user(None, "one")
    account = await console.add_account()
    template_id = await submit(console, account)
    (item,) = await waiting(console)
    await claim(console, item, operator.uin)
    await edit(console, account, template_id)
    with pytest.raises(Refused, match="changed or deleted this template meanwhile"):
        await release(console, item, operator.uin)
    (again,) = await waiting(console)
    assert (again.id != item.id, again.claimed_by) == (True, None)


async def test_a_claim_and_anothers_decision_at_once_never_both_succeed(console: Console) -> None:
    one, other = [await console.add_user(None, name) for name in ("one", "other")]
    account = await console.add_account()
    for _ in range(5):
        await submit(console, account)
        (item,) = await waiting(console)
        outcomes = await asyncio.gather(
            claim(console, item, one.uin), decide(console, item, other.uin), return_exceptions=True
        )
        (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert refusal.problems[0].code is Code.CONFLICT
        if isinstance(outcomes[1], Refused):
            await decide(console, item, one.uin)


async def test_history_is_last_decided_first_and_can_be_narrowed(console: Console) -> None:
    one, other = [await console.add_user(None, name) for name in ("one", "other")]
    account = await console.add_account()
    ids = [await submit(console, account) for _ in range(3)]
    items = {item.subject_id: item for item in await waiting(console)}
    times: list[datetime] = []
    for subject, operator in ((ids[2], one), (ids[0], other)):
        console.clock.advance(timedelta(minutes=1))
        times.append(console.clock.now)
        rejected = operator is other
        reason = "unclear" if rejected else ""
        await decide(console, items[subject], operator.uin, approved=not rejected, reason=reason)
    assert await decided(console, History()) == [ids[0], ids[2]]
    assert await decided(console, History(kind=ReviewKind.TEMPLATE)) == [ids[0], ids[2]]
    assert await decided(console, History(kind=ReviewKind.SIGNATURE)) == []
    assert await decided(console, History(verdict=Verdict.REJECTED)) == [ids[0]]
    assert await decided(console, History(operator=one.uin)) == [ids[2]]
    assert await decided(console, History(since=times[1])) == [ids[0]]
    assert await decided(console, History(until=times[1])) == [ids[2]]
    async with console.database.read() as session:
        page = await review_queue.decided(session, History(), first=1, after=None)
        (last,) = page.rows
        assert last.decided_at is not None
        after = (last.decided_at, last.id)
        rest = await review_queue.decided(session, History(), first=1, after=after)
    assert (page.has_next, [row.subject_id for row in rest.rows]) == (True, [ids[2]])


async def test_the_target_counts_open_hours_and_only_what_operators_decided(
    console: Console,
) -> None:
    operator = await console.add_user(None, "one")
    account = await console.add_account()
    assert await measured(console) == Measured(0, 0, None, 0, 0)
    await submit(console, account, automatic=True)
    withdrawn = await submit(console, account)
    await edit(console, account, withdrawn)
    console.clock.advance(timedelta(hours=2))
    await submit(console, account)
    console.clock.advance(timedelta(microseconds=1))
    assert await measured(console) == Measured(2, 1, START, 0, 0)
    late, timely = await waiting(console)
    await decide(console, late, operator.uin)
    console.clock.now = START + timedelta(hours=4)
    assert await measured(console) == Measured(1, 0, START + timedelta(hours=2), 1, 0)
    await decide(console, timely, operator.uin, approved=False, reason="unclear")
    assert await measured(console) == Measured(0, 0, None, 2, 1)
    console.clock.now = START + timedelta(hours=12)  # 22:00, an hour before closing
    await submit(console, account)
    console.clock.now = START + timedelta(hours=23)  # 9:00 of the next morning
    (night,) = await waiting(console)
    assert await measured(console) == Measured(1, 0, night.submitted_at, 2, 1)
    await decide(console, night, operator.uin)
    assert await measured(console) == Measured(0, 0, None, 3, 2)
    console.clock.now = START + timedelta(days=7, hours=2, microseconds=1)
    assert (await measured(console)).decided == 2
