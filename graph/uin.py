"""Numbers of accounts and operators, which the schema shows as text."""

from typing import Final

from domain.text import quoted
from graph.errors import BadUserInput

MAX_UIN_DIGITS: Final = 18


def uin_of(text: str | None, argument: str) -> int | None:
    """Read a uin that may be left out; raises BadUserInput."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > MAX_UIN_DIGITS:
        raise BadUserInput(
            f'"{argument}" must be a uin such as 12345678, not {quoted(text)}', argument=argument
        )
    return int(text)
