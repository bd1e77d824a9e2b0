"""The names in policy lines. Each carries its kind, so that no two kinds can be mistaken.

Casbin has one space for all of them: without prefixes, a sub-account that is called like a policy
would hold that policy.
"""

import re
from typing import Final

EVERYONE: Final = "everyone"
ROLES: Final = ("anonymous", "app-key", "must-reset", "operator", "root", "signed-in")
"""What the server says about a caller by itself; nobody is put into these by a policy."""

_UIN: Final = re.compile(r"[0-9]{1,20}")
_NAME: Final = re.compile(r"[A-Za-z0-9+=.@_-]{1,128}")
_MEMBERS: Final = '"everyone", "role:", "account:", "user:" or "group:" and a name'
_HOLDERS: Final = '"policy:" or "group:" and a name'


def policy_fault(name: str) -> str | None:
    """Say what to write where `name` is no policy, else None."""
    kind, _, rest = name.partition(":")
    if kind != "policy":
        return 'write "policy:" and a name'
    return _name_fault(rest)


def holder_fault(name: str) -> str | None:
    """Say what to write where `name` can be held by nobody, else None."""
    kind, _, rest = name.partition(":")
    if kind not in {"policy", "group"}:
        return f"write {_HOLDERS}"
    return _name_fault(rest)


def member_fault(name: str) -> str | None:
    """Say what to write where `name` can hold nothing, else None."""
    if name == EVERYONE:
        return None
    kind, _, rest = name.partition(":")
    if kind == "role":
        return None if rest in ROLES else f"the roles are {', '.join(ROLES)}"
    if kind in {"account", "user"}:
        return None if _UIN.fullmatch(rest) else f'write "{kind}:" and a uin of up to 20 digits'
    if kind == "group":
        return _name_fault(rest)
    return f"write {_MEMBERS}"


def _name_fault(rest: str) -> str | None:
    if _NAME.fullmatch(rest):
        return None
    return "name it with 1 to 128 letters, digits and +=.@_-"
