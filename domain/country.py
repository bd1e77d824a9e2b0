"""Countries and regions by their ISO 3166-1 codes: what they are called and how they are dialled.

Names are those of phonenumbers' geographic data, which itself would take 100 MB of memory; some
are newer. A test holds the table to the regions phonenumbers knows.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import phonenumbers


def name(code: str) -> str:
    """Give the English name; empty where a code is no country's, such as "DEF"."""
    return names().get(code, "")


def dial_code(code: str) -> str:
    """Give the country calling code without its plus; empty where a code is no country's."""
    found = phonenumbers.country_code_for_region(code)
    return str(found) if found else ""


@cache
def names() -> Mapping[str, str]:
    """Read the table once."""
    table = files("domain").joinpath("countries.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {row["code"]: row["name"] for row in csv.DictReader(table.splitlines())}
    )
