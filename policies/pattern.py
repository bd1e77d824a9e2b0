"""The canonical spelling of actions and resources, in policies and in requests.

Both sides are brought to one spelling once, when they are read, so that matching never has to
forgive anything: `"name/SMS: DeleteAppInfo "`, as the guide writes it (CAM-4), is
`name/sms:DeleteAppInfo`, and `sms:DeleteAppInfo` is the same action. Text outside ASCII is refused
outright: folding or normalising it would turn look-alikes into names.
"""

import difflib
import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

from policies.actions import CATALOGUE, Action, find
from policies.wildcard import MAX_STARS, STAR, collapse, matches, residuals

MAX_LENGTH: Final = 256
"""Characters of one action or resource; the longest real one has about sixty."""

BLANKS: Final = " \t"
MAX_APP_ID_DIGITS: Final = 20
SERVICES: Final = tuple(dict.fromkeys(action.service for action in CATALOGUE.values()))
RESOURCE_SERVICES: Final = ("sms", "cam")

_SPELLED: Final = {row.canonical: row for row in CATALOGUE.values()} | dict(CATALOGUE)
# What most policies say and all our own callers ask; this fixed form needs no closer look.
_COMMON: Final = re.compile(r"\*|qcs::sms::uin/[0-9]{1,20}:app/(?:[0-9]{1,20}|\*)")
_LOWER: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_DIGITS: Final = frozenset("0123456789")
_NAME: Final = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") | _DIGITS | {STAR}
_OBJECT: Final = _LOWER | _DIGITS | frozenset("/_.-") | {STAR}
_QCS_SEGMENTS: Final = 6


class Fault(StrEnum):
    """Which part of an action or a resource is wrong."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    TOO_WILD = "too wild"
    CHARACTER = "character"
    FORM = "form"
    PREFIX = "prefix"
    SERVICE = "service"
    ACTION = "action"
    PROJECT = "project"
    REGION = "region"
    ACCOUNT = "account"
    OBJECT = "object"


class PatternError(ValueError):
    """The text is no action or resource: what is wrong, and what to write instead.

    `message` is both in one sentence; `offset` counts characters from 0, None for the whole text.
    """

    def __init__(
        self, fault: Fault, problem: str, instead: str = "", offset: int | None = None
    ) -> None:
        self.fault = fault
        self.problem = problem
        self.instead = instead
        self.offset = offset
        self.message = f"{problem}; {instead}" if instead else problem
        super().__init__(self.message)


def canonical_action(text: str) -> str:
    """Return the canonical form of an action pattern of a policy: `name/service:Name` or `*`.

    Names without a star have to be in the catalogue and come back in its spelling.
    PatternError says what is wrong, and which name was probably meant.
    """
    spelled = _SPELLED.get(text)
    if spelled is not None:
        return spelled.canonical
    _check_text("action", text)
    prefix, slash, rest = text.rpartition("/")
    if slash and prefix.strip(BLANKS).lower() != "name":
        raise PatternError(
            Fault.PREFIX,
            f'action "{text}" begins with "{prefix.strip(BLANKS)}/"',
            'begin it with "name/"',
            0,
        )
    service, colon, name = (part.strip(BLANKS) for part in rest.partition(":"))
    if not colon and collapse(service) == STAR:
        return STAR
    if not colon or not service or not name:
        raise PatternError(
            Fault.FORM, f'action "{text}" names no service', 'write "name/service:Name" or "*"'
        )
    service, name = collapse(service.lower()), collapse(name)
    _check_characters("action", text, service + name, _NAME)
    if service == name == STAR:
        return STAR
    return _known(text, service, name)


def requested_action(text: str) -> Action:
    """Return the catalogue row that a request asks for, or raise PatternError."""
    action = _SPELLED.get(text)
    if action is not None:
        return action
    canonical = canonical_action(text)
    action = find(canonical.removeprefix("name/"))
    if action is None:
        raise PatternError(
            Fault.TOO_WILD, f'action "{text}" is several', "ask about one", text.find(STAR)
        )
    return action


@lru_cache(maxsize=1024)
def published(pattern: str) -> tuple[Action, ...]:
    """Return the catalogue rows that a canonical action pattern stands for, in their order."""
    return tuple(row for row in CATALOGUE.values() if matches(pattern, row.canonical))


def canonical_resource(text: str, *, owner_uin: str | None = None) -> str:
    """Return the canonical form of a resource pattern: `*` or six segments, in lower case.

    An empty account segment stands for `owner_uin`, the root account of the policy's creator; where
    there is none (in files), it is refused. An empty service becomes `*`, a region has to be empty.
    PatternError says which segment is wrong.
    """
    if _COMMON.fullmatch(text):
        return text
    _check_text("resource", text)
    if collapse(text.strip(BLANKS)) == STAR:
        return STAR
    segments = [
        "/".join(part.strip(BLANKS) for part in segment.lower().split("/"))
        for segment in text.split(":")
    ]
    if segments[0] != "qcs" or len(segments) != _QCS_SEGMENTS:
        raise PatternError(
            Fault.FORM,
            f'resource "{text}" does not have the six segments of "qcs"',
            'write "*" or "qcs::sms::uin/<uin>:app/<AppID>"',
        )
    _, project, service, region, account, thing = map(collapse, segments)
    _check_characters("resource", text, project + service + region + account + thing, _OBJECT)
    if project:
        raise PatternError(
            Fault.PROJECT,
            f'resource "{text}" names project "{project}"',
            "leave that segment empty",
        )
    if region.strip(STAR):
        raise PatternError(
            Fault.REGION, f'resource "{text}" names region "{region}"', "leave that segment empty"
        )
    service = _checked_service(text, service or STAR)
    account = _checked_account(text, account, owner_uin)
    _check_object(text, service, thing)
    canonical = f"qcs::{service}::{account}:{thing}"
    _check_stars("resource", text, canonical)
    return canonical


def requested_resource(text: str) -> str:
    """Return the canonical form of the one thing a request is about: `*` or without any star."""
    canonical = canonical_resource(text)
    if STAR in canonical and canonical != STAR:
        raise PatternError(
            Fault.TOO_WILD, f'resource "{text}" is several', 'ask about one or "*"', text.find(STAR)
        )
    return canonical


def application(owner_uin: int | str, app_id: int | str) -> str:
    """Return the canonical name of an application (CAM-5)."""
    return f"qcs::sms::uin/{owner_uin}:app/{app_id}"


def app_ids(pattern: str, owner_uin: int | str) -> tuple[str, ...]:
    """Return the patterns of the AppIDs of `owner_uin` that a canonical resource stands for.

    They consist of digits and stars; none means that no application of that account is meant.
    """
    prefix = application(owner_uin, "")
    if pattern.startswith(prefix):
        found: tuple[str, ...] = (pattern.removeprefix(prefix),)
    else:
        found = residuals(pattern, prefix) if STAR in pattern else ()
    return tuple(part for part in found if part and _DIGITS.issuperset(part.replace(STAR, "")))


def _check_text(what: str, text: str) -> None:
    if not text.strip(BLANKS):
        raise PatternError(Fault.EMPTY, f"the {what} is empty", 'write "*" where all is meant')
    if len(text) > MAX_LENGTH:
        raise PatternError(
            Fault.TOO_LONG,
            f"the {what} has {len(text)} characters, the limit is {MAX_LENGTH}",
            "shorten it",
        )
    for offset, letter in enumerate(text):
        if not (letter.isascii() and (letter.isprintable() or letter == "\t")):
            raise PatternError(
                Fault.CHARACTER,
                f"the {what} has the character U+{ord(letter):04X}",
                "use visible ASCII letters only",
                offset,
            )


def _check_characters(what: str, text: str, joined: str, allowed: frozenset[str]) -> None:
    for letter in joined:
        if letter not in allowed:
            offset = text.lower().find(letter.lower())
            raise PatternError(
                Fault.CHARACTER, f'{what} "{text}" has "{letter}" in a name', "remove it", offset
            )


def _check_stars(what: str, text: str, canonical: str) -> None:
    stars = canonical.count(STAR)
    if stars > MAX_STARS:
        raise PatternError(
            Fault.TOO_WILD,
            f'{what} "{text}" has {stars} stars, the limit is {MAX_STARS}',
            "name what is meant",
        )


def _known(text: str, service: str, name: str) -> str:
    if STAR not in service and service not in SERVICES:
        raise PatternError(
            Fault.SERVICE,
            f'action "{text}" names unknown service "{service}"',
            f"known are {', '.join(SERVICES)}",
        )
    canonical = f"name/{service}:{name}"
    _check_stars("action", text, canonical)
    if STAR in service or STAR in name:
        return canonical
    action = find(f"{service}:{name}")
    if action is None:
        meant = _meant(service, name)
        problem = f'unknown action "{text}"'
        if meant:
            raise PatternError(Fault.ACTION, f"{problem}, did you mean {meant}?")
        raise PatternError(Fault.ACTION, problem, "take a name from the action catalogue")
    return action.canonical


def _meant(service: str, name: str) -> str:
    names = {
        row.name.partition(":")[2].lower(): row.name.partition(":")[2]
        for row in CATALOGUE.values()
        if row.service == service
    }
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return names[close[0]] if close else ""


def _checked_service(text: str, service: str) -> str:
    if STAR not in service and service not in RESOURCE_SERVICES:
        raise PatternError(
            Fault.SERVICE,
            f'resource "{text}" names unknown service "{service}"',
            f"known are {', '.join(RESOURCE_SERVICES)}",
        )
    return service


def _checked_account(text: str, account: str, owner_uin: str | None) -> str:
    if not account:
        if owner_uin is None:
            raise PatternError(
                Fault.ACCOUNT, f'resource "{text}" names no account', 'write "uin/<uin>" or "*"'
            )
        return f"uin/{owner_uin}"
    uin = account.removeprefix("uin/")
    if account != STAR and (uin == account or not uin or not (_DIGITS | {STAR}).issuperset(uin)):
        raise PatternError(
            Fault.ACCOUNT, f'resource "{text}" names account "{account}"', 'write "uin/<uin>"'
        )
    return account


def _check_object(text: str, service: str, thing: str) -> None:
    if not thing:
        raise PatternError(Fault.OBJECT, f'resource "{text}" names no object', 'write "app/*"')
    if matches(service, "sms"):
        left = residuals(thing, "app/")
        if not any(
            part and len(part) <= MAX_APP_ID_DIGITS and (_DIGITS | {STAR}).issuperset(part)
            for part in left
        ):
            raise PatternError(
                Fault.OBJECT,
                f'resource "{text}" names no application',
                'end it with "app/*" or "app/<AppID>"',
            )
