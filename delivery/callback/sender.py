"""Posting to a URL of a user: bounded in time and size, following nothing, trusting nobody."""

import asyncio
import ssl
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import httpcore2

from delivery.callback.network import GuardedNetwork, Resolve, Resolver
from domain.callback import Heard
from domain.callback_url import Network

WITHIN: Final = timedelta(seconds=10)
CONNECTED_WITHIN: Final = 5.0
ANSWER_MOST: Final = 64 * 1024
CONNECTIONS: Final = 64
# Servers close idle connections, the usual ones after five seconds; a push must not meet that.
IDLE_SECONDS: Final = 4.0
AGENT: Final = "sms-console"


class HttpSender:
    """Posts over HTTP/1.1 with TLS verified; keeps connections for a few seconds."""

    def __init__(
        self,
        opened: Collection[Network] = (),
        *,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
        within: timedelta = WITHIN,
    ) -> None:
        """Connect to nothing yet; `opened` are networks that may be posted to though not public.

        No proxy is used, whatever the environment says: it would resolve names unchecked.
        """
        self._resolver = Resolver()
        self._within = within
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trust or httpcore2.default_ssl_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS // 2,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=GuardedNetwork(opened, resolve or self._resolver),
        )

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """Post once; whatever goes wrong is told in words."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        status: int | None = None
        answer, error = b"", ""
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                status, answer, error = await self._post(url, headers, body)
        except TimeoutError:
            error = f"the URL did not answer within {self._within.total_seconds():g} s"
        except httpcore2.TimeoutException:
            error = f"no connection within {CONNECTED_WITHIN:g} s"
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as failure:
            error = _words(failure)
        took = timedelta(seconds=loop.time() - begun)
        return Heard(status=status, body=answer, error=error, took=took)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()
        self._resolver.close()

    async def _post(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, str]:
        sent = {
            "host": urlsplit(url).netloc,
            "user-agent": AGENT,
            "accept": "application/json",
            "accept-encoding": "identity",
            "content-length": str(len(body)),
            **headers,
        }
        answer = bytearray()
        timeouts = {"timeout": {"connect": CONNECTED_WITHIN}}
        async with self._pool.stream(
            "POST", url, headers=list(sent.items()), content=body, extensions=timeouts
        ) as response:
            names = {name.lower() for name, _ in response.headers}
            async for part in response.aiter_stream():
                answer += part
                if len(answer) > ANSWER_MOST:
                    error = f"the answer is larger than {ANSWER_MOST // 1024} KiB"
                    return response.status, bytes(answer[:ANSWER_MOST]), error
        if b"content-encoding" in names:
            return response.status, b"", "the answer is compressed, which was not asked for"
        return response.status, bytes(answer), ""


def _words(failure: Exception) -> str:
    """Say what went wrong, from the innermost reason there is."""
    if isinstance(failure, httpcore2.ProtocolError):
        gone = any(word in str(failure) for word in ("disconnected", "closed"))
        return f"the {'connection was closed too early' if gone else 'answer is not HTTP'}"
    reason: BaseException = failure
    while (inner := _inner(reason)) is not None:
        reason = inner
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {reason.verify_message}"
    if isinstance(reason, ssl.SSLError):
        return f"TLS failed: {reason.reason or reason}"
    if isinstance(reason, OSError):
        refused = isinstance(reason, ConnectionRefusedError)
        return f"the connection {'was refused' if refused else f'failed: {reason.strerror}'}"
    return str(reason) if isinstance(reason, httpcore2.ConnectError) else "the connection broke"


def _inner(reason: BaseException) -> BaseException | None:
    # The pool raises its errors "from None", with what they were made of as their argument.
    first = reason.args[0] if reason.args else None
    return first if isinstance(first, BaseException) else reason.__cause__
