"""What the API answers instead of a result: a published code, told by its number."""

from domain import send_code


class Fault(Exception):  # noqa: N818 - an answer to the caller, not a fault of ours
    """Becomes `result` and `errmsg`; `code` is one of `domain/send_codes.csv`."""

    def __init__(self, code: str, message: str = "") -> None:
        """Take the code, and what to say instead of its own text."""
        super().__init__(message or send_code.lookup(code).message)
        self.code = code

    @property
    def result(self) -> int:
        """Give the number programs look at."""
        return send_code.lookup(self.code).legacy


UNPARSABLE = "FailedOperation.FailResolvePacket"
"""1004: the body does not follow the interface."""
