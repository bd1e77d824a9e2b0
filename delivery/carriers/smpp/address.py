"""Addresses of SMPP as phone numbers."""

from typing import Final

from domain.number import mainland

_NATIONAL: Final = 2
_SHORTEST, _LONGEST = 3, 15  # E.164


def phone(address: str, ton: int) -> str:
    """Give an address in E.164; empty for a name, and for what is no number.

    Carriers leave the plus out, and most leave the type of number unknown, so that digits are
    taken to begin with a country code. Those said to be national are Mainland China's.
    """
    digits = address.strip().removeprefix("+").removeprefix("00")
    if not (digits.isascii() and digits.isdecimal() and _SHORTEST <= len(digits) <= _LONGEST):
        return ""
    return (mainland(digits) if ton == _NATIONAL else None) or f"+{digits}"
