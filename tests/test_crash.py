"""Killed with -9 in the middle of a task, servers and workers lose nothing (BLK-5, BLK-8, STA-1).

What may be submitted twice is what a killed process had in flight, and nothing is where the task
says so; counts, statistics and package units (PKG-4) stay exact.
"""

from pathlib import Path

import pytest

from domain.task import UnknownPolicy
from tests.killing import Ordeal, send_and_kill

MESSAGES = 2_400
REFUSED = MESSAGES // 20 // 3
IN_FLIGHT = 200


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'console.sqlite'}"


def test_a_server_on_sqlite_sends_and_counts_everything_once(tmp_path: Path, sqlite: str) -> None:
    everything_is_sent_and_counted_once(tmp_path, sqlite)


def test_workers_on_postgresql_send_and_count_everything_once(
    tmp_path: Path, bare_postgresql_url: str
) -> None:
    everything_is_sent_and_counted_once(tmp_path, bare_postgresql_url)


def everything_is_sent_and_counted_once(folder: Path, url: str) -> None:
    """Two kills are no more than a delay."""
    ordeal = Ordeal(messages=MESSAGES, kills=2, seed=7, in_flight=IN_FLIGHT, hasty=True)
    after = send_and_kill(folder, url, ordeal)
    assert (after.lost, after.lost_receipts, after.unheard) == (0, 0, 0)
    assert after.submitted_twice <= ordeal.bound == 2 * IN_FLIGHT
    assert after.inexact == ()
    assert after.refused == REFUSED


def test_nothing_is_submitted_twice_where_the_task_waits(tmp_path: Path, sqlite: str) -> None:
    """What nobody heard of ends by its receipt, and without one as expired."""
    ordeal = Ordeal(
        messages=MESSAGES,
        kills=1,
        seed=11,
        policy=UnknownPolicy.WAIT,
        in_flight=IN_FLIGHT,
        hasty=True,
    )
    after = send_and_kill(tmp_path, sqlite, ordeal)
    assert (after.submitted_twice, after.lost, after.lost_receipts) == (0, 0, 0)
    assert after.unheard <= IN_FLIGHT
    assert after.inexact == ()
