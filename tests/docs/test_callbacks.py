"""The page for receivers says what is pushed, verifies it, and has the tries as they are."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import pytest

from delivery.callback.sender import ANSWER_MOST, WITHIN
from domain.callback import EVENTS_OF_A_PUSH, ReplyEvent, StatusEvent
from domain.callback_retry import SCHEDULE
from domain.callback_signature import headers, new_id, new_secret

PAGE: Final = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AT: Final = datetime(2026, 3, 2, 16, 30, 5, tzinfo=UTC)
UNITS: Final = {"second": 1, "minute": 60, "hour": 3_600}


def blocks(language: str) -> list[str]:
    return [content for found, content in BLOCK.findall(PAGE) if found == language]


@pytest.fixture
def is_genuine() -> Callable[[str, dict[str, str], bytes], bool]:
    (source,) = blocks("python")
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the page's own example
    found: Callable[[str, dict[str, str], bytes], bool] = names["is_genuine"]
    return found


def test_the_examples_are_what_is_pushed() -> None:
    status, reply = map(orjson.loads, blocks("json"))
    event = StatusEvent(
        account_uin=1,
        app_id=1,
        message_id=77,
        phone="+8613800138000",
        delivered=True,
        code="DELIVRD",
        at=AT,
    )
    assert status == [event.payload(ZoneInfo("Asia/Shanghai"), AT)]
    heard = ReplyEvent(
        account_uin=1,
        app_id=1,
        message_id=77,
        phone="+8613800138000",
        text="好的",
        signature_id=1,
        at=AT,
    )
    assert reply == heard.payload("Shop")


def test_the_example_verifies_pushes(
    is_genuine: Callable[[str, dict[str, str], bytes], bool],
) -> None:
    old, new = new_secret(), new_secret()
    now = datetime.fromtimestamp(time.time(), UTC)
    sent = headers(new_id(), b"[]", now, [new, old])
    assert is_genuine(new, sent, b"[]")
    assert is_genuine(old, sent, b"[]")
    assert not is_genuine(new_secret(), sent, b"[]")
    assert not is_genuine(new, sent, b"[1]")
    stale = headers(new_id(), b"[]", now - timedelta(minutes=6), [new])
    assert not is_genuine(new, stale, b"[]")


def test_the_tries_are_those_of_the_schedule() -> None:
    rows = re.findall(r"^\| (\d) \| (\d+) (second|minute|hour)s? \|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(2, len(SCHEDULE) + 2))
    pauses = [timedelta(seconds=int(count) * UNITS[unit]) for _, count, unit in rows]
    assert pauses == list(SCHEDULE)


def test_the_bounds_are_as_they_are() -> None:
    assert f"up to {EVENTS_OF_A_PUSH} receipts" in PAGE
    assert f"within {WITHIN.total_seconds():g} seconds" in PAGE
    assert f"at most {ANSWER_MOST // 1024} KiB" in PAGE
