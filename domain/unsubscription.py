"""Unsubscribed users (UNS-1 to UNS-3): which replies unsubscribe, and asking to undo it."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from domain import text
from domain.errors import Code, Refused
from domain.template import OPT_OUT_REPLIES

CODE: Final = "FailedOperation.PhoneNumberInBlacklist.Unsubscribed"
JUSTIFICATION_MOST: Final = 500


class UnsubscriptionStatus(StrEnum):
    """Whether a recipient still gets a signature's messages of one type."""

    UNSUBSCRIBED = "unsubscribed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class OptOut:
    """Which replies unsubscribe: these words, as long as the message is not older than `window`."""

    words: frozenset[str]
    window: timedelta

    @classmethod
    def of(cls, words: Iterable[str], window: timedelta) -> Self:
        """Fold the words as replies are folded."""
        return cls(frozenset(filter(None, map(_folded, words))), window)

    def asks(self, reply: str, sent_at: datetime, replied_at: datetime) -> bool:
        """Say whether a reply unsubscribes: a word and nothing else, in time (domain.md 5.6)."""
        return replied_at - sent_at <= self.window and _folded(reply) in self.words


def missing(words: Iterable[str]) -> list[str]:
    """Give the replies that marketing texts may promise, and that these words would not honour."""
    known = set(map(_folded, words))
    return [reply for reply in OPT_OUT_REPLIES if _folded(reply) not in known]


def status(removed_at: datetime | None) -> UnsubscriptionStatus:
    """Say where an unsubscription stands."""
    if removed_at is None:
        return UnsubscriptionStatus.UNSUBSCRIBED
    return UnsubscriptionStatus.REMOVED


def justification(reason: str) -> str:
    """Return why the number is to get messages again, tidied; raises Refused."""
    reason = text.tidy(reason)
    problems = text.check(reason, "reason", least=1, most=JUSTIFICATION_MOST, lines=True)
    if problems:
        raise Refused(*problems)
    return reason


def check_request(current: UnsubscriptionStatus, *, waiting: bool) -> None:
    """Raise Refused unless a number is unsubscribed and no request for it waits (UNS-3)."""
    if current is UnsubscriptionStatus.REMOVED:
        message = "the number gets messages again already: nothing is left to be removed"
        raise Refused.one(Code.WRONG_STATE, message, "id")
    if waiting:
        message = "a request to remove this unsubscription waits for review: wait for its decision"
        raise Refused.one(Code.WRONG_STATE, message, "id")


def check_removal(asked_after: int, opt_outs: int) -> None:
    """Raise Refused when the recipient unsubscribed again after the removal was asked for."""
    if opt_outs != asked_after:
        message = "the recipient has unsubscribed again since the request was made: reject it"
        raise Refused.one(Code.CONFLICT, message, "id")


def _folded(text: str) -> str:
    # Handsets type full-width letters beside Chinese.
    return unicodedata.normalize("NFKC", text).strip().casefold()
