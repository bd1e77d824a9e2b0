"""Single sends: what is asked for, what is answered, and what decides in between (API-1, API-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain import send_code

RECIPIENTS_MOST: Final = 200
SESSION_CONTEXT_MOST: Final = 511
"""Bytes of UTF-8: the interface says fewer than 512 (domain.md 1.1)."""
EXTEND_MOST: Final = 20
SENDER_ID_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """One text for up to 200 numbers of one region.

    `signature` is its content, not its id; None or empty for none. Numbers are written as E.164,
    those of Mainland China also after 86 or 0086 or bare. `session_context` comes back with the
    receipt, `extend` with the reply.
    """

    account_uin: int
    app_id: int
    template_id: int
    signature: str | None = None
    params: Sequence[str] = ()
    recipients: Sequence[str]
    session_context: str = ""
    extend: str = ""
    sender_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalMessage:
    """One text for one number outside Mainland China."""

    phone: str
    template_id: int
    params: Sequence[str] = ()
    session_context: str = ""
    sender_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalSendRequest:
    """Up to 200 texts, each for one number outside Mainland China (SendMultiGlobalSms)."""

    account_uin: int
    app_id: int
    messages: Sequence[GlobalMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of one number: `code` is "Ok" or why it was refused.

    `phone` is in E.164, or as it was given when it is no number. `segments` is the fee. A refused
    number has no serial number, no fee and no context, as domain.md 1.2 shows it, but its record
    is kept all the same under `message_id`; None where the request is not one for a record.
    """

    code: str
    phone: str
    message_id: int | None = None
    serial_no: str = ""
    segments: int = 0
    session_context: str = ""
    iso_code: str = ""

    @property
    def ok(self) -> bool:
        """Say whether the message was accepted."""
        return self.code == send_code.OK

    @property
    def message(self) -> str:
        """Explain the code in English."""
        return send_code.lookup(self.code).message


class SendRefused(Exception):  # noqa: N818 - read as what it says, like domain.errors.Refused
    """The request as a whole was refused: nothing of it was sent, and there is no record of it."""

    def __init__(self, code: str, message: str = "", field: str | None = None) -> None:
        """Take a code of `domain/send_codes.csv`, and what to say instead of its own text.

        `field` is what of the request is at fault, where the code does not say it.
        """
        super().__init__(message or send_code.lookup(code).message)
        self.code = code
        self.field = field
