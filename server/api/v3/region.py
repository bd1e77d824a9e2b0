"""Regions as the server API numbers them: 0 Mainland China, 1 everywhere else (domain.md 1.5)."""

from typing import Final

from domain.errors import Code, Refused
from domain.region import Region

REGION_OF: Final = {0: Region.MAINLAND, 1: Region.GLOBAL}
NUMBER_OF: Final = {region: number for number, region in REGION_OF.items()}


def same_region(current: Region, international: int) -> None:
    """Raise Refused where a change names another region than what is changed has."""
    if REGION_OF[international] is not current:
        message = f'"{international}" is another region than the stored one: it cannot be changed'
        raise Refused.one(Code.MISMATCH, message, "region")
