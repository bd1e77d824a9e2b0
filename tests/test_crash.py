"""Killed with -9 in the middle of a task, the server loses nothing (BLK-5, BLK-8, STA-1)."""

from pathlib import Path

from tests.killing import send_and_kill


def test_every_recipient_has_one_final_message_after_two_kills(tmp_path: Path) -> None:
    after = send_and_kill(tmp_path, messages=3_000, kills=2, seed=7)
    assert (after.messages, after.final) == (3_000, 3_000)
    assert after.lost_receipts == 0
    assert after.counts_agree
    assert after.submitted_twice <= after.bound
