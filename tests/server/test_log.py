"""What a log line says, and what it never says, whatever is logged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text as sql

from db.session import Database
from server.log import REQUEST, JsonLines, Redaction, TextLines, configure, redacted

log = logging.getLogger("tests.log")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is written as JSON while the test runs."""
    yield from written(JsonLines())


@pytest.fixture
def text() -> Iterator[io.StringIO]:
    """What is written as text while the test runs."""
    yield from written(TextLines())


def written(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(Redaction())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield stream
    log.removeHandler(handler)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("sent to +8613800138000", "sent to [number]"),
        ("sent to 8613800138000 twice", "sent to [number] twice"),
        ("sent to 008613800138000.", "sent to [number]."),
        ("sent to 13800138000, 13900139000", "sent to [number], [number]"),
        ("sent to +86 138-0013-8000", "sent to [number]"),
        ("sent to +1 (650) 253-0000!", "sent to [number]!"),
        ("phone='+8613800138000'", "phone='[number]'"),
        ('{"phone":"+8613800138000"}', '{"phone":"[number]"}'),
        ("Authorization: Bearer abcdef0123456789", "Authorization: [secret] [secret]"),
        ("with bearer abcdef0123456789", "with bearer [secret]"),
        ("password=Sesame, ok", "password=[secret], ok"),
        ('"password": "Sesame"', '"password": "[secret]'),
        ("postgresql://console:pass@db.internal/console", "postgresql://db.internal/console"),
        (
            "GET https://a.example/hook?token=x&y=1 failed",
            "GET https://a.example/hook?[query] failed",
        ),
        ("GET /s/abc?phone=1 HTTP/1.1", "GET /s/abc?[query] HTTP/1.1"),
        # What looks like a number and is none stays readable.
        ("500 messages in 12.5 s on port 8000", "500 messages in 12.5 s on port 8000"),
        ("at 2026-11-22T17:11:34.123456+00:00", "at 2026-11-22T17:11:34.123456+00:00"),
        ("worker host-1-0a1b2c3d4e5f", "worker host-1-0a1b2c3d4e5f"),
        ("request 5f1d72d0a9c31234 failed", "request 5f1d72d0a9c31234 failed"),
    ],
)
def test_what_is_somebodys_is_taken_out(said: str, written: str) -> None:
    assert redacted(said) == written


@given(st.text(st.characters(codec="utf-8")), st.integers(10**7, 10**15 - 1), st.text(" .,;:'\"()"))
def test_no_number_after_a_plus_is_ever_written(before: str, number: int, after: str) -> None:
    assert str(number) not in redacted(f"{before} +{number}{after}")


def test_every_part_of_a_record_is_redacted(lines: io.StringIO) -> None:
    try:
        int("no such recipient +8613800138000")
    except ValueError:
        log.exception("failed for %s", "+8613900139000", extra={"to": "+8613700137000", "n": 3})
    (line,) = lines.getvalue().splitlines()
    told = json.loads(line)
    assert told["message"] == "failed for [number]"
    assert told["to"] == "[number]"
    assert told["n"] == 3
    assert told["trace"].endswith("with base 10: 'no such recipient [number]'")
    assert told["trace"].startswith("Traceback (most recent call last):")


def test_a_json_line_begins_with_time_level_logger_and_message(lines: io.StringIO) -> None:
    log.warning("%d things", 2)
    told = json.loads(lines.getvalue())
    assert list(told) == ["time", "level", "logger", "message"]
    assert told["time"].endswith("+00:00")
    assert (told["level"], told["logger"], told["message"]) == (
        "warning",
        "tests.log",
        "2 things",
    )


def test_lines_of_one_request_say_which(lines: io.StringIO) -> None:
    token = REQUEST.set({"request": "5f1d", "account": 12_345_678})
    log.info("inside")
    REQUEST.reset(token)
    log.info("outside")
    inside, outside = map(json.loads, lines.getvalue().splitlines())
    assert (inside["request"], inside["account"]) == ("5f1d", 12_345_678)
    assert "request" not in outside


def test_a_line_that_cannot_be_put_together_is_written_as_it_is(lines: io.StringIO) -> None:
    log.info("%d of +8613800138000", "x")
    assert json.loads(lines.getvalue())["message"] == "%d of [number]"


def test_a_line_for_a_terminal_ends_with_what_is_known(text: io.StringIO) -> None:
    log.info("query answered", extra={"operation": "Viewer", "milliseconds": 1.5})
    assert text.getvalue().endswith(
        " INFO    tests.log: query answered operation=Viewer milliseconds=1.5\n"
    )


@pytest.fixture
def debug(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """What a process writes that was told to write everything."""
    root, driver = logging.getLogger(), logging.getLogger("aiosqlite")
    before = root.handlers[:], root.level, driver.level
    configure("debug", "json")
    yield capsys
    root.handlers[:], root.level = before[:2]
    driver.setLevel(before[2])


async def test_no_value_of_a_statement_is_written_at_level_debug(
    database: Database, debug: pytest.CaptureFixture[str]
) -> None:
    async with database.read() as session:
        await (await session.connection()).execute(sql("SELECT :told"), {"told": "Tea at five"})
    logging.getLogger("tests.other").debug("it was asked")
    told = debug.readouterr().err
    assert "it was asked" in told
    assert "Tea at five" not in told
