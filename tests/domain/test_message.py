"""Messages: from the queue to a receipt, whatever order carriers answer in (BLK-5, BLK-8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Refused
from domain.message import FINAL, TRANSITIONS, MessageEvent, MessageStatus, step

RECEIPTS = (MessageEvent.DELIVER, MessageEvent.FAIL)
HEARSAY = {*RECEIPTS, MessageEvent.ACCEPT, MessageEvent.EXPIRE}


@pytest.mark.parametrize(
    "story",
    [
        "queued claim claimed accept submitted deliver delivered",
        "queued claim claimed accept submitted fail failed",
        "queued claim claimed accept submitted expire expired",
        "queued claim claimed refuse refused",
        "queued refuse refused",
        "queued claim claimed release queued claim claimed",
        "queued cancel cancelled",
        # Its carrier has no room: it waits for that one, until routes or carriers change.
        "queued park waiting claim claimed accept submitted",
        "queued park waiting park waiting reroute queued park waiting refuse refused",
        "queued park waiting cancel cancelled",
        "queued claim claimed release queued park waiting deliver delivered",
        "queued claim claimed cancel cancelled",
        # The worker died between sending and answer: asked, resent, or settled by a receipt.
        "queued claim claimed lose unknown accept submitted",
        "queued claim claimed lose unknown resend queued",
        "queued claim claimed lose unknown deliver delivered",
        "queued claim claimed lose unknown expire expired",
        # The receipt overtakes the answer.
        "queued claim claimed deliver delivered accept delivered",
        # The carrier repeats and contradicts itself: the first receipt stands.
        "submitted deliver delivered deliver delivered fail delivered expire delivered",
        "submitted accept submitted",
        "submitted expire expired deliver expired",
    ],
)
def test_the_stories_of_a_message(story: str) -> None:
    words = story.split()
    current = MessageStatus(words[0])
    for event, after in zip(words[1::2], words[2::2], strict=True):
        current = step(current, MessageEvent(event))
        assert current is MessageStatus(after)


def test_what_is_final() -> None:
    expected = {
        MessageStatus.DELIVERED,
        MessageStatus.FAILED,
        MessageStatus.EXPIRED,
        MessageStatus.REFUSED,
        MessageStatus.CANCELLED,
    }
    assert expected == FINAL
    assert {status for status in MessageStatus if status.is_final} == expected


@pytest.mark.parametrize("current", MessageStatus)
@pytest.mark.parametrize("event", MessageEvent)
def test_every_step_is_legal_ignored_or_refused(
    current: MessageStatus, event: MessageEvent
) -> None:
    if (current, event) in TRANSITIONS:
        assert step(current, event) is TRANSITIONS[current, event]
    elif (current in FINAL and event in HEARSAY) or (current, event) == (
        MessageStatus.SUBMITTED,
        MessageEvent.ACCEPT,
    ):
        assert step(current, event) is current
    else:
        with pytest.raises(Refused) as refused:
            step(current, event)
        [problem] = refused.value.problems
        assert problem.code is Code.WRONG_STATE
        assert problem.message.startswith(f"message is {current} and cannot become ")


@given(st.lists(st.sampled_from(MessageEvent), max_size=30))
def test_a_final_state_stays_whatever_happens(events: list[MessageEvent]) -> None:
    current = MessageStatus.QUEUED
    for event in events:
        before = current
        try:
            current = step(current, event)
        except Refused:
            continue
        if before.is_final:
            assert current is before


@given(st.lists(st.sampled_from(MessageEvent), max_size=30), st.sampled_from(RECEIPTS))
def test_a_receipt_lands_in_every_state(events: list[MessageEvent], receipt: MessageEvent) -> None:
    """Receipts are never refused, and a repeated one changes nothing."""
    current = MessageStatus.QUEUED
    for event in events:
        try:
            current = step(current, event)
        except Refused:
            continue
    once = step(current, receipt)
    assert once.is_final
    assert step(once, receipt) is once
