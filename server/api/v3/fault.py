"""What the server API answers instead of a result: a published code and a message (domain.md 4)."""


class ApiFault(Exception):  # noqa: N818 - an answer to the caller, not a fault of ours
    """Becomes `Response.Error`; `code` is one of the provider's, the message is for the caller."""

    def __init__(self, code: str, message: str) -> None:
        """Take both."""
        super().__init__(message)
        self.code = code
