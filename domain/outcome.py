"""Outcomes: what every error code of a submission or receipt means (STA-4, STA-5)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from domain.text import quoted

_LONGEST_CODE: Final = 100  # the longest published one has 63


class Bucket(StrEnum):
    """What a code comes down to.

    The provider's receipt analysis has five failures, INTERNAL to FREQUENCY in its order; CONTENT
    is told apart here and counted under INTERNAL where five have to add up.
    """

    SUCCESS = "success"
    INTERNAL = "internal"
    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "unreachable"
    BLOCKLIST = "blocklist"
    FREQUENCY = "frequency"
    CONTENT = "content"


FAILED_RECEIPTS: Final = (
    Bucket.INTERNAL,
    Bucket.INVALID_NUMBER,
    Bucket.UNREACHABLE,
    Bucket.BLOCKLIST,
    Bucket.FREQUENCY,
)
"""What failed receipts add up by, in the provider's order (domain.md 1.3)."""


class Source(StrEnum):
    """Who gave the code: a carrier's receipt, or the check of a submission."""

    RECEIPT = "receipt"
    SUBMIT = "submit"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One code with its reason in English; `legacy` is its number in API v5, where it has one."""

    code: str
    reason: str
    bucket: Bucket
    source: Source
    legacy: int | None


def lookup(code: str) -> Outcome:
    """Explain a code as a carrier or a submission gave it.

    A code of no table is an INTERNAL failure whose reason quotes it: carriers invent codes.
    """
    code = code.strip()[:_LONGEST_CODE]
    known = outcomes().get(code)
    if known is not None:
        return known
    reason = f"the carrier reported {quoted(code)}, which is in no table of codes"
    return Outcome(code, reason, Bucket.INTERNAL, Source.RECEIPT, None)


@cache
def bucketed() -> Mapping[str, Bucket]:
    """Give the codes whose receipts count in a bucket other than INTERNAL, by code."""
    wanted = set(FAILED_RECEIPTS) - {Bucket.INTERNAL}
    found = {code: one.bucket for code, one in outcomes().items() if one.bucket in wanted}
    return MappingProxyType(found)


@cache
def outcomes() -> Mapping[str, Outcome]:
    """Read the table once: the published codes of carriers and of the API, by code."""
    table = files("domain").joinpath("outcomes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines())
    return MappingProxyType({row["code"]: _outcome(row) for row in rows})


def _outcome(row: dict[str, str]) -> Outcome:
    return Outcome(
        code=row["code"],
        reason=row["reason"],
        bucket=Bucket(row["bucket"]),
        source=Source(row["source"]),
        legacy=int(row["legacy"]) if row["legacy"] else None,
    )
