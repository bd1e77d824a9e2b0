"""Free text from people: how long it is, what may stand in it, how an error quotes it."""

import re

from domain.errors import Code, Problem

_QUOTED_AT_MOST = 40
# Control characters cannot be stored in PostgreSQL (NUL) or sent (the rest); a lone surrogate
# cannot be encoded at all, and what turns letters around makes a text read as another one.
# Line feeds are for callers that take several lines.
_UNSENDABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ud800-\udfff\ufffe\uffff]"
)


def length(text: str) -> int:
    """Count characters as the guide bills them: UTF-16 units, so an emoji counts two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def counted(count: int, what: str) -> str:
    """Put a number before a noun whose plural ends in s: 1 segment, 2 segments."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def quoted(value: str) -> str:
    """Put a value into double quotes for an error text: one line, at most 40 characters of it."""
    shown = value[:_QUOTED_AT_MOST]
    safe = "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in shown
    ).replace('"', '\\"')
    return f'"{safe}…"' if len(value) > _QUOTED_AT_MOST else f'"{safe}"'


def tidy(text: str) -> str:
    """Drop blanks around a text and write its line ends as line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def unsendable(text: str) -> str | None:
    """Return the first character that can be neither stored nor sent, if there is one."""
    found = _UNSENDABLE.search(text)
    return found.group() if found else None


def check(text: str, field: str, *, least: int, most: int, lines: bool = False) -> list[Problem]:
    """Find what keeps a tidied text out: missing, too short, too long, or unsendable characters.

    Lengths are in characters as `length` counts them; `lines` allows line feeds.
    """
    label = field.replace("_", " ")
    size = length(text)
    if not text and least:
        return [
            Problem(
                Code.REQUIRED, f"{label} is empty: enter {least} to {most} characters", (field,)
            )
        ]
    problems = []
    if size < least:
        message = f"{label} {quoted(text)} has {size} characters: enter at least {least}"
        problems.append(Problem(Code.TOO_SHORT, message, (field,)))
    if size > most:
        message = f"{label} {quoted(text)} has {size} characters: shorten it to at most {most}"
        problems.append(Problem(Code.TOO_LONG, message, (field,)))
    mark = unsendable(text) or ("\n" if "\n" in text and not lines else None)
    if mark:
        message = f"{label} {quoted(text)} contains the character {quoted(mark)}: remove it"
        problems.append(Problem(Code.INVALID, message, (field,)))
    return problems
