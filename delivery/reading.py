"""Reading what was uploaded to its end, or to what is wrong with it as a whole (BLK-3, CUS-1)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.check import ReaderKilled
from domain.errors import Refused
from domain.terms import Terms

# Whether a reader was killed for its file or for something else, one more try tells.
READERS: Final = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading a source ended: `whole` when nothing of it is left to be read, or worth it.

    Otherwise what it is for has moved on, or another worker is at it and will say how it ends.
    """

    whole: bool
    problem: str | None = None


def bounds_of(terms: Terms) -> Bounds:
    """Take the limits of a file that the installation sets."""
    return Bounds(file_bytes=terms.recipient_file_bytes, rows=terms.recipient_rows)


async def read_whole(attempt: Callable[[], Awaitable[bool]]) -> Reading:
    """Read with `attempt`, which goes on behind what is kept and is False when overtaken."""
    problem = ""
    for _reader in range(READERS):
        try:
            return Reading(whole=await attempt())
        except ReaderKilled as killed:
            problem = killed.message
        except FileRefused as refused:
            return Reading(whole=True, problem=refused.message)
        except Refused as refused:
            return Reading(whole=True, problem=str(refused))
    return Reading(whole=True, problem=problem)
