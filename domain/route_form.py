"""What operators enter of a route, and the rules of it; no requirement names them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers

from domain import text
from domain.errors import Code, Problem, Refused
from domain.region import Region, SmsType
from domain.route import Target
from domain.text import quoted

ROUTES_MOST: Final = 200
TARGETS_MOST: Final = 10
WEIGHT_MOST: Final = 100
PREFIX_MOST: Final = 15  # digits of E.164
NOTE_MOST: Final = 200
UIN_MOST: Final = 18  # digits, so that it fits 64 bits

_MAINLAND_CODE: Final = "86"
_MAINLAND_COUNTRY: Final = "CN"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which messages a route takes: all for which every condition that is given holds."""

    region: Region | None = None
    country: str | None = None
    prefix: str | None = None
    sms_type: SmsType | None = None
    account_uin: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed; empty text stands for nothing."""

    targets: Sequence[Target]
    fallback: str = ""
    note: str = ""
    region: Region | None = None
    country: str = ""
    prefix: str = ""
    sms_type: SmsType | None = None
    account_uin: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A route within bounds; whether its carriers and its account exist is asked elsewhere."""

    conditions: Conditions
    targets: tuple[Target, ...]
    fallback: str | None
    note: str


def draft(form: Form) -> Draft:
    """Return what may be stored; raises Refused with everything that is wrong."""
    country, prefix = text.tidy(form.country).upper(), text.tidy(form.prefix).removeprefix("+")
    uin, note, fallback = map(text.tidy, (form.account_uin, form.note, form.fallback))
    problems = [*_country(country), *_prefix(prefix), *_uin(uin)]
    if not problems:
        problems += _agreement(form.region, country, prefix)
    problems += _targets(form.targets)
    if fallback in {target.carrier for target in form.targets}:
        message = f"fallback {quoted(fallback)} is a target already: leave it out or choose another"
        problems.append(Problem(Code.INVALID, message, ("fallback",)))
    problems += text.check(note, "note", least=0, most=NOTE_MOST)
    if problems:
        raise Refused(*problems)
    conditions = Conditions(
        form.region, country or None, prefix or None, form.sms_type, int(uin) if uin else None
    )
    return Draft(conditions, tuple(form.targets), fallback or None, note)


def check_carriers(made: Draft, known: Collection[str]) -> None:
    """Raise Refused for carriers that are not among the `known` ones."""
    named: list[tuple[tuple[str, ...], str]] = [
        (("targets", str(number), "carrier"), target.carrier)
        for number, target in enumerate(made.targets)
    ]
    if made.fallback:
        named.append((("fallback",), made.fallback))
    problems = [
        Problem(Code.NOT_FOUND, f"there is no carrier {quoted(name)}: create it first", field)
        for field, name in named
        if name not in known
    ]
    if problems:
        raise Refused(*problems)


def check_position(position: int, last: int) -> None:
    """Raise Refused for a place outside the table, whose last one is `last`."""
    if not 1 <= position <= last:
        message = f"position {position} is not in the table: enter 1 to {last}"
        raise Refused.one(Code.OUT_OF_RANGE, message, "position")


def check_room(count: int) -> None:
    """Raise Refused when the table of `count` routes takes no more."""
    if count >= ROUTES_MOST:
        message = f"at most {ROUTES_MOST} routes: delete what is no longer needed"
        raise Refused.one(Code.LIMIT_EXCEEDED, message)


def _country(country: str) -> list[Problem]:
    if not country or country in phonenumbers.SUPPORTED_REGIONS:
        return []
    message = f"country {quoted(country)} is not an ISO 3166-1 code: enter one such as HK"
    return [Problem(Code.INVALID, message, ("conditions", "country"))]


def _prefix(prefix: str) -> list[Problem]:
    if not prefix:
        return []
    field = ("conditions", "prefix")
    if not (prefix.isascii() and prefix.isdecimal()) or prefix.startswith("0"):
        message = f"prefix {quoted(prefix)} does not begin a number: enter digits such as 85266"
        return [Problem(Code.INVALID, f"{message}, from the country code on", field)]
    if len(prefix) > PREFIX_MOST:
        message = f"prefix {quoted(prefix)} has {len(prefix)} digits: enter at most {PREFIX_MOST}"
        return [Problem(Code.TOO_LONG, message, field)]
    return []


def _uin(uin: str) -> list[Problem]:
    if not uin or (uin.isascii() and uin.isdecimal() and len(uin) <= UIN_MOST):
        return []
    message = f"account uin {quoted(uin)} is not a uin: enter digits such as 12345678"
    return [Problem(Code.INVALID, message, ("conditions", "account_uin"))]


def _agreement(region: Region | None, country: str, prefix: str) -> list[Problem]:
    """Refuse conditions that no number fulfils together: such a route would never be taken."""
    problems = []
    if region and country and (region is Region.MAINLAND) != (country == _MAINLAND_COUNTRY):
        message = f"no number of {country} is in the region {region}: leave one of them out"
        problems.append(Problem(Code.MISMATCH, message, ("conditions", "country")))
    code = str(phonenumbers.country_code_for_region(country)) if country else ""
    if prefix and not _meet(prefix, code):
        message = f"no number of {country} begins with {prefix}, but with {code}"
        problems.append(Problem(Code.MISMATCH, message, ("conditions", "prefix")))
    elif prefix and (
        not _meet(prefix, _MAINLAND_CODE)
        if region is Region.MAINLAND
        else region is Region.GLOBAL and prefix.startswith(_MAINLAND_CODE)
    ):
        message = f"no number of the region {region} begins with {prefix}: leave one of them out"
        problems.append(Problem(Code.MISMATCH, message, ("conditions", "prefix")))
    return problems


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _targets(targets: Sequence[Target]) -> list[Problem]:
    field = ("targets",)
    if not targets:
        message = f"targets are empty: name 1 to {TARGETS_MOST} carriers"
        return [Problem(Code.REQUIRED, message, field)]
    if len(targets) > TARGETS_MOST:
        message = f"targets are {len(targets)}: name at most {TARGETS_MOST} carriers"
        return [Problem(Code.LIMIT_EXCEEDED, message, field)]
    problems, seen = [], set()
    for number, (carrier, weight) in enumerate(targets):
        at = (*field, str(number))
        if carrier in seen:
            message = f"carrier {quoted(carrier)} is named twice: give it one weight"
            problems.append(Problem(Code.INVALID, message, (*at, "carrier")))
        seen.add(carrier)
        if not 1 <= weight <= WEIGHT_MOST:
            message = f"weight {weight} is out of range: enter 1 to {WEIGHT_MOST}"
            problems.append(Problem(Code.OUT_OF_RANGE, message, (*at, "weight")))
    return problems
