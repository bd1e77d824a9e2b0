"""Requests a second of an account and action (API-1, API-2)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api import rate
from server.api.rate import BUCKETS_MOST, RateLimit, rates

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_an_account_may_call_an_action_as_often_as_published_and_not_once_more() -> None:
    limit = RateLimit(otherwise=20)

    assert [limit.take(1, "DescribeSmsSignList", NOW) for _ in range(21)] == [True] * 20 + [False]
    assert limit.take(2, "DescribeSmsSignList", NOW), "another account has a bucket of its own"
    assert limit.take(1, "DescribeSmsTemplateList", NOW), "so has another action"


def test_a_bucket_fills_as_time_goes_by_and_never_beyond_a_second() -> None:
    limit = RateLimit(otherwise=20, own={"SendSms": 4})
    assert all(limit.take(1, "SendSms", NOW) for _ in range(4))

    assert not limit.take(1, "SendSms", NOW + timedelta(milliseconds=249))
    assert limit.take(1, "SendSms", NOW + timedelta(milliseconds=251))
    later = NOW + timedelta(days=1)
    assert [limit.take(1, "SendSms", later) for _ in range(5)] == [True] * 4 + [False]


def test_a_rate_below_one_a_second_still_lets_one_through() -> None:
    limit = RateLimit(otherwise=20, own={"AddSmsSign": 0.5})

    assert limit.take(1, "AddSmsSign", NOW)
    assert not limit.take(1, "AddSmsSign", NOW + timedelta(seconds=1.9))
    assert limit.take(1, "AddSmsSign", NOW + timedelta(seconds=2))


def test_a_clock_set_back_takes_nothing_away_and_gives_nothing() -> None:
    limit = RateLimit(otherwise=1)
    assert limit.take(1, "X", NOW)

    assert not limit.take(1, "X", NOW - timedelta(hours=1))
    assert limit.take(1, "X", NOW - timedelta(minutes=59, seconds=59))


def test_buckets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BUCKETS_MOST == 10_000
    monkeypatch.setattr(rate, "BUCKETS_MOST", 2)
    limit = RateLimit(otherwise=1)

    assert [limit.take(account, "X", NOW) for account in (1, 2, 1, 3)] == [True, True, False, True]
    assert not limit.take(1, "X", NOW), "the one used last is kept"
    assert limit.take(2, "X", NOW), "the one unused for longest was dropped"


@given(st.lists(st.floats(0, 3), max_size=60), st.floats(0.1, 50))
def test_no_more_than_rate_and_a_second_ever_pass(gaps: list[float], per_second: float) -> None:
    limit, now, passed = RateLimit(otherwise=per_second), NOW, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        passed += limit.take(1, "X", now)
    assert passed <= max(per_second, 1) + (now - NOW).total_seconds() * per_second + 1e-6


def test_rates_are_written_as_action_and_number() -> None:
    assert rates("") == {}
    assert rates(" SendSms=500, AddSmsSign = 0.5,") == {"SendSms": 500, "AddSmsSign": 0.5}


@pytest.mark.parametrize(
    "text",
    ["SendSms", "SendSms=", "=1", "SendSms=0", "SendSms=-1", "A b=1", "SendSms=nan", "X=1e9"],
)
def test_a_rate_that_is_none_is_refused_with_its_words(text: str) -> None:
    with pytest.raises(ValueError, match=f'"{text}" is no action and requests a second'):
        rates(text)
