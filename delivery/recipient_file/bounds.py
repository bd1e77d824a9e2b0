"""How large a recipient file may be in each direction, and how one is refused as a whole."""

from dataclasses import dataclass

from domain.errors import Code

MB = 2**20


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one file: the guide gives the 30 MB (BLK-3), the others keep the machine whole.

    `unpacked_bytes` and `ratio` hold for an .xlsx, which is a zip: the sum of its parts, and
    that sum to the file's size. `memory_bytes` and `seconds` (of processor time, and of silence)
    hold for the process that reads the file.
    `rows` are recipients, and as many blank rows beside them. A value in a cell is bounded by the
    500 characters of a full text.
    """

    file_bytes: int = 30 * MB
    unpacked_bytes: int = 400 * MB
    ratio: int = 200
    rows: int = 1_000_000
    columns: int = 101
    memory_bytes: int = 1_024 * MB
    seconds: int = 300


class FileRefused(Exception):  # noqa: N818 - a refusal is an answer to the uploader, not a fault
    """The file as a whole can not be taken; `message` says why and what to do."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
