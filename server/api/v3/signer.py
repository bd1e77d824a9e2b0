"""Who signed a request: a user, by the SecretId and the signature its SecretKey proves (API-2)."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from starlette.requests import ClientDisconnect, Request

from db import access_key as keys
from db.vault import SealBroken
from domain.text import quoted
from graph.authority import Principal
from graph.context import Context
from server.api.v3 import tc3
from server.api.v3.fault import ApiFault
from server.api.v3.tc3 import Claim, Signed
from server.request import Console, context_for

BODY_MOST: Final = 10 * 1024 * 1024
BODY_SECONDS: Final = 20
_MEDIA_TYPE: Final = "application/json"

log = logging.getLogger(__name__)


async def context_of(request: Request, request_id: str) -> tuple[Context, bytes]:
    """Give the context of the user who signed, and the body; raises ApiFault for anybody else.

    A body is only read for a key that is in use, at the right time: it may have 10 MB.
    """
    console: Console = request.app.state.console
    headers = _headers(request)
    if "x-tc-token" in headers:
        message = "X-TC-Token is given, and there are no temporary keys here: leave it out"
        raise ApiFault("AuthFailure.TokenFailure", message)
    timestamp = headers.get("x-tc-timestamp", "")
    claim = tc3.claim_of(headers.get("authorization", ""))
    tc3.check_time(claim, timestamp, console.clock())
    principal, secret_key = await _holder(console, claim)
    payload = await _body(request, headers)
    query = query_of(request) if request.method == "GET" else ""
    signed = Signed(request.method, query, headers, timestamp, payload)
    tc3.verify(claim, signed, secret_key)
    return context_for(request, principal, request_id=request_id), payload


async def _holder(console: Console, claim: Claim) -> tuple[Principal, str]:
    async with console.database.read() as session:
        found = await keys.signer(session, claim.secret_id)
    if found is None:
        message = f"SecretId {quoted(claim.secret_id)} is no access key that is in use"
        raise ApiFault("AuthFailure.SecretIdNotFound", message)
    key, user = found
    try:
        secret = console.vault.open(key.sealed_key, keys.key_place(key.secret_id))
    except SealBroken:
        log.exception("an access key does not open")
        raise ApiFault("InternalError", "the SecretKey cannot be opened: make another") from None
    # A password that is to be changed concerns whoever signs in with it, no program.
    return replace(Principal.of(user), must_reset=False), secret


def _headers(request: Request) -> dict[str, str]:
    """Give the headers by name in lower case; one that is signed must not be there twice."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        if name in found and (name.startswith("x-tc-") or name in {"authorization", "host"}):
            raise ApiFault("InvalidParameter", f"the header {quoted(name)} is given twice")
        found[name] = value
    return found


def query_of(request: Request) -> str:
    """Give the query letter by letter as it was sent, which is how it is signed."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


async def _body(request: Request, headers: dict[str, str]) -> bytes:
    if request.method == "GET":
        return b""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        message = f"Content-Type {quoted(media_type)} is not taken: send {quoted(_MEDIA_TYPE)}"
        raise ApiFault("InvalidParameter", message)
    pieces, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > BODY_MOST:
                    message = f"the body is larger than {BODY_MOST} bytes: send less at once"
                    raise ApiFault("RequestSizeLimitExceeded", message)
                pieces.append(piece)
    except ClientDisconnect:
        message = "the connection ended before the body did"
        raise ApiFault("FailedOperation.FailResolvePacket", message) from None
    except TimeoutError:
        message = f"the body took over {BODY_SECONDS} seconds"
        raise ApiFault("InternalError.Timeout", message) from None
    return b"".join(pieces)
