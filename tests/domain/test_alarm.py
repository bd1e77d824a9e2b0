"""What an alarm needs to say, and when a try that failed is repeated (ALM-2)."""

from datetime import timedelta

import pytest

from domain.alarm import (
    FACTS,
    FOLDED,
    MESSAGE_STATES,
    RETRIES,
    SUBJECT_MOST,
    Alarm,
    AlarmEvent,
    NotificationState,
    pause_after,
)
from domain.message import MessageStatus


def alarm(event: AlarmEvent, subject: str = "package", **facts: str) -> Alarm:
    return Alarm(account_uin=1, event=event, subject=subject, facts=facts)


def test_the_events_are_those_of_the_guide() -> None:
    assert [event.name for event in AlarmEvent] == [
        "FREQUENCY_LIMIT",
        "EXCESS_MESSAGES",
        "REVIEW_RESULT",
        "PACKAGE",
    ]
    assert set(FACTS) == set(AlarmEvent)


@pytest.mark.parametrize("event", [event for event in AlarmEvent if FACTS[event]])
def test_an_alarm_that_lacks_a_fact_is_a_fault_of_its_caller(event: AlarmEvent) -> None:
    first, *others = FACTS[event]
    with pytest.raises(ValueError, match=f"an alarm of {event} lacks {first}"):
        alarm(event, **dict.fromkeys(others, "x"))
    assert alarm(event, **dict.fromkeys(FACTS[event], "x")).times == 1


@pytest.mark.parametrize("size", [0, SUBJECT_MOST + 1])
def test_a_subject_fits_its_column(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 120 characters"):
        alarm(AlarmEvent.FREQUENCY_LIMIT, "x" * size)
    longest = alarm(AlarmEvent.FREQUENCY_LIMIT, "x" * SUBJECT_MOST)
    assert len(longest.subject) == SUBJECT_MOST


def test_decisions_and_daily_reminders_are_never_folded() -> None:
    assert {AlarmEvent.FREQUENCY_LIMIT} == FOLDED


def test_tries_spread_from_seconds_to_hours_and_end() -> None:
    pauses = [pause_after(tries) for tries in range(1, len(RETRIES) + 1)]
    assert pauses == list(RETRIES) == sorted(RETRIES)
    assert RETRIES[0] == timedelta(seconds=10)
    assert sum(RETRIES, timedelta()) > timedelta(hours=10)
    assert pause_after(len(RETRIES) + 1) is None


def test_every_state_of_a_message_says_where_its_notification_stands() -> None:
    said = {status: MESSAGE_STATES[status] for status in MessageStatus}
    final = {status: state for status, state in said.items() if status.is_final}
    assert NotificationState.QUEUED not in final.values()
    assert said[MessageStatus.QUEUED] is NotificationState.QUEUED
    assert said[MessageStatus.SUBMITTED] is NotificationState.SENT
    assert said[MessageStatus.DELIVERED] is NotificationState.DELIVERED
    assert said[MessageStatus.REFUSED] is NotificationState.FAILED
