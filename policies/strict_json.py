"""JSON as a policy document may use it: RFC 8259, nothing read twice, every value with its place.

The standard decoder keeps the last of two equal keys, so `{"effect": "deny", "effect": "allow"}`
would be an allow; it also takes NaN, lone surrogates and any depth. This reader refuses all four,
and keeps where each value stands so that a document can be rewritten without losing its layout.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn

MAX_DEPTH: Final = 8
"""A condition's value list, the deepest thing in a document, is level 6."""

MAX_TEXT: Final = 65_536
"""Characters of a document with all its white space, ten times what CAM counts without it."""

_WHITE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?(?![0-9.eE])")
_LITERALS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and the half-open span of characters it was read from."""

    value: "dict[str, Node] | list[Node] | str | int | float | bool | None"
    start: int
    end: int


class JsonError(ValueError):
    """The text is not JSON as documents use it; `path` is the value being read, "" for the top."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def read(text: str, limit: int = MAX_TEXT) -> Node:
    """Read one JSON value that is all of `text`, at most `limit` characters.

    Raises JsonError for anything else, with the line and the column in the message.
    """
    if len(text) > limit:
        raise JsonError(f"the text has {len(text)} characters, at most {limit} are read", "")
    return _Reader(text).whole()


def join(path: str, key: str) -> str:
    """Name the member `key` of the object at `path`."""
    return f"{path}.{key}" if path else key


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Node:
        if self.text.startswith("\ufeff"):
            raise JsonError("the text starts with a byte order mark: save it without", "")
        node = self.value("", 1)
        self.skip()
        if self.at != len(self.text):
            self.fail(f'nothing may follow the document, found "{self.text[self.at]}"', "")
        return node

    def value(self, path: str, depth: int) -> Node:
        self.skip()
        start = self.at
        here = self.text[start : start + 1]
        if here in ("{", "["):
            if depth > MAX_DEPTH:
                self.fail(f"nested deeper than {MAX_DEPTH} levels", path)
            content = self.members(path, depth) if here == "{" else self.items(path, depth)
            return Node(content, start, self.at)
        if here == '"':
            return Node(self.string(path), start, self.at)
        return Node(self.scalar(path), start, self.at)

    def members(self, path: str, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        self.at += 1
        if self.take("}"):
            return found
        while True:
            self.skip()
            if not self.text.startswith('"', self.at):
                self.fail("expected a key in double quotes", path)
            place = self.at
            key = self.string(path)
            if key in found:
                self.at = place
                self.fail(f'the key "{key}" is given twice: keep one', path)
            if not self.take(":"):
                self.fail(f'expected ":" after the key "{key}"', path)
            found[key] = self.value(join(path, key), depth + 1)
            if self.take("}"):
                return found
            if not self.take(","):
                self.fail('expected "," or "}"', path)

    def items(self, path: str, depth: int) -> list[Node]:
        found: list[Node] = []
        self.at += 1
        if self.take("]"):
            return found
        while True:
            found.append(self.value(f"{path}[{len(found)}]", depth + 1))
            if self.take("]"):
                return found
            if not self.take(","):
                self.fail('expected "," or "]"', path)

    def string(self, path: str) -> str:
        try:
            content, end = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            self.at = error.pos
            self.fail(error.msg[:1].lower() + error.msg[1:].rstrip(": at"), path)
        found = str(content)
        if any("\ud800" <= character <= "\udfff" for character in found):
            self.fail("the string has half of a surrogate pair", path)
        self.at = end
        return found

    def scalar(self, path: str) -> int | float | bool | None:
        for word, meaning in _LITERALS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            shown = self.text[self.at : self.at + 1]
            self.fail(
                f'expected a value, found "{shown}"' if shown else "the text ends early", path
            )
        self.at = number.end()
        return float(number[0]) if "." in number[0] else int(number[0])

    def take(self, sign: str) -> bool:
        self.skip()
        found = self.text.startswith(sign, self.at)
        self.at += found
        return found

    def skip(self) -> None:
        white = _WHITE.match(self.text, self.at)
        self.at = white.end() if white else self.at

    def fail(self, message: str, path: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1
        raise JsonError(f"line {line}, column {column}: {message}", path)
