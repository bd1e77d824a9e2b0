"""What may be said about a group of sub-accounts (CAM-1)."""

from dataclasses import dataclass
from typing import Final

from domain.errors import Refused
from domain.text import check, tidy

NAME_MOST: Final = 64
REMARK_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """The name and the remark of a group, checked."""

    name: str
    remark: str


def draft(name: str, remark: str) -> Draft:
    """Check a group's name (1 to 64 characters) and remark (at most 200); raises Refused."""
    name, remark = tidy(name), tidy(remark)
    problems = check(name, "name", least=1, most=NAME_MOST)
    problems += check(remark, "remark", least=0, most=REMARK_MOST)
    if problems:
        raise Refused(*problems)
    return Draft(name, remark)
