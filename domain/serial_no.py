"""Serial numbers: what a message is called outside, in answers, callbacks and records (API-1)."""

import re
from datetime import datetime
from typing import Final

_PREFIX: Final = "5000:"
_SHAPE: Final = re.compile(r"5000:[0-9]{10}([1-9][0-9]{0,18})")
_LARGEST_ID: Final = 2**63 - 1


def serial_no(message_id: int, created_at: datetime) -> str:
    """Give the serial number of a message: "5000:", ten digits of Unix seconds, and its id.

    It looks as the provider's own do (domain.md 1.2), so that programs which keep them as text
    go on working. It is no secret: whoever asks for a message by it has to be allowed to see it.
    """
    return f"{_PREFIX}{int(created_at.timestamp()):010d}{message_id}"


def message_id_of(text: str) -> int | None:
    """Read the id out of a serial number; None for what is no serial number.

    The time in it is not compared with that of the message: what decides is who asks.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    message_id = int(match[1])
    return message_id if message_id <= _LARGEST_ID else None
