"""What is said of a message beside its figures (STA-2)."""

import pytest

from domain.message import MessageStatus
from domain.record import FAILURES, remarks

SAID = {
    MessageStatus.UNKNOWN: "the carrier has not answered",
    MessageStatus.SUBMITTED: "the carrier took it; its receipt is awaited",
    MessageStatus.DELIVERED: "a receipt says it arrived",
    MessageStatus.EXPIRED: "the carrier took it; no receipt came in time",
}


@pytest.mark.parametrize(("state", "said"), SAID.items())
def test_one_that_was_sent_has_its_answering_status(state: MessageStatus, said: str) -> None:
    assert remarks(state, "DELIVRD") == said
    assert state not in FAILURES


@pytest.mark.parametrize("state", sorted(FAILURES))
def test_one_that_failed_has_its_cause(state: MessageStatus) -> None:
    assert remarks(state, "UNDELIV") not in {"", *SAID.values()}
    assert remarks(state, "XY:1") == ('the carrier reported "XY:1", which is in no table of codes')
    assert remarks(state, None) == "no cause was given"
