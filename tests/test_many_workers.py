"""Several workers on one PostgreSQL database: nothing twice, nothing lost, whoever dies (BLK-8)."""

import signal
import time
from pathlib import Path

from delivery.settings import DeliverySettings
from tests.sending import FIRST_PHONE
from tests.working import IN_FLIGHT, LEASE_SECONDS, Crew, crew

MESSAGES = 1_200
POLL = DeliverySettings().poll.total_seconds()
BOUND = DeliverySettings().drain.total_seconds() + 10  # it also says good-bye to everybody


def test_four_workers_share_what_there_is_and_bear_the_death_of_others(
    tmp_path: Path, bare_postgresql_url: str
) -> None:
    with crew(tmp_path, bare_postgresql_url, 4) as four:
        nothing_is_submitted_twice(four)
        nothing_is_lost_when_one_is_killed_and_one_stands_still(four)
        those_that_are_told_to_end_hold_nothing_afterwards(four)


def nothing_is_submitted_twice(four: Crew) -> None:
    """Several workers have a part of a task; a fast one may leave nothing to the last."""
    for worker in four.workers:
        worker.freeze()
    task = four.add_task(MESSAGES, FIRST_PHONE)
    time.sleep(POLL)  # so that each looks for work in the moment it is thawed
    for worker in four.workers:
        worker.thaw()
    four.await_receipts(task, MESSAGES)
    worked = four.worked()
    assert (worked.messages, worked.final, worked.submitted_twice) == (MESSAGES, MESSAGES, 0)
    assert worked.counts_agree
    submitted = [worker.submitted() for worker in four.workers]
    assert sum(submitted) == MESSAGES
    assert sum(part > 0 for part in submitted) >= 2


def nothing_is_lost_when_one_is_killed_and_one_stands_still(four: Crew) -> None:
    """The one goes on when others have its messages, as sure that it holds them as ever."""
    killed, frozen, *_ = four.workers
    task = four.add_task(MESSAGES, FIRST_PHONE + 2 * MESSAGES)
    four.await_answers(task, MESSAGES // 10)
    frozen.freeze()
    since = time.monotonic()
    four.await_answers(task, MESSAGES // 5)
    killed.process.kill()
    four.await_answers(task, MESSAGES)
    time.sleep(max(0, LEASE_SECONDS * 1.2 - (time.monotonic() - since)))
    frozen.thaw()
    four.await_receipts(task, MESSAGES)
    assert killed.ended(within=BOUND) == -signal.SIGKILL
    worked = four.worked()
    assert (worked.messages, worked.final) == (2 * MESSAGES, 2 * MESSAGES)
    assert worked.counts_agree
    assert worked.submitted_twice <= 2 * IN_FLIGHT


def those_that_are_told_to_end_hold_nothing_afterwards(four: Crew) -> None:
    """In the middle of a task, each writes down what it hears and ends within its bound."""
    twice = four.worked().submitted_twice
    task = four.add_task(MESSAGES, FIRST_PHONE + 4 * MESSAGES)
    four.await_answers(task, 1)
    left = four.workers[1:]
    for worker in left:
        worker.end()
    assert [worker.ended(within=BOUND) for worker in left] == [0, 0, 0]
    assert four.held() == 0
    worked = four.worked()
    assert (worked.submitted_twice, worked.counts_agree) == (twice, True)
    assert worked.messages == 3 * MESSAGES
