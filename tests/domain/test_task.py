"""Bulk tasks: states (BLK-5 to BLK-7), times and sizes (BLK-1, BLK-3, BLK-10)."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Problem, Refused
from domain.region import Region
from domain.task import (
    TRANSITIONS,
    TaskEvent,
    TaskStatus,
    check_marketing_time,
    check_recipients,
    check_schedule,
    marketing_time,
    step,
)

NOW = datetime(2020, 4, 17, 12, 0, 0, 500_000, tzinfo=UTC)
MONTH = timedelta(days=31)
SHANGHAI = ZoneInfo("Asia/Shanghai")
# The strategy takes naive bounds and adds the zone it draws.
FIRST = datetime.fromisoformat("2000-01-01")
LAST = datetime.fromisoformat("2040-01-01")


class TestStates:
    """One table of legal steps."""

    @pytest.mark.parametrize(
        "story",
        [
            "draft check checking accept ready start sending finish sent",
            "draft check checking accept ready schedule scheduled come_due sending finish sent",
            "draft check checking reject draft check checking accept ready check checking",
            "ready start sending stop stopped",
            "ready schedule scheduled cancel cancelled",
            "draft check checking cancel cancelled",
            "scheduled fail failed",
            "sending fail failed",
        ],
    )
    def test_the_stories_of_a_task(self, story: str) -> None:
        words = story.split()
        current = TaskStatus(words[0])
        for event, after in zip(words[1::2], words[2::2], strict=True):
            current = step(current, TaskEvent[event.upper()])
            assert current is TaskStatus(after)

    @pytest.mark.parametrize("current", TaskStatus)
    @pytest.mark.parametrize("event", TaskEvent)
    def test_every_other_step_is_refused(self, current: TaskStatus, event: TaskEvent) -> None:
        if (current, event) in TRANSITIONS:
            assert step(current, event) is TRANSITIONS[current, event]
            return
        with pytest.raises(Refused) as refused:
            step(current, event)
        [problem] = refused.value.problems
        assert (problem.code, problem.field) == (Code.WRONG_STATE, ("id",))
        assert problem.message.startswith(f"task is {current} and cannot become ")

    def test_a_refusal_names_both_states_and_the_way(self) -> None:
        with pytest.raises(Refused) as refused:
            step(TaskStatus.SENT, TaskEvent.STOP)
        assert str(refused.value) == (
            "task is sent and cannot become stopped: stop is possible while it is sending"
        )

    def test_nothing_leaves_a_final_state_and_every_state_reaches_one(self) -> None:
        final = {status for status in TaskStatus if status.is_final}
        assert final == {
            TaskStatus.STOPPED,
            TaskStatus.CANCELLED,
            TaskStatus.SENT,
            TaskStatus.FAILED,
        }
        settled = set(final)
        for _ in TaskStatus:
            settled |= {current for (current, _), after in TRANSITIONS.items() if after in settled}
        assert settled == set(TaskStatus)

    @given(st.lists(st.sampled_from(TaskEvent), max_size=40))
    def test_nothing_is_sent_that_was_not_checked(self, events: list[TaskEvent]) -> None:
        """Any order of events: sending is reached through a check and a consent only."""
        current, path = TaskStatus.DRAFT, [TaskStatus.DRAFT]
        for event in events:
            try:
                current = step(current, event)
            except Refused:
                continue
            path.append(current)
        if TaskStatus.SENDING in path:
            before = path[: path.index(TaskStatus.SENDING)]
            assert TaskStatus.READY in before
            assert TaskStatus.CHECKING in before


class TestSchedule:
    """To the second, at most a month ahead, not in the past (BLK-1)."""

    @pytest.mark.parametrize("wait", [timedelta(0), timedelta(seconds=1), MONTH])
    def test_possible_times_are_kept_to_the_second(self, wait: timedelta) -> None:
        assert check_schedule(NOW + wait, NOW, MONTH) == (NOW + wait).replace(microsecond=0)

    def test_the_past_is_refused(self) -> None:
        with pytest.raises(Refused) as refused:
            check_schedule(NOW - timedelta(seconds=1), NOW, MONTH)
        assert refused.value.problems == (
            Problem(
                Code.OUT_OF_RANGE,
                'scheduled at "2020-04-17T11:59:59.500000+00:00" is in the past: '
                "choose a later time or send now",
                ("scheduled_at",),
            ),
        )

    def test_more_than_a_month_is_refused(self) -> None:
        with pytest.raises(Refused) as refused:
            check_schedule(NOW + MONTH + timedelta(seconds=1), NOW, MONTH)
        assert refused.value.problems == (
            Problem(
                Code.OUT_OF_RANGE,
                'scheduled at "2020-05-18T12:00:01.500000+00:00" is too far ahead: '
                'choose "2020-05-18T12:00:00+00:00" or before',
                ("scheduled_at",),
            ),
        )

    def test_the_offset_of_the_writer_does_not_matter(self) -> None:
        there = (NOW + timedelta(hours=1)).astimezone(timezone(timedelta(hours=9)))
        assert check_schedule(there, NOW, MONTH) == NOW.replace(hour=13, microsecond=0)


class TestMarketingTime:
    """Marketing goes out from 08:00 to 22:00 of the account's zone."""

    @pytest.mark.parametrize(
        ("local", "possible"),
        [
            ("2020-04-17T07:59:59", "2020-04-17T08:00:00"),
            ("2020-04-17T08:00:00", "2020-04-17T08:00:00"),
            ("2020-04-17T21:59:59", "2020-04-17T21:59:59"),
            ("2020-04-17T22:00:00", "2020-04-18T08:00:00"),
            ("2020-12-31T23:30:00", "2021-01-01T08:00:00"),
            ("2020-04-17T00:00:00", "2020-04-17T08:00:00"),
        ],
    )
    def test_the_next_possible_time(self, local: str, possible: str) -> None:
        at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)
        expected = datetime.fromisoformat(possible).replace(tzinfo=SHANGHAI)
        found = marketing_time(at, SHANGHAI)
        assert found == expected
        assert found.utcoffset() == timedelta(0)

    def test_a_time_outside_is_refused_with_the_next_one(self) -> None:
        check_marketing_time(datetime(2020, 4, 17, 13, 59, 59, tzinfo=UTC), SHANGHAI)
        with pytest.raises(Refused) as refused:
            check_marketing_time(
                datetime(2020, 4, 17, 14, tzinfo=UTC), SHANGHAI, "input", "scheduled_at"
            )
        assert refused.value.problems == (
            Problem(
                Code.OUT_OF_RANGE,
                'marketing SMS is sent from 08:00 to 22:00 and not at "22:00" (Asia/Shanghai): '
                'the next possible time is "2020-04-18T08:00:00+08:00"',
                ("input", "scheduled_at"),
            ),
        )

    @given(
        st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC)),
        st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    )
    def test_it_is_soon_possible_and_stays_what_it_is(self, at: datetime, zone: str) -> None:
        """In zones that change their clocks too."""
        found = marketing_time(at, ZoneInfo(zone))
        assert timedelta(0) <= found - at <= timedelta(hours=11)
        assert marketing_time(found, ZoneInfo(zone)) == found


class TestRecipients:
    """How many one task may reach."""

    @pytest.mark.parametrize(
        ("count", "region"),
        [(1, Region.MAINLAND), (1_000_000, Region.MAINLAND), (1_000, Region.GLOBAL)],
    )
    def test_enough_and_not_too_many(self, count: int, region: Region) -> None:
        check_recipients(count, region, most=1_000_000, global_daily=1_000)

    @pytest.mark.parametrize(
        ("count", "region", "code", "message"),
        [
            (
                0,
                Region.MAINLAND,
                Code.REQUIRED,
                "task has no recipients: upload a form, select customer groups or enter numbers",
            ),
            (
                1_000_001,
                Region.MAINLAND,
                Code.LIMIT_EXCEEDED,
                "task has 1000001 recipients: send to at most 1000000 at once",
            ),
            (
                1_001,
                Region.GLOBAL,
                Code.LIMIT_EXCEEDED,
                "task has 1001 recipients: at most 1000 Global messages go out a day",
            ),
        ],
    )
    def test_none_or_too_many(self, count: int, region: Region, code: Code, message: str) -> None:
        with pytest.raises(Refused) as refused:
            check_recipients(count, region, most=1_000_000, global_daily=1_000)
        assert refused.value.problems == (Problem(code, message, ("recipients",)),)

    def test_one_too_many_where_none_is_allowed(self) -> None:
        with pytest.raises(Refused) as refusal:
            check_recipients(1, Region.GLOBAL, most=1, global_daily=0)
        (problem,) = refusal.value.problems
        assert problem.message == "task has 1 recipient: at most 0 Global messages go out a day"
