"""Asking back what was deleted: for how long, and with which words (APP-6)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Code, Problem, Refused
from domain.restore import (
    JUSTIFICATION_MOST,
    RestoreKind,
    check_request,
    justification,
    until,
)
from domain.terms import Terms

DELETED = datetime(2026, 3, 2, tzinfo=UTC)


def test_it_is_thirty_days_unless_set_otherwise() -> None:
    assert until(DELETED, Terms()) == DELETED + timedelta(days=30)
    assert until(DELETED, Terms(restore_for=timedelta(days=1))) == DELETED + timedelta(days=1)


def test_a_reviewer_is_told_why() -> None:
    assert justification(" by\r\nmistake ") == "by\nmistake"
    assert justification("x" * JUSTIFICATION_MOST) == "x" * JUSTIFICATION_MOST
    for wrong, code in ((" ", Code.REQUIRED), ("x" * (JUSTIFICATION_MOST + 1), Code.TOO_LONG)):
        with pytest.raises(Refused) as refused:
            justification(wrong)
        assert [(p.code, p.field) for p in refused.value.problems] == [(code, ("reason",))]


def test_one_request_waits_at_a_time() -> None:
    check_request(RestoreKind.SIGNATURE, waiting=False)
    with pytest.raises(Refused) as refused:
        check_request(RestoreKind.SIGNATURE, waiting=True)
    message = "a request to restore this signature waits for review: wait for its decision"
    assert refused.value.problems == (Problem(Code.WRONG_STATE, message, ("id",)),)
