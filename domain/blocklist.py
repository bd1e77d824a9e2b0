"""The blocklist's rules (BLO-1 to BLO-3): for whose messages, from when, and how it is left."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain import review
from domain.errors import Code, Problem, Refused
from domain.region import Region
from domain.review import ReviewStatus
from domain.text import quoted

CODE: Final = "FailedOperation.PhoneNumberInBlacklist.Blocklisted"
ADDED_AT_ONCE: Final = 1_000
REMOVED_AT_ONCE: Final = 100


class BlocklistStatus(StrEnum):
    """Whether an entry keeps messages away yet."""

    PENDING = "pending"
    EFFECTIVE = "effective"


class AddedStatus(StrEnum):
    """What became of one entry of a pasted list."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


def in_force_since(at: datetime, delay: timedelta) -> datetime:
    """Say by when an entry must have been added to be in force at a time."""
    return at - delay


def status(added_at: datetime, now: datetime, delay: timedelta) -> BlocklistStatus:
    """Say whether an entry is in force (BLO-2)."""
    if added_at <= in_force_since(now, delay):
        return BlocklistStatus.EFFECTIVE
    return BlocklistStatus.PENDING


def check_signature(content: str, region: Region, current: ReviewStatus) -> None:
    """Raise Refused unless a signature is one for Mainland China and approved (BLO-1)."""
    if region is not Region.MAINLAND:
        message = (
            f"signature {quoted(content)} is for Global SMS, which has no blocklist: "
            "choose one for Mainland China"
        )
        raise Refused.one(Code.MISMATCH, message, "signature_id")
    review.check_usable("signature", current, "signature_id")


def check_removal(entries: int, *, confirmed: bool) -> None:
    """Raise Refused unless 1 to 100 entries are to be removed, and for good (BLO-3)."""
    problems = []
    if not entries:
        message = f"ids is empty: name 1 to {REMOVED_AT_ONCE} entries of the blocklist"
        problems.append(Problem(Code.REQUIRED, message, ("ids",)))
    if entries > REMOVED_AT_ONCE:
        message = f"ids has {entries} entries: remove at most {REMOVED_AT_ONCE} at once"
        problems.append(Problem(Code.TOO_LARGE, message, ("ids",)))
    if not confirmed:
        message = (
            "a removal cannot be undone, and the numbers get messages again at once: "
            "confirm it with true"
        )
        problems.append(Problem(Code.CONSENT_REQUIRED, message, ("confirm",)))
    if problems:
        raise Refused(*problems)
