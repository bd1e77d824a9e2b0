"""What operators enter of a carrier, and what may be done with one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain import text
from domain.carrier_settings import Smpp, problems_of, problems_of_password, tidied
from domain.errors import Code, Problem, Refused
from domain.text import quoted

SIMULATOR: Final = "simulator"
"""The name of the carrier that every installation has."""

CARRIERS_MOST: Final = 100
NAME_MOST: Final = 40
NOTE_MOST: Final = 200

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


class CarrierKind(StrEnum):
    """What is behind a carrier."""

    SIMULATOR = "simulator"
    """Nobody: it makes its outcomes up (docs/sandbox.md)."""
    SMPP = "smpp"


@dataclass(frozen=True, slots=True)
class Draft:
    """A new carrier within bounds."""

    name: str
    note: str
    smpp: Smpp
    password: str


def draft(name: str, note: str, smpp: Smpp, password: str) -> Draft:
    """Return a new carrier as it may be stored; raises Refused with everything that is wrong."""
    made, note = tidied(smpp), text.tidy(note)
    problems = [*_name(name), *_note(note), *problems_of(made), *problems_of_password(password)]
    if problems:
        raise Refused(*problems)
    return Draft(name, note, made, password)


def check_speaks(smpp: Smpp | None) -> Smpp:
    """Return settings that may be changed; raises Refused for the simulator, which has none."""
    if smpp is None:
        message = "the simulator does not speak SMPP: change its note only"
        raise Refused.one(Code.INVALID, message, "smpp")
    return smpp


def changed(
    note: str, before: Smpp | None, smpp: Smpp | None, password: str | None
) -> tuple[str, Smpp | None]:
    """Return note and settings as they may be stored in place of `before`; raises Refused.

    Without a password the old one stays, but is not handed to another host: whoever may edit a
    carrier may not read it.
    """
    made, note = smpp and tidied(smpp), text.tidy(note)
    problems = [*_note(note), *(problems_of(made) if made else [])]
    if password is not None:
        problems += problems_of_password(password)
    elif made and before and made.host != before.host:
        message = f"password is needed again: the old one was for {quoted(before.host)}"
        problems.append(Problem(Code.REQUIRED, message, ("smpp", "password")))
    if problems:
        raise Refused(*problems)
    return note, made


def check_room(count: int) -> None:
    """Raise Refused when an installation of `count` carriers takes no more."""
    if count >= CARRIERS_MOST:
        message = f"at most {CARRIERS_MOST} carriers: delete what is no longer needed"
        raise Refused.one(Code.LIMIT_EXCEEDED, message)


def check_delete(name: str, kind: CarrierKind, routes: Sequence[int]) -> None:
    """Raise Refused for the simulator, and while routes (by position) name the carrier."""
    if kind is CarrierKind.SIMULATOR:
        message = "the simulator cannot be deleted: leave it out of the routes instead"
        raise Refused.one(Code.NOT_PERMITTED, message, "id")
    if routes:
        word = "route" if len(routes) == 1 else "routes"
        named = ", ".join(map(str, routes))
        message = f"carrier {quoted(name)} is named by {word} {named}: take it out of them first"
        raise Refused.one(Code.WRONG_STATE, message, "id")


def has_room(smpp: Smpp | None, *, binds: int, wanted: int, window: int) -> bool:
    """Say whether a worker's connections to a carrier take another part now.

    Of `wanted` connections `binds` are bound, with `window` parts unanswered on all of them.
    """
    if not binds or smpp is None:
        return binds > 0
    return window * wanted < smpp.window * smpp.binds * binds


def _name(name: str) -> list[Problem]:
    if _NAME.fullmatch(name):
        return []
    message = f"name {quoted(name)} is not usable: enter 1 to {NAME_MOST} of a-z, 0-9 and hyphen"
    return [Problem(Code.INVALID, f"{message}, a letter first", ("name",))]


def _note(note: str) -> list[Problem]:
    return text.check(note, "note", least=0, most=NOTE_MOST)
