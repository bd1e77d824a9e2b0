"""Applications: what they are called, and when a switch of theirs has effect (APP)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain import text
from domain.errors import Code, Refused

NAME_MOST: Final = 30
OVERVIEW_MOST: Final = 200


class Status(StrEnum):
    """Whether an application sends; a switch takes a while to have effect (APP-5)."""

    ENABLED = "enabled"
    DISABLING = "disabling"
    DISABLED = "disabled"
    ENABLING = "enabling"

    @property
    def sends(self) -> bool:
        """An application sends until disabling is done, and again once enabling is."""
        return self in {Status.ENABLED, Status.DISABLING}


@dataclass(frozen=True, slots=True)
class Draft:
    """Name and overview, tidied and within bounds."""

    name: str
    overview: str


def draft(name: str, overview: str) -> Draft:
    """Return what may be stored (APP-1, APP-4); the bounds are ours, the guide names none."""
    made = Draft(text.tidy(name), text.tidy(overview))
    problems = text.check(made.name, "name", least=1, most=NAME_MOST)
    problems += text.check(made.overview, "overview", least=0, most=OVERVIEW_MOST, lines=True)
    if problems:
        raise Refused(*problems)
    return made


def new_key() -> str:
    """Make an AppKey: 32 hexadecimal digits from the system's random source (APP-1)."""
    return secrets.token_hex(16)


def status(
    wanted_enabled: bool,  # noqa: FBT001 - a stored value, not an option
    switched_at: datetime | None,
    now: datetime,
    delay: timedelta,
) -> Status:
    """Say what a switch made at `switched_at` (None: never) has come to by `now` (APP-5)."""
    if switched_at is not None and now < switched_at + delay:
        return Status.ENABLING if wanted_enabled else Status.DISABLING
    return Status.ENABLED if wanted_enabled else Status.DISABLED


def check_switch(current: Status, *, enabled: bool) -> None:
    """Raise Refused unless an application in this state can be switched.

    A switch under way cannot be turned back: one that has sent nothing for minutes would send
    for minutes more while "disabling".
    """
    needed, wanted = Status.ENABLED, Status.DISABLED
    if enabled:
        needed, wanted = wanted, needed
    if current is needed:
        return
    way_out = "nothing is left to do" if current is wanted else "wait until the change has effect"
    raise Refused.one(
        Code.WRONG_STATE, f"application is {current} and cannot become {wanted}: {way_out}", "id"
    )


def check_delete(current: Status) -> None:
    """Raise Refused unless the application is disabled (APP-6)."""
    if current is Status.DISABLED:
        return
    way_out = "disable it first" if current is Status.ENABLED else "wait until it is disabled"
    if current is Status.ENABLING:
        way_out = "wait until it is enabled, then disable it"
    raise Refused.one(
        Code.WRONG_STATE, f"application is {current} and cannot be deleted: {way_out}", "id"
    )


def check_sends(current: Status) -> None:
    """Raise Refused when an application in this state sends nothing (APP-5)."""
    if not current.sends:
        way_out = "enable it" if current is Status.DISABLED else "wait until it is enabled"
        raise Refused.one(
            Code.WRONG_STATE,
            f"application is {current} and sends nothing: {way_out}",
            "application",
        )
