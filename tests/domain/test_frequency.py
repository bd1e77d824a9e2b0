"""Which message passes a frequency limit and which does not (CFG-3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import frequency, outcome
from domain.errors import Code, Refused
from domain.frequency import GUIDE, KEPT, MOST, Limits, Moment, Send, judge
from domain.outcome import Bucket, Source

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def sent(*ages: float, content: str = "x", first: int = 1) -> list[Send]:
    """Give messages that passed that many seconds before noon."""
    now = frequency.milliseconds(NOON)
    return [Send(number, now - int(age * 1_000), content) for number, age in enumerate(ages, first)]


def at_noon(limits: Limits, sends: list[Send], content: str = "y") -> str | None:
    return judge(limits, sends, content, Moment.of(NOON, SHANGHAI))


def test_the_defaults_are_those_of_the_guide() -> None:
    assert (GUIDE.same_content_seconds, GUIDE.number_per_day) == (30, 10)
    off = {GUIDE.number_per_hour, GUIDE.same_content_per_day, GUIDE.application_per_day}
    assert off == {None}


@pytest.mark.parametrize(("age", "passes"), [(0, False), (29.999, False), (30, True), (31, True)])
def test_the_same_content_passes_again_after_its_seconds(age: float, passes: bool) -> None:
    refusal = None if passes else "LimitExceeded.PhoneNumberThirtySecondLimit"
    assert at_noon(GUIDE, sent(age), "x") == refusal
    assert at_noon(GUIDE, sent(age), "y") is None


def test_a_number_has_its_places_of_the_day_from_midnight_of_the_account() -> None:
    midnight = 12 * 3_600
    today, yesterday = [midnight - 1] * 9 + [midnight], [midnight + 0.001] * 50
    assert at_noon(GUIDE, sent(*yesterday, *today)) == "LimitExceeded.PhoneNumberDailyLimit"
    assert at_noon(GUIDE, sent(*yesterday, *today[1:])) is None


def test_an_hour_is_any_sixty_minutes() -> None:
    limits = replace(GUIDE, number_per_hour=2)
    assert at_noon(limits, sent(0, 3_599.999)) == "LimitExceeded.PhoneNumberOneHourLimit"
    assert at_noon(limits, sent(0, 3_600)) is None


def test_the_same_content_has_places_of_the_day_too() -> None:
    limits = replace(GUIDE, same_content_per_day=2)
    refusal = "LimitExceeded.PhoneNumberSameContentDailyLimit"
    assert at_noon(limits, sent(100, 200), "x") == refusal
    assert at_noon(limits, [*sent(100), *sent(200, content="y")], "x") is None


def test_a_clock_that_is_ahead_only_counts_more() -> None:
    assert at_noon(GUIDE, sent(-5), "x") == frequency.SAME_CONTENT
    assert at_noon(GUIDE, sent(*[-60] * 10)) == frequency.NUMBER_DAILY


def test_each_code_is_one_of_the_table_of_outcomes() -> None:
    for code, legacy in {
        frequency.SAME_CONTENT: 1023,
        frequency.NUMBER_HOURLY: 1024,
        frequency.NUMBER_DAILY: 1025,
        frequency.SAME_CONTENT_DAILY: 1026,
        frequency.APPLICATION_DAILY: 1022,
    }.items():
        found = outcome.lookup(code)
        assert (found.bucket, found.source, found.legacy) == (
            Bucket.FREQUENCY,
            Source.SUBMIT,
            legacy,
        )


@pytest.mark.parametrize("name", MOST)
def test_each_limit_has_its_bounds(name: str) -> None:
    for value in (1, MOST[name]):
        frequency.check(replace(GUIDE, **{name: value}))
    for value in (0, -1, MOST[name] + 1):
        with pytest.raises(Refused) as refusal:
            frequency.check(replace(GUIDE, **{name: value}))
        (problem,) = refusal.value.problems
        assert (problem.code, problem.field) == (Code.OUT_OF_RANGE, (name,))
        assert f'"{value}"' in problem.message


def test_every_problem_is_told_at_once_and_the_guides_rules_stay() -> None:
    with pytest.raises(Refused) as refusal:
        frequency.check(
            Limits(
                same_content_seconds=None,  # type: ignore[arg-type]  # - what a caller may send
                number_per_day=0,
            )
        )
    assert [(problem.code, *problem.field) for problem in refusal.value.problems] == [
        (Code.REQUIRED, "same_content_seconds"),
        (Code.OUT_OF_RANGE, "number_per_day"),
    ]
    assert "allowlist" in refusal.value.problems[0].message


@given(
    st.lists(st.integers(-10, 200_000), max_size=30),
    st.builds(
        Limits,
        same_content_seconds=st.integers(1, 3_600),
        number_per_day=st.integers(1, 12),
        number_per_hour=st.none() | st.integers(1, 5),
        same_content_per_day=st.none() | st.integers(1, 5),
    ),
    st.sampled_from("xy"),
)
def test_what_is_forgotten_changes_no_verdict(
    ages: list[int], limits: Limits, content: str
) -> None:
    sends = sent(*ages[::2]) + sent(*ages[1::2], content="y", first=100)
    kept = frequency.remembered(sends, frequency.milliseconds(NOON))
    assert at_noon(limits, kept, content) == at_noon(limits, sends, content)
    assert all(frequency.milliseconds(NOON - KEPT) < send.at for send in kept)


def test_a_day_with_the_end_of_summer_time_is_remembered_whole() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC)
    first = frequency.milliseconds(evening - timedelta(hours=24, minutes=59, seconds=59))
    moment = Moment.of(evening, berlin)
    assert moment.today == first
    assert frequency.remembered([Send(1, first, "x")], moment.now) == [Send(1, first, "x")]


def test_a_message_that_comes_again_is_not_in_its_own_way() -> None:
    sends = sent(10, 20)
    assert frequency.others(sends, 2) == sends[:1]


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_digest_tells_contents_apart(one: str, other: str) -> None:
    assert (frequency.digest(one) == frequency.digest(other)) is (one == other)
    assert len(frequency.digest(one)) == 16
