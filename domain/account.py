"""What an account may do by its identity, and what makes a password and a user name (ACC)."""

import re
import string
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind
from domain.text import quoted, tidy


class Capability(StrEnum):
    """What not every account may do (ACC-2, ACC-3)."""

    CREATE_APPLICATION = "create_application"
    MARKETING = "marketing"
    COMPANY_SIGNATURE = "company_signature"
    TRADEMARK_SIGNATURE = "trademark_signature"
    GOVERNMENT_SIGNATURE = "government_signature"
    FREQUENCY_RULE = "frequency_rule"
    SHORT_URL = "short_url"
    SIGN_API = "sign_api"


@dataclass(frozen=True, slots=True)
class _Requirement:
    what: str
    organization: bool
    verified: bool


_REQUIREMENTS: Final = {
    Capability.CREATE_APPLICATION: _Requirement(
        "creating an application", organization=False, verified=True
    ),
    Capability.MARKETING: _Requirement("marketing SMS", organization=True, verified=False),
    Capability.COMPANY_SIGNATURE: _Requirement(
        "a signature of type company", organization=True, verified=False
    ),
    Capability.TRADEMARK_SIGNATURE: _Requirement(
        "a signature of type trademark", organization=True, verified=False
    ),
    Capability.GOVERNMENT_SIGNATURE: _Requirement(
        "a signature of type government", organization=True, verified=False
    ),
    Capability.FREQUENCY_RULE: _Requirement(
        "changing frequency limits", organization=True, verified=False
    ),
    Capability.SHORT_URL: _Requirement("creating short URLs", organization=True, verified=True),
    Capability.SIGN_API: _Requirement(
        "the server API of signatures and templates", organization=True, verified=False
    ),
}

_PASSWORD_LEAST: Final = 8
_PASSWORD_MOST: Final = 128
_GENERATED_LENGTH: Final = 32
_CLASSES: Final = {
    "an upper-case letter": string.ascii_uppercase,
    "a lower-case letter": string.ascii_lowercase,
    "a digit": string.digits,
    "a special character": string.punctuation,
}
# A generated password is carried by CSV files and command lines: no quotes, commas, backslashes
# or anything a spreadsheet takes for a formula.
_GENERATED_CLASSES: Final = (
    string.ascii_uppercase,
    string.ascii_lowercase,
    string.digits,
    "!#$%*.:?_~",
)
_USER_NAME: Final = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")


def permit(kind: IdentityKind, verified: bool, capability: Capability) -> None:  # noqa: FBT001 - kind and verified are one identity
    """Raise Refused with the reason and the way out where the identity does not suffice (ACC-3)."""
    problem = lacking(kind, verified, capability)
    if problem:
        raise Refused(problem)


def lacking(
    kind: IdentityKind,
    verified: bool,  # noqa: FBT001 - kind and verified are one identity
    capability: Capability,
    *field: str,
) -> Problem | None:
    """Say what an identity lacks for a capability, for rules that collect problems (ACC-3)."""
    need = _REQUIREMENTS[capability]
    if need.organization and kind is not IdentityKind.ORGANIZATION:
        reason = f"{need.what} is for organizations and this account is an individual's"
        way_out = "request verification as an organization (verificationRequest)"
    elif need.verified and not verified:
        reason = f"{need.what} needs a verified identity"
        way_out = "request it (verificationRequest), or wait for the decision on the request"
    else:
        return None
    return Problem(Code.NOT_PERMITTED, f"{reason}: {way_out}", field)


def check_password(password: str, field: str = "password", label: str = "password") -> None:
    """Raise Refused unless a password has 8 to 128 characters of all four classes.

    The messages never show the password; they call it `label`.
    """
    problems = []
    if len(password) < _PASSWORD_LEAST:
        message = f"{label} is too short: use at least {_PASSWORD_LEAST} characters"
        problems.append(Problem(Code.TOO_SHORT, message, (field,)))
    if len(password) > _PASSWORD_MOST:
        message = f"{label} is too long: use at most {_PASSWORD_MOST} characters"
        problems.append(Problem(Code.TOO_LONG, message, (field,)))
    lacking = [what for what, members in _CLASSES.items() if not set(members) & set(password)]
    if lacking:
        message = f"{label} is too simple: add {', '.join(lacking)}"
        problems.append(Problem(Code.INVALID, message, (field,)))
    if problems:
        raise Refused(*problems)


def generate_password(random: Random) -> str:
    """Make 32 characters of all four classes; pass `secrets.SystemRandom()` outside tests."""
    characters = [random.choice(members) for members in _GENERATED_CLASSES]
    every = "".join(_GENERATED_CLASSES)
    characters += random.choices(every, k=_GENERATED_LENGTH - len(characters))
    random.shuffle(characters)
    return "".join(characters)


def user_name(text: str) -> str:
    """Return a tidied sub-account name: 1 to 64 letters, digits and + = , . @ _ - (CAM-1)."""
    name = tidy(text)
    if not _USER_NAME.fullmatch(name):
        message = (
            f"user name {quoted(name)} is not usable: "
            "enter 1 to 64 letters, digits or any of + = , . @ _ -"
        )
        raise Refused.one(Code.INVALID, message, "name")
    return name
