"""What may be said about a group of customers (CUS-4)."""

from dataclasses import dataclass
from typing import Final

from domain.errors import Code, Problem, Refused
from domain.region import SmsType
from domain.text import check, tidy

NAME_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Draft:
    """The name of a group, checked, and what its members are sent."""

    sms_type: SmsType
    name: str


def name(text: str, *field: str) -> str:
    """Check a group's name (1 to 64 characters); raises Refused about `field`."""
    tidied = tidy(text)
    problems = check(tidied, "name", least=1, most=NAME_MOST)
    if problems:
        place = field or ("name",)
        raise Refused(*(Problem(each.code, each.message, place) for each in problems))
    return tidied


def draft(sms_type: SmsType, text: str, *field: str) -> Draft:
    """Check what a new group is to be; raises Refused about `field`."""
    return Draft(sms_type, name(text, *field))


def check_choice(*, existing: bool, new: bool) -> None:
    """Raise Refused unless exactly one of a group there is and a new one is named."""
    if not existing and not new:
        message = "no customer group is named: give groupId, or newGroup with a name"
        raise Refused.one(Code.REQUIRED, message, "group_id")
    if existing and new:
        message = "both groupId and newGroup are given: leave one of them out"
        raise Refused.one(Code.MISMATCH, message, "new_group")
