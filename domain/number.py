"""Mobile numbers: what people type, and the E.164 form everything else uses (BLK-9, CUS-2)."""

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberType,
)

from domain.errors import Code, Problem, Refused
from domain.region import Region
from domain.text import quoted

UNKNOWN_COUNTRY: Final = "DEF"
_MAINLAND_CODE: Final = 86
_LONGEST_E164: Final = 15
_LONGEST_DIAL_CODE: Final = 3
_LONGEST_INPUT: Final = 64  # 15 digits of E.164 with every sign people put around them


@dataclass(frozen=True, slots=True)
class Number:
    """A valid mobile number.

    `e164` has the plus ("+8613800138000"); `country` is ISO 3166-1 ("CN"), or "DEF" where a
    country code belongs to none (satellites); `dial_code` has no plus ("86").
    """

    e164: str
    country: str
    dial_code: str
    region: Region


# Ways to write a mainland number: bare, after 86, 0086 or +86, each with or without the trunk 0.
# The mobile ranges are those of the numbering plan as phonenumbers publishes it; a test walks
# every prefix against that library, so an upgrade that moves a range fails there.
_MAINLAND: Final = re.compile(
    r"(?:(?:\+|00)?86)?0?(1(?:"
    r"(?:[38][0-9]|4[57]|[59][0-35-9]|6[25-7]|7[0-35-8])[0-9]{8}|(?:610[0-9]|740[0-5])[0-9]{6}"
    r"))"
)
_INTERNATIONAL: Final = re.compile(r"(\+|00)?([1-9][0-9]{4,16})")  # a trunk 0 may stand inside
_BARE: Final = re.compile(r"1[0-9]{10}")
_SEPARATOR: Final = re.compile("[,;\t\uff0c\u3001\uff1b]")

_DROPPED: Final = (
    " \t\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d()\uff08\uff09"
    # Contact applications wrap a copied number in invisible direction marks; files open with a BOM.
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
)
_FOLD: Final = str.maketrans("０１２３４５６７８９＋", "0123456789+", _DROPPED)  # noqa: RUF001 - full-width forms

# What a text message cannot reach. Numbers of every other kind are mobile or may be
# (in North America the plan does not tell).
_DEAF: Final = {
    PhoneNumberType.FIXED_LINE: "a fixed line",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.UAN: "a company switchboard",
    PhoneNumberType.VOICEMAIL: "a voice mailbox",
}


def mainland(text: str) -> str | None:
    """Return the E.164 form of a Mainland China mobile number, or None; made for file rows.

    Its verdict is that of phonenumbers ("a valid mobile number of CN") on every spelling with
    digits and an optional plus, except dialling through a carrier-selection code (12593...),
    which is a way to place a call and no part of a number.
    """
    match = _MAINLAND.fullmatch(text) or _MAINLAND.fullmatch(_folded(text))
    return f"+86{match[1]}" if match else None


def parse(text: str, region: Region) -> Number | Problem:
    """Read one recipient; blanks, dashes, round brackets and full-width digits are folded.

    Mainland numbers stand bare or after 86, 0086, +86. Global ones are country code and number,
    with or without + or 00 (8526666XXXX; Hong Kong, Macao and Taiwan are Global), and are read
    literally: 13802345678 there is a number of Ohio. A number of the other region is a MISMATCH,
    anything else that is no mobile number is INVALID.
    """
    if region is Region.MAINLAND:
        e164 = mainland(text)
        return Number(e164, "CN", "86", region) if e164 else _not_mainland(text)
    return _international(text)


def anywhere(text: str) -> Number | Problem:
    """Read a number of whatever region, written as in either of them.

    Eleven bare digits from 1 are a number of Mainland China or mistyped, so one of North America
    needs its plus.
    """
    found = parse(text, Region.MAINLAND)
    if isinstance(found, Number):
        return found
    found = _international(text)
    bare = _BARE.fullmatch(_folded(text)) is not None
    if isinstance(found, Number):
        if not bare:
            return found
        way = f"write 11 digits of Mainland China, or {found.e164} if its country code is 1"
        return _invalid(text, "is not a mobile number", way)
    way = "write 11 digits of Mainland China, or country code and number such as +85266661234"
    return _invalid(text, "is not a mobile number", way)


def elsewhere(e164: str, country: str, wanted: Region) -> Problem:
    """Word the MISMATCH of a known number (E.164, ISO country) that is not of region `wanted`."""
    if wanted is Region.MAINLAND:
        return _mismatch(e164, _abroad(country), "Global SMS")
    return _mismatch(e164, "Mainland China", "Mainland China SMS")


def split(e164: str) -> tuple[str, str]:
    """Split E.164 into country code and the rest; no country code begins another one.

    What is no E.164 has no country code: a message that was refused for its number keeps that
    number as it was given, and its status is told like any other.
    """
    digits = e164.removeprefix("+")
    if digits == e164 or not (digits.isascii() and digits.isdecimal()):
        return "", digits
    for length in range(1, _LONGEST_DIAL_CODE + 1):
        if int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length], digits[length:]
    return "", digits


def part(text: str) -> str:
    """Fold what somebody typed of a number, to look for it inside E.164 forms."""
    return _folded(text).lstrip("+")


def split_list(text: str, limit: int, field: str = "numbers") -> list[tuple[int, str]]:
    """Split a pasted list into (line number from 1, entry), skipping empty entries.

    Entries stand one a line, or between commas, semicolons or tabs; blanks inside an entry belong
    to it ("138 0013 8000"). More than `limit` entries raise Refused.
    """
    entries: list[tuple[int, str]] = []
    for line_number, line in enumerate(text.splitlines(), 1):
        found = [(line_number, raw) for raw in map(str.strip, _SEPARATOR.split(line)) if raw]
        if len(entries) + len(found) > limit:
            message = f"{field} has more than {limit} entries: split the list"
            raise Refused.one(Code.LIMIT_EXCEEDED, message, field)
        entries += found
    return entries


def _folded(text: str) -> str:
    """Drop the signs people group digits with; "" for what is too long to be a number."""
    return text.translate(_FOLD) if len(text) <= _LONGEST_INPUT else ""


def _international(text: str) -> Number | Problem:
    match = _INTERNATIONAL.fullmatch(_folded(text))
    found = _read(match[2]) if match else None
    allocated = found is not None and phonenumbers.is_valid_number(found)
    if found is None or (mainland(text) and not allocated):
        if mainland(text):
            return _mismatch(text, "Mainland China", "Mainland China SMS")
        way = "write country code and mobile number, such as 85266661234"
        return _invalid(text, "is not a phone number of any country", way)
    if found.country_code == _MAINLAND_CODE:
        return _mismatch(text, "Mainland China", "Mainland China SMS")
    kind = _DEAF.get(phonenumbers.number_type(found))
    if kind:
        return _invalid(text, f"is {kind}", "enter a mobile number")
    return Number(
        e164=phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164),
        country=_country(found),
        dial_code=str(found.country_code),
        region=Region.GLOBAL,
    )


def _not_mainland(text: str) -> Problem:
    """Tell a number of elsewhere from a mistyped one: bare digits from 1 are a mistyped one."""
    match = _INTERNATIONAL.fullmatch(_folded(text))
    found = _read(match[2]) if match and (match[1] or match[2][0] != "1") else None
    if found is not None and found.country_code != _MAINLAND_CODE:
        return _mismatch(text, _abroad(_country(found)), "Global SMS")
    way = "write 11 digits, such as 13800138000"
    return _invalid(text, "is not a Mainland China mobile number", way)


def _read(digits: str) -> phonenumbers.PhoneNumber | None:
    """Read digits from the country code on; None for what its numbering plan rules out.

    Allocation lists lag behind carriers (no released one knows the guide's own 8526666XXXX), so a
    number of the plan's shape passes even where its range is listed as free.
    """
    try:
        found = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return None
    code = found.country_code or 0
    national = phonenumbers.national_significant_number(found)
    if len(f"{code}{national}") > _LONGEST_E164:
        return None
    main_region = phonenumbers.region_code_for_country_code(code)
    plan = PhoneMetadata.metadata_for_region_or_calling_code(code, main_region)
    shape = (plan.general_desc.national_number_pattern or "") if plan and plan.general_desc else ""
    in_plan = re.fullmatch(shape, national)
    return found if in_plan or phonenumbers.is_valid_number(found) else None


def _country(found: phonenumbers.PhoneNumber) -> str:
    country = phonenumbers.region_code_for_number(found)
    return country if country in phonenumbers.SUPPORTED_REGIONS else UNKNOWN_COUNTRY


def _invalid(text: str, fault: str, way_out: str) -> Problem:
    return Problem(Code.INVALID, f"mobile number {quoted(text)} {fault}: {way_out}")


def _abroad(country: str) -> str:
    return f"{country}, outside Mainland China"


def _mismatch(text: str, place: str, chapter: str) -> Problem:
    message = f"mobile number {quoted(text)} is registered in {place}: use {chapter} for it"
    return Problem(Code.MISMATCH, message)
