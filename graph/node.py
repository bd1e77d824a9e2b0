"""Global ids: opaque to clients, and a malformed one is an input error, never a fault."""

import base64
import binascii
from typing import Final

import strawberry

from domain.text import quoted
from graph.errors import WrongId

MAX_ID_CHARACTERS: Final = 200


@strawberry.interface(description="An object with an id that is unique in the whole installation.")
class Node:
    """What `node(id)` can give back."""

    id: strawberry.ID = strawberry.field(description="Opaque, stable, and accepted by `node`.")


def encode(kind: str, key: int | str) -> strawberry.ID:
    """Give the global id of one object."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("="))


def decode(text: str) -> tuple[str, str]:
    """Split a global id into kind and key; raises WrongId."""
    problem = _malformed(text)
    if len(text) > MAX_ID_CHARACTERS:
        raise problem
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        kind, _, key = plain.decode("ascii").partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        raise problem from None
    if not kind.isidentifier() or not key:
        raise problem
    return kind, key


def key_of(text: str, kind: str) -> int:
    """Give the numeric key of an id that must name a `kind`; raises WrongId."""
    found, key = decode(text)
    if found != kind:
        raise another_kind(text, found, kind)
    if not (key.isascii() and key.isdecimal()) or len(key) > len(str(2**63 - 1)):
        raise _malformed(text)
    return min(int(key), 2**63 - 1)


def key_of_any(text: str | None, kind: str) -> int | None:
    """Give the key of an id that may be left out: None is any object, an empty text a wrong id."""
    return None if text is None else key_of(text, kind)


def another_kind(text: str, found: str, kind: str) -> WrongId:
    """Make the error for an id that names another kind of object than it has to."""
    return WrongId(f"{quoted(text)} is the id of {_a(found)}, not of {_a(kind)}", text)


def _malformed(text: str) -> WrongId:
    return WrongId(f"{quoted(text)} is not an id of this schema", text)


def _a(kind: str) -> str:
    return f"an {kind}" if kind.startswith(("A", "E", "I", "O", "Un")) else f"a {kind}"
