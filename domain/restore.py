"""Restoring what an account deleted: for a while, and only by review (APP-6)."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import text
from domain.errors import Code, Refused
from domain.terms import Terms

JUSTIFICATION_MOST: Final = 500


class RestoreKind(StrEnum):
    """What can be restored."""

    APPLICATION = "application"
    SIGNATURE = "signature"
    TEMPLATE = "template"


class RestorableState(StrEnum):
    """Where something deleted stands."""

    DELETED = "deleted"
    """It can be restored."""
    RESTORED = "restored"
    """It is back."""
    PURGING = "purging"
    """Its time is over, and what is stored of it is being erased."""
    PURGED = "purged"
    """It is gone for good."""


def until(deleted_at: datetime, terms: Terms) -> datetime:
    """Say until when, exclusively, something deleted can be asked back."""
    return deleted_at + terms.restore_for


def justification(reason: str) -> str:
    """Return why it is wanted back, tidied; raises Refused."""
    reason = text.tidy(reason)
    problems = text.check(reason, "reason", least=1, most=JUSTIFICATION_MOST, lines=True)
    if problems:
        raise Refused(*problems)
    return reason


def check_request(kind: RestoreKind, *, waiting: bool) -> None:
    """Raise Refused while another request for the same object waits."""
    if waiting:
        message = f"a request to restore this {kind} waits for review: wait for its decision"
        raise Refused.one(Code.WRONG_STATE, message, "id")
