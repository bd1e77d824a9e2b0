"""What a send answers: each code with its number in API v5, its scope and what it says (API-1).

The table is that of domain.md 1.6; the legacy numbers pair codes of equal meaning.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

OK: Final = "Ok"
OTHER: Final = "InternalError.OtherError"
_LEGACY_OTHER: Final = 1007


class Scope(StrEnum):
    """What a code is about."""

    REQUEST = "request"
    """The request as a whole: nothing of it was sent."""
    NUMBER = "number"
    """One of its numbers."""


@dataclass(frozen=True, slots=True)
class SendCode:
    """One code; `legacy` is its number in API v5, 1007 ("other error") where it has none."""

    code: str
    legacy: int
    scope: Scope
    message: str


def lookup(code: str) -> SendCode:
    """Explain a code.

    Some outcomes are told apart more finely inside ("...PhoneNumberInBlacklist.Unsubscribed"):
    callers are given the published code they begin with. One that is in no table is OTHER.
    """
    table = send_codes()
    return table.get(code) or table.get(code.rpartition(".")[0]) or table[OTHER]


@cache
def send_codes() -> Mapping[str, SendCode]:
    """Read the table once, by code."""
    table = files("domain").joinpath("send_codes.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["code"]: SendCode(
                row["code"],
                int(row["legacy"] or _LEGACY_OTHER),
                Scope(row["scope"]),
                row["message"],
            )
            for row in csv.DictReader(table.splitlines())
        }
    )
