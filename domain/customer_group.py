"""What may be said about a group of customers (CUS-4)."""

from dataclasses import dataclass
from typing import Final

from domain.errors import Problem, Refused
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
