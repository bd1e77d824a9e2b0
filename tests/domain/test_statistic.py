"""Periods, bars and rates of statistics (STA-1); days are those of the account's time zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Refused
from domain.statistic import DAYS_MOST, Period, Span, Totals, hour_of, span_of

SHANGHAI, KOLKATA, BERLIN = map(ZoneInfo, ("Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin"))
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
zones = st.sampled_from([SHANGHAI, KOLKATA, BERLIN, ZoneInfo("America/St_Johns")])
moments = st.datetimes(datetime(2001, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds take no zone


def between(first: date, last: date) -> Span:
    return span_of(None, first, last, NOW, SHANGHAI)


def test_success_rate_is_accepted_by_requests() -> None:
    assert Totals(requests=8, accepted=6, delivered=1).success_rate == 0.75
    assert Totals().success_rate is None


def test_sums_add_each_count() -> None:
    assert Totals.sum([Totals(1, 2, 3, 4, 5), Totals(10, 20, 30, 40, 50)]) == Totals(
        11, 22, 33, 44, 55
    )
    assert Totals.sum([]) == Totals()


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.TODAY, "2026-03-02", "2026-03-03"),
        (Period.YESTERDAY, "2026-03-01", "2026-03-02"),
        (Period.LAST_7_DAYS, "2026-02-24", "2026-03-03"),
        (Period.LAST_30_DAYS, "2026-02-01", "2026-03-03"),
    ],
)
def test_a_period_is_whole_days_of_the_zone(period: Period, start: str, end: str) -> None:
    span = span_of(period, None, None, NOW, SHANGHAI)
    local = [edge.astimezone(SHANGHAI) for edge in (span.start, span.end)]
    assert [f"{edge:%F %T}" for edge in local] == [f"{start} 00:00:00", f"{end} 00:00:00"]


def test_it_is_already_tomorrow_in_shanghai() -> None:
    late = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    assert span_of(Period.TODAY, None, None, late, SHANGHAI).start == late


def test_a_day_when_clocks_change_has_as_many_hours_as_it_lasts() -> None:
    bars = {
        day: len(span_of(None, date(2026, *day), date(2026, *day), NOW, BERLIN).edges) - 1
        for day in ((3, 28), (3, 29), (10, 25))
    }
    assert bars == {(3, 28): 24, (3, 29): 23, (10, 25): 25}


def test_two_days_are_shown_by_the_hour_and_three_by_the_day() -> None:
    assert len(between(date(2026, 1, 1), date(2026, 1, 2)).edges) == 49
    assert len(between(date(2026, 1, 1), date(2026, 1, 3)).edges) == 4


def test_the_longest_time_is_ninety_two_days() -> None:
    first = date(2026, 1, 1)
    last = first + timedelta(days=DAYS_MOST - 1)
    assert len(between(first, last).edges) == DAYS_MOST + 1
    with pytest.raises(Refused) as refusal:
        between(first, last + timedelta(days=1))
    assert [(problem.code, problem.field) for problem in refusal.value.problems] == [
        (Code.OUT_OF_RANGE, ("to",))
    ]


def test_a_bar_without_messages_is_there_and_zero() -> None:
    span = between(date(2026, 1, 1), date(2026, 1, 3))
    hours = {span.start: Totals(1), span.edges[2] - timedelta(hours=1): Totals(2)}
    assert [totals.requests for _, totals in span.bars(hours)] == [1, 2, 0]
    assert [start for start, _ in span.bars({})] == list(span.edges[:-1])


@given(moment=moments, zone=zones)
def test_a_moment_lies_in_its_hour_and_each_hour_in_one_day(
    moment: datetime, zone: ZoneInfo
) -> None:
    hour = hour_of(moment, zone)
    assert timedelta(0) <= moment - hour < timedelta(hours=1)
    assert hour_of(hour, zone) == hour
    assert hour.astimezone(zone).date() == moment.astimezone(zone).date()


@given(moment=moments, zone=zones, period=st.sampled_from(Period))
def test_every_hour_of_a_period_is_counted_once(
    moment: datetime, zone: ZoneInfo, period: Period
) -> None:
    span = span_of(period, None, None, moment, zone)
    assert all(start < end for start, end in pairwise(span.edges))
    hours = {span.start, hour_of(span.end - timedelta(seconds=1), zone)}
    bars = span.bars(dict.fromkeys(hours, Totals(1)))
    assert Totals.sum(totals for _, totals in bars).requests == len(hours)
    assert bars[0][1].requests >= 1
    assert bars[-1][1].requests >= 1
