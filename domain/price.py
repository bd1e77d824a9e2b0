"""The operator's price list: what a package has, costs and promises (PKG-1, PKG-4)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain import text
from domain.errors import Code, Problem, Refused
from domain.text import quoted

ITEMS_MOST: Final = 200
"""How many items the list may have, on sale or not: none is ever deleted."""
NAME_MOST: Final = 60
UNITS_MOST: Final = 1_000_000_000
PRICE_MOST: Final = 10**15
DAYS_MOST: Final = 3_650
QUANTITY_MOST: Final = 100_000
AMOUNT_MOST: Final = 2**53 - 1
KEY_MOST: Final = 64

_CURRENCY: Final = re.compile("[A-Z]{3}")
_KEY: Final = re.compile(f"[!-~]{{1,{KEY_MOST}}}")


class RefusedUnits(StrEnum):
    """What becomes of the units of messages that a carrier turned down at submission.

    Units of what no carrier was asked to send come back in any case, and those of what a carrier
    took never do, whatever its receipt says.
    """

    RETURNED = "returned"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is sold: `units` segments for `price_micros` millionths of the currency unit.

    They can be used for `validity_days` once the package is effective.
    """

    name: str
    units: int
    price_micros: int
    currency: str
    validity_days: int
    refused_units: RefusedUnits = RefusedUnits.RETURNED


@dataclass(frozen=True, slots=True)
class Total:
    """What a purchase comes to."""

    units: int
    amount_micros: int


def offer(draft: Offer) -> Offer:
    """Return an offer that may stand in the list, tidied; raise Refused with what may not."""
    made = Offer(
        name=text.tidy(draft.name),
        units=draft.units,
        price_micros=draft.price_micros,
        currency=text.tidy(draft.currency),
        validity_days=draft.validity_days,
        refused_units=draft.refused_units,
    )
    problems = text.check(made.name, "name", least=1, most=NAME_MOST)
    problems += within(made.units, 1, UNITS_MOST, "units")
    problems += within(made.price_micros, 0, PRICE_MOST, "price_micros")
    problems += within(made.validity_days, 1, DAYS_MOST, "validity_days")
    if not _CURRENCY.fullmatch(made.currency):
        message = f"currency {quoted(made.currency)} is none: enter an ISO 4217 code such as USD"
        problems.append(Problem(Code.INVALID, message, ("currency",)))
    if problems:
        raise Refused(*problems)
    return made


def total(units: int, price_micros: int, quantity: int) -> Total:
    """Multiply an item; raise Refused where the purchase would be too large to count."""
    if problems := within(quantity, 1, QUANTITY_MOST, "quantity"):
        raise Refused(*problems)
    made = Total(units * quantity, price_micros * quantity)
    if made.units > UNITS_MOST:
        most = UNITS_MOST // units
        message = f'quantity "{quantity}" has {made.units} units: buy at most {most} at once'
        raise Refused.one(Code.OUT_OF_RANGE, message, "quantity")
    if made.amount_micros > AMOUNT_MOST:
        most = AMOUNT_MOST // price_micros
        message = f'quantity "{quantity}" costs {made.amount_micros} micros: buy at most {most}'
        raise Refused.one(Code.OUT_OF_RANGE, message, "quantity")
    return made


def check_amount(amount_micros: int, expected: int) -> None:
    """Raise Refused unless the buyer agreed to what a purchase costs now."""
    if amount_micros != expected:
        message = (
            f"the purchase costs {amount_micros} micros and not {expected}: "
            "read the price list and agree again"
        )
        raise Refused.one(Code.CONFLICT, message, "expected_amount_micros")


def check_key(key: str) -> None:
    """Raise Refused unless a client's key for a purchase is 1 to 64 visible ASCII characters."""
    if not _KEY.fullmatch(key):
        message = (
            f"idempotency key {quoted(key)} is not usable: "
            f"enter 1 to {KEY_MOST} visible ASCII characters, such as a UUID"
        )
        raise Refused.one(Code.INVALID, message, "idempotency_key")


def within(value: int, least: int, most: int, field: str) -> list[Problem]:
    """Find a number out of range."""
    if least <= value <= most:
        return []
    message = f'{field.replace("_", " ")} "{value}" is out of range: enter {least} to {most}'
    return [Problem(Code.OUT_OF_RANGE, message, (field,))]
