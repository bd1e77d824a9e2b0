"""Alarm contacts of an application: whom to tell, how, and of what (ALM-1)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from domain import email as emails
from domain import number, text
from domain.alarm import AlarmEvent, Language
from domain.errors import Code, Problem, Refused
from domain.number import Number
from domain.text import quoted

NAME_MOST: Final = 60
_CHINESE_SPEAKING: Final = "CN"


@dataclass(frozen=True, slots=True)
class Draft:
    """A contact that may be kept; it has a number or an e-mail address, or both."""

    name: str
    number: Number | None
    email: str | None
    events: frozenset[AlarmEvent]
    language: Language


def draft(
    name: str,
    phone: str,
    email: str,
    events: Collection[AlarmEvent],
    language: Language | None,
) -> Draft:
    """Return what may be kept, texts tidied; number and address are empty when there is none.

    Raises Refused with everything that may not. Without a language, the number decides.
    """
    name, phone, email = map(text.tidy, (name, phone, email))
    problems = text.check(name, "name", least=1, most=NAME_MOST)
    found = number.anywhere(phone) if phone else None
    if isinstance(found, Problem):
        problems.append(Problem(found.code, found.message, ("phone",)))
        found = None
    if email and not emails.is_address(email):
        message = f"e-mail address {quoted(email)} is not usable: write one such as ops@example.com"
        problems.append(Problem(Code.INVALID, message, ("email",)))
    if not phone and not email:
        message = "a contact without mobile number and e-mail cannot be told: enter one of the two"
        problems.append(Problem(Code.REQUIRED, message, ("phone",)))
    if not events:
        message = "events is empty: name at least one that the contact is told of"
        problems.append(Problem(Code.REQUIRED, message, ("events",)))
    if problems:
        raise Refused(*problems)
    return Draft(name, found, email or None, frozenset(events), language or _language(found))


def check_distinct(
    wanted: Draft, phones: Iterable[str | None], addresses: Iterable[str | None]
) -> None:
    """Raise Refused where another contact of the application has the number or the address.

    Each of them would get everything twice.
    """
    problems = []
    if wanted.number is not None and wanted.number.e164 in phones:
        message = (
            f'mobile number "{wanted.number.e164}" is that of another contact of this application: '
            "edit that one"
        )
        problems.append(Problem(Code.TAKEN, message, ("phone",)))
    email = wanted.email
    if email and email.lower() in {address.lower() for address in addresses if address}:
        message = (
            f"e-mail address {quoted(email)} is that of another contact of this application: "
            "edit that one"
        )
        problems.append(Problem(Code.TAKEN, message, ("email",)))
    if problems:
        raise Refused(*problems)


def _language(found: Number | None) -> Language:
    if found is not None and found.country == _CHINESE_SPEAKING:
        return Language.CHINESE
    return Language.ENGLISH
