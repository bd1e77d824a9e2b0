"""Packages of Mainland China messages: which are used first, and what comes back (PKG-1, PKG-4)."""

from collections.abc import Sequence
from enum import StrEnum

from domain.errors import Code, Refused
from domain.text import counted


class PackageKind(StrEnum):
    """How an account came by a package."""

    GIFT = "gift"
    PURCHASED = "purchased"


class LedgerKind(StrEnum):
    """Why a balance changed."""

    GRANT = "grant"
    """A package was given or bought."""
    RESERVE = "reserve"
    """A task was consented to and holds what it may need."""
    RETURN = "return"
    """A task ended and did not need all of it."""


def spread(units: int, held: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take `units` from (package, units in it) pairs in their order: (package, units taken).

    Raises Refused (INSUFFICIENT_BALANCE) naming need and balance when they hold fewer, so that
    no balance ever falls below zero.
    """
    balance = sum(amount for _, amount in held)
    if units > balance:
        needed = counted(units, "unit")
        message = f"the task needs {needed} and the packages hold {balance}: buy a package"
        raise Refused.one(Code.INSUFFICIENT_BALANCE, message, "id")
    taken = []
    for package, amount in held:
        part = min(units, amount)
        if part:
            taken.append((package, part))
            units -= part
    return taken
