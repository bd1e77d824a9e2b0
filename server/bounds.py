"""What a request may cost before GraphQL sees it: size, cross-site forms, time."""

import asyncio
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON_BYTES: Final = 256 * 1024
MULTIPART_OVERHEAD: Final = 1024 * 1024
BODY_SECONDS: Final = 120
SELF_BOUNDED: Final = frozenset({"/"})
SELF_BOUNDED_BELOW: Final = "/v5/"
"""Where bodies are bounded by what answers there, which tells its errors in another form."""
PREFLIGHT_HEADERS: Final = (b"apollo-require-preflight", b"x-apollo-operation-name")


class _TooLarge(Exception):  # noqa: N818 - internal signal, never shown
    pass


class _TooSlow(Exception):  # noqa: N818 - internal signal, never shown
    pass


class BodyBounds:
    """Refuse bodies that are too large or too slow, and forms no script of ours has sent.

    A browser sends multipart forms across sites without asking; it never adds a header to them.
    So a header of any value proves that a script allowed by this server made the request.
    """

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        """Allow uploads up to `upload_bytes`, and whatever else a form needs on top."""
        self.app = app
        self.upload_bytes = upload_bytes + MULTIPART_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the headers, then count what really arrives."""
        bounded = scope["type"] == "http" and scope["method"] == "POST"
        if not bounded or self._bounds_itself(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        multipart = headers.get(b"content-type", b"").lower().startswith(b"multipart/")
        if multipart and not any(headers.get(name) for name in PREFLIGHT_HEADERS):
            await refusal(
                400, "BAD_USER_INPUT", 'uploads need the header "Apollo-Require-Preflight: 1"'
            )(scope, receive, send)
            return
        limit = self.upload_bytes if multipart else JSON_BYTES
        message = f"the request is larger than {limit} bytes: send less at once"
        too_large = refusal(413, "BAD_USER_INPUT", message)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > limit:
            await too_large(scope, receive, send)
            return
        await self._counted(scope, receive, send, limit, too_large)

    @staticmethod
    def _bounds_itself(path: str) -> bool:
        return path in SELF_BOUNDED or path.startswith(SELF_BOUNDED_BELOW)

    async def _counted(
        self, scope: Scope, receive: Receive, send: Send, limit: int, too_large: JSONResponse
    ) -> None:
        seen, started, deadline = 0, False, asyncio.get_running_loop().time() + BODY_SECONDS
        whole = False

        async def bounded() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise _TooSlow from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                whole = not message.get("more_body", False)
            if seen > limit:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, bounded, noted)
        except (_TooLarge, _TooSlow) as error:
            if started:
                raise
            slow = refusal(408, "BAD_USER_INPUT", f"the body took over {BODY_SECONDS} seconds")
            answer = too_large if isinstance(error, _TooLarge) else slow
            await answer(scope, receive, send)


def refusal(status: int, code: str, message: str) -> JSONResponse:
    """Give a GraphQL error as the whole answer, for what no operation was run for."""
    error = {"message": message, "extensions": {"code": code}}
    return JSONResponse({"data": None, "errors": [error]}, status_code=status)
