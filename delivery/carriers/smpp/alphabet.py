"""The alphabets of SMS: GSM 03.38 unpacked (3GPP TS 23.038), Latin-1 and UCS-2.

What data_coding 0 means differs by carrier. UCS-2 is written as UTF-16, as handsets read it.
"""

import re
from dataclasses import dataclass
from typing import Final

from domain.smpp import Alphabet

ESCAPE: Final = 0x1B
_STANDARD: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = dict(zip(b"\n\x14()/<=>@e", "\f^{}\\[~]|€", strict=True))
_TO_GSM: Final = {
    **{ord(character): chr(code) for code, character in enumerate(_STANDARD) if code != ESCAPE},
    **{ord(character): f"\x1b{chr(code)}" for code, character in _EXTENSION.items()},
}
_NOT_GSM: Final = re.compile(f"[^{re.escape(''.join(map(chr, _TO_GSM)))}]")
# Most texts are of characters with one code in ASCII and GSM, and need no table.
_SAME: Final = bytes(
    code for code, character in enumerate(_STANDARD) if ord(character) == code != ESCAPE
)
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
UCS2: Final = 8
"""The data_coding of UCS-2."""
_BINARY: Final = "binary"
_CODECS: Final = {
    1: "latin-1",
    2: _BINARY,
    3: "latin-1",
    4: _BINARY,
    5: "shift_jis",
    6: "iso8859-5",
    7: "iso8859-8",
    UCS2: "utf-16-be",
    10: "iso2022_jp",
    13: "euc_jp",
    14: "euc_kr",
}
# Beyond SMPP's own codes stand the coding groups of 3GPP TS 23.038, section 4.
_ALPHABET_GROUPS: Final = range(0x10, 0x80)
_OF_ALPHABET: Final = (None, _BINARY, "utf-16-be", None)
_WAITING_UCS2: Final = range(0xE0, 0xF0)
_CLASSES: Final = range(0xF0, 0x100)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as it is submitted."""

    data_coding: int
    octets: bytes


def encode(text: str, default: Alphabet) -> Encoded:
    """Write a text in the cheapest alphabet that holds it, where data_coding 0 means `default`.

    Half a surrogate pair, which no alphabet holds, becomes a question mark.
    """
    octets = gsm(text) if default is Alphabet.GSM else _latin1(text)
    if octets is not None:
        return Encoded(0, octets)
    return Encoded(UCS2, text.encode("utf-16-be", "replace"))


def decode(octets: bytes, data_coding: int, default: Alphabet) -> str:
    """Read a text of any data_coding; binary ones as hexadecimal. Raises nothing.

    What cannot be read becomes U+FFFD, and so does NUL, which PostgreSQL keeps in no text.
    """
    codec = _codec(data_coding)
    if codec == _BINARY:
        return octets.hex()
    if codec is None and default is Alphabet.GSM:
        return from_gsm(octets)
    text = octets.decode(codec or "latin-1", "replace")
    return text.rstrip("\0").replace("\0", _UNREADABLE)


def gsm(text: str) -> bytes | None:
    """Write a text in GSM 03.38, one septet an octet; None when the alphabet lacks a character."""
    if text.isascii():
        octets = text.encode()
        if not octets.translate(None, _SAME):
            return octets
    if _NOT_GSM.search(text):
        return None
    return text.translate(_TO_GSM).encode("latin-1")


def from_gsm(octets: bytes) -> str:
    """Read GSM 03.38, one septet an octet.

    An escape before what is no extended character is left out, as TS 23.038 has handsets do, and
    an escape at the end or before another is a blank.
    """
    if not octets.translate(None, _SAME):
        return octets.decode()
    characters = []
    rest = iter(octets)
    for octet in rest:
        if octet == ESCAPE:
            characters.append(_extended(next(rest, ESCAPE)))
        else:
            characters.append(_standard(octet))
    return "".join(characters)


def _standard(octet: int) -> str:
    return _STANDARD[octet] if octet < len(_STANDARD) else _UNREADABLE


def _extended(octet: int) -> str:
    return " " if octet == ESCAPE else _EXTENSION.get(octet) or _standard(octet)


def _latin1(text: str) -> bytes | None:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _codec(data_coding: int) -> str | None:
    """Name the codec of a data_coding; None for the carrier's default alphabet."""
    if data_coding in _ALPHABET_GROUPS:
        return _OF_ALPHABET[data_coding >> 2 & 3]
    if data_coding in _WAITING_UCS2:
        return "utf-16-be"
    if data_coding in _CLASSES:
        return _OF_ALPHABET[data_coding >> 2 & 1]
    return _CODECS.get(data_coding)
