"""Countries and regions by their ISO 3166-1 codes, as numbers are registered in them (API-2)."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import phonenumbers

UNKNOWN_NAME: Final = "Default"
"""What the provider calls where a number of no country ("DEF") is registered."""


def name(code: str) -> str:
    """Give the English name of a code such as "CN"; "Default" for one that is in no table."""
    return _names().get(code, UNKNOWN_NAME)


def dial_code(code: str) -> str:
    """Give the country calling code without its plus; empty for a code of no country."""
    found = phonenumbers.country_code_for_region(code)
    return str(found) if found else ""


@cache
def _names() -> Mapping[str, str]:
    table = files("domain").joinpath("countries.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {row["code"]: row["name"] for row in csv.DictReader(table.splitlines())}
    )
