"""Review: decisions (REV-1), their expected time (REV-2), and edits (SIG-5, TPL-4)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Problem, Refused
from domain.review import (
    REJECT_REASONS,
    Hours,
    ReviewStatus,
    check_edit,
    check_usable,
    decide,
    expected_decision,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The strategy takes naive bounds and adds the zone it draws.
FIRST = datetime.fromisoformat("2000-01-01")
LAST = datetime.fromisoformat("2040-01-01")
HOURS = Hours(time(9), time(23), SHANGHAI)
TARGET = timedelta(hours=2)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


class TestExpectedDecision:
    """Two hours, of those from 9:00 to 23:00 of every day."""

    @pytest.mark.parametrize(
        ("submitted", "expected"),
        [
            ("2020-04-17T10:00:00", "2020-04-17T12:00:00"),
            ("2020-04-17T09:00:00", "2020-04-17T11:00:00"),
            ("2020-04-17T03:00:00", "2020-04-17T11:00:00"),
            ("2020-04-17T21:00:00", "2020-04-17T23:00:00"),
            ("2020-04-17T21:00:01", "2020-04-18T09:00:01"),
            ("2020-04-17T22:30:00", "2020-04-18T10:30:00"),
            ("2020-04-17T23:00:00", "2020-04-18T11:00:00"),
            ("2020-04-18T23:30:00", "2020-04-19T11:00:00"),
            ("2020-12-31T22:00:00", "2021-01-01T10:00:00"),
        ],
    )
    def test_open_hours_only(self, submitted: str, expected: str) -> None:
        found = expected_decision(shanghai(submitted), HOURS, TARGET)
        assert found == shanghai(expected)
        assert found.tzinfo is UTC

    def test_a_long_target_takes_days(self) -> None:
        found = expected_decision(shanghai("2020-04-17T22:00:00"), HOURS, timedelta(hours=30))
        assert found == shanghai("2020-04-20T10:00:00")

    @given(
        st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC)),
        st.timedeltas(timedelta(0), timedelta(days=5)),
        st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]),
    )
    def test_it_is_open_then_and_exactly_the_target_was_worked(
        self, submitted: datetime, target: timedelta, zone: str
    ) -> None:
        hours = Hours(time(9), time(23), ZoneInfo(zone))
        found = expected_decision(submitted, hours, target)
        assert time(9) <= found.astimezone(hours.zone).time() <= time(23)
        day = submitted.astimezone(hours.zone).date()
        worked = timedelta(0)
        while day <= found.astimezone(hours.zone).date():
            opens = datetime.combine(day, time(9), hours.zone).astimezone(UTC)
            closes = datetime.combine(day, time(23), hours.zone).astimezone(UTC)
            worked += max(timedelta(0), min(closes, found) - max(opens, submitted))
            day += timedelta(days=1)
        assert worked == target

    def test_hours_that_never_open_are_a_wrong_setting(self) -> None:
        with pytest.raises(ValueError, match='"09:00:00-09:00:00" are empty'):
            Hours(time(9), time(9), SHANGHAI)


class TestDecision:
    """What an operator may decide."""

    def test_pending_is_approved_or_rejected_with_a_reason(self) -> None:
        approved = decide("template", ReviewStatus.PENDING, approved=True, reason="")
        assert approved == (ReviewStatus.APPROVED, "")
        rejected = decide("template", ReviewStatus.PENDING, approved=False, reason=" no link ")
        assert rejected == (ReviewStatus.REJECTED, "no link")

    @pytest.mark.parametrize("reason", ["", " \n"])
    def test_a_rejection_needs_a_reason(self, reason: str) -> None:
        with pytest.raises(Refused) as refused:
            decide("template", ReviewStatus.PENDING, approved=False, reason=reason)
        assert refused.value.problems == (
            Problem(Code.REQUIRED, "reason is empty: enter 1 to 500 characters", ("reason",)),
        )

    @pytest.mark.parametrize("current", [ReviewStatus.APPROVED, ReviewStatus.REJECTED])
    def test_what_is_decided_stays_decided(self, current: ReviewStatus) -> None:
        with pytest.raises(Refused) as refused:
            decide("signature", current, approved=True, reason="")
        assert refused.value.problems == (
            Problem(
                Code.WRONG_STATE,
                f"signature is {current} and cannot become approved: only pending ones are decided",
                ("id",),
            ),
        )

    def test_the_reasons_offered_fit_and_differ(self) -> None:
        assert len({reason.key for reason in REJECT_REASONS}) == len(REJECT_REASONS) == 15
        for reason in REJECT_REASONS:
            verdict = decide("template", ReviewStatus.PENDING, approved=False, reason=reason.text)
            assert verdict == (ReviewStatus.REJECTED, reason.text)


class TestUse:
    """What may be edited is what may not be sent with."""

    @pytest.mark.parametrize("current", [ReviewStatus.PENDING, ReviewStatus.REJECTED])
    def test_unapproved(self, current: ReviewStatus) -> None:
        check_edit("template", current)
        with pytest.raises(Refused) as refused:
            check_usable("template", current, "template_id")
        assert refused.value.problems == (
            Problem(
                Code.WRONG_STATE,
                f"template is {current} and cannot be sent with: choose an approved one",
                ("template_id",),
            ),
        )

    def test_approved(self) -> None:
        check_usable("template", ReviewStatus.APPROVED)
        with pytest.raises(Refused) as refused:
            check_edit("template", ReviewStatus.APPROVED)
        assert refused.value.problems == (
            Problem(
                Code.WRONG_STATE,
                "template is approved and cannot be modified: create another one",
                ("id",),
            ),
        )
