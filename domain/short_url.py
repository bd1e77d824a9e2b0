"""Short URLs (URL-1): their form, their codes, and what templates may say of them (URL-3)."""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from domain import short_url_target, text
from domain.errors import Code, Problem, Refused
from domain.link import links
from domain.text import quoted

NAME_MOST: Final = 60
BASE_MOST: Final = 200
PATH: Final = "/s/"
CODE_LENGTH: Final = 8
# People type codes from a screen: no letter looks like a digit or another letter, and case is
# nothing to get wrong. 31 ** 8 are 850,000 million codes.
ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"

_CODE: Final = re.compile(rf"([{ALPHABET}]{{{CODE_LENGTH}}})(?![a-z0-9])", re.IGNORECASE)
_BASE: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_SHORT: Final = re.compile(rf"(?:https?://)?([^/?#]+){PATH}([^/?#]*)", re.IGNORECASE)
_DEFAULT_PORT: Final = re.compile(r":(?:80|443)$")


class ShortUrlStatus(StrEnum):
    """Whether a short URL still leads to its address."""

    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Draft:
    """A short URL that may be made; `target` is ASCII, `base` what its address begins with."""

    name: str
    target: str
    base: str


class Mention(NamedTuple):
    """An address in a template that looks like a short URL; `code` is None where none can be."""

    written: str
    host: str
    code: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a code that a template mentions."""

    short_url_id: int
    owner: int
    host: str
    expires_at: datetime


class Held(NamedTuple):
    """A short URL that a template holds."""

    url: str
    expires_at: datetime
    deleted: bool


def draft(name: str, original_url: str, base: str) -> Draft:
    """Return what may be made; raises Refused with every problem of the form.

    `base` is the setting, or the address the caller used: short URLs begin with it.
    """
    name = text.tidy(name)
    problems = text.check(name, "name", least=1, most=NAME_MOST)
    base = base.lower()
    if not is_base(base):
        message = f"this server is called as {quoted(base)}, which no short URL can begin with"
        way_out = "have the operator set SMS_CONSOLE_SHORT_URL_BASE"
        raise Refused(*problems, Problem(Code.INVALID, f"{message}: {way_out}"))
    try:
        target = short_url_target.check(original_url, short_url_target.host_of(base))
    except Refused as refusal:
        raise Refused(*problems, *refusal.problems) from None
    if problems:
        raise Refused(*problems)
    return Draft(name, target, base)


def is_base(base: str) -> bool:
    """Say whether short URLs may begin with it: scheme, host and perhaps a port, nothing else."""
    return len(base) <= BASE_MOST and _BASE.fullmatch(base) is not None


def new_code() -> str:
    """Draw a code from the system's random source."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def code_at(rest: str) -> str | None:
    """Read the code out of what stands behind "/s/"; None where there is none.

    Phones take for a part of a link what is written close behind it, so a full stop, a bracket or
    Chinese text there do no harm.
    """
    found = _CODE.match(rest)
    return found.group(1).lower() if found else None


def address(base: str, code: str) -> str:
    """Put a short URL together."""
    return f"{base}{PATH}{code}"


def sought(search: str) -> str | None:
    """Read a code out of what somebody searches for: a short URL, or the code alone."""
    found = _SHORT.fullmatch(search)
    return code_at(found.group(2) if found else search)


def status(expires_at: datetime, now: datetime) -> ShortUrlStatus:
    """Say whether a short URL still redirects."""
    return ShortUrlStatus.ACTIVE if now < expires_at else ShortUrlStatus.EXPIRED


def check_removal(*, confirmed: bool) -> None:
    """Raise Refused unless a deletion is confirmed."""
    if not confirmed:
        message = (
            "links in messages that were sent stop working at once and the clicks are erased: "
            "confirm it with true"
        )
        raise Refused.one(Code.CONSENT_REQUIRED, message, "confirm")


def mentions(content: str) -> list[Mention]:
    """Find what in a template may be a short URL, of whatever host; variables are never in one."""
    return [
        Mention(link, host(found.group(1)), code_at(found.group(2)))
        for link in links(content)
        if (found := _SHORT.match(link))
    ]


def dead(held: Iterable[Held], at: datetime) -> list[Problem]:
    """Say which of a template's short URLs lead its recipients nowhere at a moment, and why."""
    problems = []
    for each in held:
        code, fault = Code.NOT_FOUND, "was deleted"
        if not each.deleted:
            if status(each.expires_at, at) is ShortUrlStatus.ACTIVE:
                continue
            code, fault = Code.WRONG_STATE, f"expires on {each.expires_at:%Y-%m-%d at %H:%M} UTC"
        label = f"the template's short URL {quoted(each.url)} {fault}, before the task is sent"
        way_out = "put a new short URL into the template, or choose another template"
        problems.append(Problem(code, f"{label}: {way_out}"))
    return problems


def host(base: str) -> str:
    """Give host and port of an address as they are compared."""
    return _DEFAULT_PORT.sub("", base.lower().rpartition("//")[2])


def bound(
    mentioned: Iterable[Mention],
    known: Mapping[str, Known],
    own_hosts: Iterable[str],
    owner: int,
    now: datetime,
) -> set[int]:
    """Give the ids of the short URLs that a template of `owner` holds; raises Refused.

    Addresses of other hosts are none of ours. A short URL of nobody, of another account or one
    that has expired would cost every recipient a click on a dead link: it is refused.
    """
    found: set[int] = set()
    problems = list(_judged(mentioned, known, frozenset(own_hosts), owner, now, found))
    if problems:
        raise Refused(*problems)
    return found


def _judged(  # noqa: PLR0913, PLR0917 - what `bound` judges, and where it puts what is good
    mentioned: Iterable[Mention],
    known: Mapping[str, Known],
    own_hosts: frozenset[str],
    owner: int,
    now: datetime,
    found: set[int],
) -> Iterator[Problem]:
    for mention in dict.fromkeys(mentioned):
        there = known.get(mention.code or "")
        if there is not None and there.host != mention.host:
            there = None
        label = f"content has the link {quoted(mention.written)}"
        if there is None and mention.host not in own_hosts:
            continue
        if there is None or there.owner != owner:
            fault = "which is no short URL of this account: create it first, or correct the link"
            yield Problem(Code.NOT_FOUND, f"{label}, {fault}", ("content",))
        elif status(there.expires_at, now) is ShortUrlStatus.EXPIRED:
            fault = f"which expired on {there.expires_at:%Y-%m-%d}: create a new short URL"
            yield Problem(Code.WRONG_STATE, f"{label}, {fault}", ("content",))
        else:
            found.add(there.short_url_id)
