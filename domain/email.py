"""E-mail addresses as this product can write to them: ASCII, and a domain with a dot."""

import re
from typing import Final

MOST: Final = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
_WORD: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+(?=..){_LABEL}")


def is_address(text: str) -> bool:
    """Say whether a text is one e-mail address and nothing else."""
    return len(text) <= MOST and _ADDRESS.fullmatch(text) is not None
