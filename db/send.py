"""Single sends: judged as the pipeline judges, queued in the caller's transaction (API-1, API-2)."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.send import GlobalSendRequest, SendRefused, SendRequest, SendResult
from domain.terms import Terms

__all__ = ["GlobalSendRequest", "SendRefused", "SendRequest", "SendResult", "send", "send_global"]


async def send(
    session: AsyncSession, request: SendRequest, now: datetime, terms: Terms
) -> Sequence[SendResult]:
    """Send one text to each number, and give what became of each in the order they came.

    Raises SendRefused when the request as a whole cannot be sent.
    """
    raise SendRefused("UnsupportedOperation")


async def send_global(
    session: AsyncSession, request: GlobalSendRequest, now: datetime, terms: Terms
) -> Sequence[SendResult]:
    """Send each number its own text (SendMultiGlobalSms); else like `send`."""
    raise SendRefused("UnsupportedOperation")
