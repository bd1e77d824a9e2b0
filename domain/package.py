"""Packages of Mainland China messages: which are used first, and what comes back (PKG-1, PKG-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import Code, Refused
from domain.price import RefusedUnits
from domain.region import IdentityKind
from domain.terms import Terms
from domain.text import counted

PACKAGES_MOST: Final = 1_000
"""How many packages with units in them an account may hold: a task may take from all of them."""


class PackageKind(StrEnum):
    """How an account came by a package."""

    GIFT = "gift"
    PURCHASED = "purchased"


class PackageStatus(StrEnum):
    """Whether a package can be used."""

    NOT_YET_EFFECTIVE = "not_yet_effective"
    IN_USE = "in_use"
    USED_UP = "used_up"
    EXPIRED = "expired"


class LedgerKind(StrEnum):
    """Why a balance changed."""

    GRANT = "grant"
    """A package was given or bought."""
    RESERVE = "reserve"
    """A task was consented to, or a single message accepted, and holds what it may need."""
    RETURN = "return"
    """The task ended, or the message was turned down, and did not need all of it."""
    EXPIRE = "expire"
    """The package expired and what was left in it is lost."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a task has taken from one package, and what that package promises."""

    package: int
    units: int
    refused_units: RefusedUnits


def gift_units(kind: IdentityKind, terms: Terms) -> int:
    """Say how many units an account is given when its identity is verified (domain.md 5.2)."""
    return terms.gift_individual if kind is IdentityKind.INDIVIDUAL else terms.gift_organization


def status(
    remaining: int, effective_at: datetime, expires_at: datetime, now: datetime
) -> PackageStatus:
    """Say whether a package can be used; what has expired is expired, used up or not."""
    if expires_at <= now:
        return PackageStatus.EXPIRED
    if not remaining:
        return PackageStatus.USED_UP
    return PackageStatus.IN_USE if effective_at <= now else PackageStatus.NOT_YET_EFFECTIVE


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


def allot(
    needs: Sequence[tuple[int, int]], held: Sequence[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """Say what single messages take: (message, package, units), in the order of the messages.

    `needs` are (message, units), `held` (package, units in it) in the order in which packages are
    used. A message for which too little is left takes nothing, and a smaller one behind it may
    still have enough.
    """
    left = [[package, units] for package, units in held if units]
    total = sum(units for _, units in left)
    taken = []
    for message, wanted in needs:
        if wanted > total:
            continue
        total -= wanted
        units = wanted
        while units:
            package, amount = left[0]
            part = min(units, amount)
            taken.append((message, package, part))
            left[0][1] -= part
            units -= part
            if not left[0][1]:
                left.pop(0)
    return taken


def returned(unsent: int, refused: int, drawn: Sequence[Drawn]) -> list[tuple[int, int]]:
    """Say what comes back to which package at a task's end: (package, units).

    `unsent` units are those of messages no carrier was asked to send, `refused` those a carrier
    turned down: they come back to packages that return them, as far as the task has taken from
    such. `drawn` is in the order in which packages get their units back.
    """
    back = dict(spread(unsent, [(each.package, each.units) for each in drawn]))
    left = [
        (each.package, each.units - back.get(each.package, 0))
        for each in drawn
        if each.refused_units is RefusedUnits.RETURNED
    ]
    for package, units in spread(min(refused, sum(units for _, units in left)), left):
        back[package] = back.get(package, 0) + units
    return [(each.package, back[each.package]) for each in drawn if each.package in back]
