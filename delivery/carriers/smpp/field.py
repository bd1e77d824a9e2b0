"""Mandatory fields of SMPP PDUs as octets, written by the specification's lengths (section 4)."""

from struct import Struct, error
from typing import Final

LAST_SEQUENCE: Final = 0x7FFFFFFF
"""Requests are numbered 1 to this."""
_NUMBER_MOST: Final = 0xFFFFFFFF
_OCTET_MOST: Final = 0xFF
_TIME: Final = 16
_HEADER: Final = Struct(">4I")


def request(command: int, sequence: int, body: bytes = b"") -> bytes:
    """Write a request; raises ValueError when its number is not 1 to 0x7FFFFFFF."""
    if not 1 <= sequence <= LAST_SEQUENCE:
        raise ValueError(
            f'the sequence_number of a request must be 1 to {LAST_SEQUENCE}, not "{sequence}"'
        )
    return _HEADER.pack(_HEADER.size + len(body), command, 0, sequence) + body


def response(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """Write a response; its number is the request's, whatever that was."""
    if not 0 <= sequence <= _NUMBER_MOST:
        raise ValueError(f'sequence_number must be 0 to {_NUMBER_MOST}, not "{sequence}"')
    if not 0 <= status <= _NUMBER_MOST:
        raise ValueError(f'command_status must be 0 to {_NUMBER_MOST}, not "{status}"')
    return _HEADER.pack(_HEADER.size + len(body), command, status, sequence) + body


def text(name: str, value: str, most: int) -> bytes:
    """Write a C-octet string; raises ValueError naming the field, without its value.

    The value may be a password or a phone number.
    """
    if len(value) > most:
        raise ValueError(f"{name} has {len(value)} characters, at most {most}")
    if not value.isascii() or "\0" in value:
        raise ValueError(f"{name} must be ASCII without NUL")
    return value.encode() + b"\0"


def time(name: str, value: str) -> bytes:
    """Write a time of the specification's 16 characters, or none."""
    if len(value) not in {0, _TIME}:
        raise ValueError(f'{name} must be empty or have {_TIME} characters, not "{value}"')
    return text(name, value, _TIME)


def octets(layout: Struct, names: tuple[str, ...], *values: int) -> bytes:
    """Write fields of one octet each; raises ValueError naming the first that does not fit."""
    try:
        return layout.pack(*values)
    except error:
        for name, value in zip(names, values, strict=True):
            if not 0 <= value <= _OCTET_MOST:
                message = f'{name} must be 0 to {_OCTET_MOST}, not "{value}"'
                raise ValueError(message) from None
        raise
