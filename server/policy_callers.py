"""Whom the policy files name, with all names that such a caller goes by (CAM-6).

A policy of a group says little by itself: what its members may do depends on what the files say of
their account and of everybody. So callers are looked at as the server sees them.
"""

import re
from typing import Final

from policies.live import InForce

EVERYBODY: Final = "everyone"
_SIGNED_IN: Final = "role:signed-in"
_ROOT: Final = "role:root"
_OUTSIDE: Final = ("role:anonymous", "role:must-reset")
_OPERATOR: Final = "role:operator"
_APP_KEY: Final = "role:app-key"
_UIN: Final = re.compile(r"(?:uin/|account:)([0-9]{1,20})(?![0-9*])")

Caller = tuple[str, tuple[str, ...], str | None]
"""What to call them, all names they go by, and their account if it is known."""


def callers(*folders: InForce) -> list[Caller]:
    """Give everybody named in any of the folders, in each account that is named there."""
    members = _members(*folders)
    accounts = dict.fromkeys(
        uin
        for read in folders
        for text in (
            *(rule.resource for rule in read.files.rules),
            *(link.member for link in read.files.links),
        )
        for uin in _UIN.findall(text)
    )
    return [caller for uin in accounts or [None] for caller in _in_account(members, uin)]


def callers_in(read: InForce, uin: str | None) -> list[Caller]:
    """Give everybody whom the folder names, as callers of the account `uin`."""
    return _in_account(_members(read), uin)


def _members(*folders: InForce) -> list[str]:
    named = dict.fromkeys(link.member for read in folders for link in read.files.links)
    return [_ROOT, *(member for member in named if member not in (_ROOT, _SIGNED_IN, EVERYBODY))]


def _in_account(members: list[str], uin: str | None) -> list[Caller]:
    found: list[Caller] = []
    for member in members:
        if member.startswith("account:"):
            if uin is None or member == f"account:{uin}":
                found.append((member, (member, _SIGNED_IN, EVERYBODY), uin))
        elif member in _OUTSIDE:
            found.append((member, (member, EVERYBODY), None))
        elif member == _APP_KEY:
            account = () if uin is None else (f"account:{uin}",)
            found.append((member, (member, *account, EVERYBODY), uin))
        elif member == _OPERATOR or uin is None:
            found.append((member, (member, _SIGNED_IN, EVERYBODY), None))
        else:
            names = (member, f"account:{uin}", _SIGNED_IN, EVERYBODY)
            found.append((f"{member} of account {uin}", names, uin))
    return found
