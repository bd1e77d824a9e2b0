"""What a custom policy is called, and which preset a name means (CAM-2, CAM-3)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain.errors import Code, Refused
from domain.text import quoted, tidy, unsendable

NAME_MOST: Final = 128
DESCRIPTION_BYTES: Final = 300

PRESETS: Final[Mapping[str, str]] = {
    "QcloudCamFullAccess": "Full access to sub-accounts, groups, keys and policies",
    "QcloudSMSFullAccess": "Full access to SMS",
    "QcloudSMSReadOnlyAccess": "Read-only access to SMS",
}
"""The policies of the product that an account can attach, with the guide's descriptions."""

ALIASES: Final[Mapping[str, str]] = {"QcloudSMSReadonlyAccess": "QcloudSMSReadOnlyAccess"}
"""Spellings that the provider has published for the same policy."""

_NAME: Final = re.compile(r"[A-Za-z0-9+=,.@_-]{1,128}")


def preset(name: str) -> str | None:
    """Give the preset that `name` means, in its own spelling."""
    name = ALIASES.get(name, name)
    return name if name in PRESETS else None


def check_name(text: str | None, now: datetime) -> str:
    """Check a policy's name, or make the console's default one where none is given.

    Names of presets are refused whatever their case: a list must not show two that look alike.
    """
    if text is None:
        return f"policygen-{now:%Y%m%d%H%M%S}"
    name = tidy(text)
    if not _NAME.fullmatch(name):
        message = (
            f"policy name {quoted(name)} is not usable: "
            f"enter 1 to {NAME_MOST} letters, digits or any of + = , . @ _ -"
        )
        raise Refused.one(Code.INVALID, message, "name")
    if name.lower() in {taken.lower() for taken in (*PRESETS, *ALIASES)}:
        message = f"policy name {quoted(name)} is that of a preset policy: choose another"
        raise Refused.one(Code.TAKEN, message, "name")
    return name


def check_description(text: str) -> str:
    """Check a policy's description: at most 300 bytes of UTF-8."""
    description = tidy(text)
    mark = unsendable(description)
    if mark:
        message = f"description contains the character {quoted(mark)}: remove it"
        raise Refused.one(Code.INVALID, message, "description")
    size = len(description.encode())
    if size > DESCRIPTION_BYTES:
        message = f"description has {size} bytes: shorten it to at most {DESCRIPTION_BYTES}"
        raise Refused.one(Code.TOO_LONG, message, "description")
    return description
