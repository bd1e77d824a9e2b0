"""What may be said about a sub-account when it is created or edited (CAM-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain import email as emails
from domain.account import user_name
from domain.errors import Code, Problem, Refused
from domain.number import Number, mainland, parse
from domain.region import Region
from domain.text import check, quoted, tidy

REMARK_MOST: Final = 200
ROOT_NAME: Final = "root"


@dataclass(frozen=True, slots=True)
class Contact:
    """What is kept about a sub-account beside its name; `phone` is E.164 or empty."""

    remark: str
    phone: str
    email: str


def contact(remark: str, phone: str, email: str) -> Contact:
    """Check remark, phone and e-mail, each empty when there is none; raises Refused."""
    remark, phone, email = tidy(remark), tidy(phone), tidy(email)
    problems = check(remark, "remark", least=0, most=REMARK_MOST)
    number = _phone(phone) if phone else ""
    if isinstance(number, Problem):
        problems.append(number)
        number = ""
    if email and not emails.is_address(email):
        message = f"e-mail address {quoted(email)} is not usable: write one such as ops@example.com"
        problems.append(Problem(Code.INVALID, message, ("email",)))
    if problems:
        raise Refused(*problems)
    return Contact(remark, number, email)


def new_name(text: str, *field: str) -> str:
    """Check the name of a new sub-account; the root account signs in as `root` itself."""
    name = user_name(text)
    if name.lower() == ROOT_NAME:
        message = f'user name "{name}" is that of the root account: choose another'
        raise Refused.one(Code.TAKEN, message, *(field or ("name",)))
    return name


def new_names(texts: Sequence[str], most: int) -> tuple[str, ...]:
    """Check the names of a quick creation, each with its place in `names`; raises Refused."""
    if not texts:
        raise Refused.one(Code.REQUIRED, f"names is empty: enter 1 to {most} names", "names")
    if len(texts) > most:
        message = f"names has {len(texts)} entries: create at most {most} sub-accounts at once"
        raise Refused.one(Code.LIMIT_EXCEEDED, message, "names")
    names: list[str] = []
    problems: list[Problem] = []
    for position, text in enumerate(texts):
        place = ("names", str(position))
        try:
            name = new_name(text)
        except Refused as refusal:
            problems += [Problem(each.code, each.message, place) for each in refusal.problems]
            continue
        if name in names:
            message = f"user name {quoted(name)} stands twice: enter each name once"
            problems.append(Problem(Code.TAKEN, message, place))
        names.append(name)
    if problems:
        raise Refused(*problems)
    return tuple(names)


def _phone(text: str) -> str | Problem:
    """Read a mobile number of any country."""
    inside = mainland(text)
    if inside:
        return inside
    found = parse(text, Region.GLOBAL)
    if isinstance(found, Number):
        return found.e164
    message = f"phone {quoted(text)} is no mobile number: write country code and number"
    return Problem(Code.INVALID, f"{message}, such as +8613800138000", ("phone",))
