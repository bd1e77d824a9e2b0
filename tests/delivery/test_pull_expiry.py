"""Dropping what nobody pulls: too many, too old, or of a queue that is off (API-3)."""

from datetime import timedelta

from db.pull import OF_REPLIES
from db.session import Database
from delivery import pull_expiry
from delivery.pull_expiry import REST, PullExpiry
from domain.pull import KEPT, WAITING_MOST
from tests import pulling, pushing
from tests.console import START, Clock
from tests.pushing import UIN


async def walk(database: Database, clock: Clock, most: int = WAITING_MOST) -> None:
    """Walk over all queues until there is nothing left to drop."""
    expiry = PullExpiry(database, lambda: clock.now, most)
    while await expiry.step() != REST:
        pass


async def test_beyond_a_number_the_oldest_are_dropped_and_counted(
    database: Database, clock: Clock
) -> None:
    await pulling.add_queue(database)
    await pulling.happen(database, 7)
    await walk(database, clock, most=7)
    assert (await pulling.queue(database)).dropped == 0
    await pulling.happen(database, 3, first=8)
    await walk(database, clock, most=7)
    row = await pulling.queue(database)
    assert (row.dropped, row.dropped_at) == (3, clock.now)
    assert await pulling.ids(database) == [4, 5, 6, 7, 8, 9, 10]


async def test_what_waits_for_seven_days_is_dropped(database: Database, clock: Clock) -> None:
    await pulling.add_queue(database)
    await pulling.switch(database, app_id=OF_REPLIES)
    # A carrier's clock that goes wrong hides nothing behind it.
    await pulling.happen(database, 1, at=START + timedelta(days=30))
    await pulling.happen(database, 2, first=2)
    await pushing.happen(database, pushing.reply(4))
    clock.advance(KEPT)
    await walk(database, clock)
    assert await pulling.waiting(database) == ([1, 2, 3], [4])
    clock.advance(timedelta(seconds=1))
    await walk(database, clock)
    assert await pulling.waiting(database) == ([1], [])
    assert (await pulling.queue(database)).dropped == 2
    assert (await pulling.queue(database, OF_REPLIES)).dropped == 1


async def test_what_is_left_of_a_queue_that_is_off_goes_in_steps(
    database: Database, clock: Clock
) -> None:
    await pulling.add_queue(database)
    await pulling.happen(database, pull_expiry.AT_ONCE + 5)
    await pulling.switch(database, on=False)
    await pulling.switch(database)
    await pulling.happen(database, 1, first=9_999)
    expiry = PullExpiry(database, lambda: clock.now)
    assert await expiry.step() == 0
    assert len((await pulling.waiting(database))[0]) == 5 + 1
    assert await expiry.step() == REST
    assert await pulling.waiting(database) == ([9_999], [])


async def test_more_are_dropped_than_one_step_takes(database: Database, clock: Clock) -> None:
    await pulling.add_queue(database)
    await pulling.happen(database, pull_expiry.AT_ONCE * 2 + 10)
    expiry = PullExpiry(database, lambda: clock.now, most=10)
    assert [await expiry.step() for _ in range(3)] == [0, 0, REST]
    assert (await pulling.queue(database)).dropped == pull_expiry.AT_ONCE * 2
    assert len((await pulling.waiting(database))[0]) == 10


async def test_every_queue_has_its_turn(database: Database, clock: Clock) -> None:
    count = 3
    for number in range(count):
        await pulling.add_queue(database, uin=UIN + number)
        await pushing.happen(database, *(pushing.receipt(1, uin=UIN + number) for _ in range(2)))
    await walk(database, clock, most=1)
    assert len((await pulling.waiting(database))[0]) == count
