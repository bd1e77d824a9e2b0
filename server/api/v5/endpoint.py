"""The endpoint: POST /v5/tlssmssvr/<path>?sdkappid=&random=, as the older SDKs call it (API-1).

Whatever is wrong is told as `result` and `errmsg` with HTTP status 200, where SDKs look for it.
"""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from db import application
from db.session import AsyncSession
from db.user import UserKind
from db.vault import SealBroken
from domain.errors import Refused
from graph.authority import Principal
from graph.errors import ApiError
from graph.grant import Grant
from server.api.rate import RateLimit
from server.api.v3.fault import ApiFault
from server.api.v5 import pulling, sending, signature, statistic, template
from server.api.v5.body import mobiles_of, parsed
from server.api.v5.call import Answer, Call, Caller
from server.api.v5.fault import UNPARSABLE, Fault
from server.api.v5.proof import Proof
from server.log import REQUEST
from server.metric import OPERATION
from server.request import Console, context_for

PATH: Final = "/v5/tlssmssvr/"
SECONDS: Final = 30
EXT_MOST: Final = 1_024
CALLS: Final[Mapping[str, Call]] = {
    **sending.CALLS,
    **pulling.CALLS,
    **statistic.CALLS,
    **signature.CALLS,
    **template.CALLS,
}

_ID: Final = re.compile(r"[0-9]{1,18}")
_OK: Final = "OK"
_UNKNOWN_PATH: Final = "InternalError.RestApiInterfaceNotExist"
_NO_APPLICATION: Final = "InvalidParameterValue.SdkAppIdNotExist"

log = logging.getLogger(__name__)


def routes() -> list[BaseRoute]:
    """List the one path that all interfaces stand under."""
    return [Route(f"{PATH}{{path:path}}", answer, methods=["POST"])]


async def answer(request: Request) -> Response:
    """Do what the path names, and put the result or the error into the answer."""
    request_id, started, outcome = secrets.token_hex(8), time.perf_counter(), "ok"
    facts: dict[str, object] = {"request": request_id}
    token = REQUEST.set(facts)
    body: Answer = {"ext": ""}
    try:
        try:
            async with asyncio.timeout(SECONDS) as limit:
                body |= {"result": 0, "errmsg": _OK, **await _result(request, facts, body)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            fault = _fault(error, request_id, timed_out=limit.expired())
            outcome = fault.code
            body |= {"result": fault.result, "errmsg": str(fault)}
        seconds = time.perf_counter() - started
        OPERATION.labels("api", outcome).observe(seconds)
        told = {"outcome": outcome, "milliseconds": round(seconds * 1e3, 1)}
        log.info("api answered", extra=told)
    finally:
        REQUEST.reset(token)
    return Response(orjson.dumps(body), media_type="application/json")


async def _result(request: Request, facts: dict[str, object], answered: Answer) -> Answer:
    call = CALLS.get(request.path_params["path"])
    if call is None:
        raise Fault(_UNKNOWN_PATH)
    given = await parsed(request, call.most)
    answered["ext"] = _ext(given)
    caller = await _caller(request, call, given)
    context = caller.context
    facts |= {"application": caller.app_id, "account": context.owner}
    body = call.body.read(given)
    action = call.action_of(body)
    facts["operation"] = action.name
    rates: RateLimit = request.app.state.rates
    name = action.name.partition(":")[2]
    if not rates.take(context.owner, name, context.now):
        message = f"at most {rates.rate(name):g} {name} requests a second: slow down"
        raise Fault("LimitExceeded.DeliveryFrequencyLimit", message)
    context.grant = Grant(action, None, call.quota, {})
    async with context.database.read() as session:
        await context.grant.decide(session, await context.authority(session), context)
    if call.once:
        async with context.database.write() as session:
            await caller.proof.use_up(session, context.now)
    try:
        return await call.handle(caller, body)
    except Refused as refusal:
        fault = call.refusals.fault(refusal)
        raise Fault(fault.code, str(refusal)) from refusal


async def _caller(request: Request, call: Call, given: Mapping[str, Any]) -> Caller:
    """Find whose AppKey signed a request; raises Fault for what is not proven."""
    console: Console = request.app.state.console
    proof = _proof(request, call, given)
    now = console.clock()
    async with console.database.read() as session:
        owner, app_key = await _key(session, console, proof.app_id)
    proof.check(app_key, now)
    # The application stands for its account; no user is behind the key.
    principal = Principal(
        proof.app_id, UserKind.ROOT, "", owner, must_reset=False, app_id=proof.app_id
    )
    return Caller(context_for(request, principal), proof.app_id, proof)


async def _key(session: AsyncSession, console: Console, app_id: int) -> tuple[int, str]:
    found = await application.sealed_key(session, app_id)
    if found is None or not found.sealed_key:
        raise Fault(_NO_APPLICATION)
    try:
        return found.account_uin, console.vault.open(found.sealed_key, f"application/{app_id}")
    except SealBroken:
        log.exception("the AppKey of an application does not open")
        raise Fault("InternalError.OtherError") from None


def _proof(request: Request, call: Call, given: Mapping[str, Any]) -> Proof:
    query = request.query_params
    app_id, sig, at = query.get("sdkappid", ""), given.get("sig"), given.get("time")
    if isinstance(at, str) and at.isascii() and at.isdigit():
        at = int(at[:20])
    if not isinstance(at, int) or isinstance(at, bool):
        raise Fault(UNPARSABLE, "time is missing: send the Unix seconds that were signed")
    if not _ID.fullmatch(app_id):
        raise Fault(_NO_APPLICATION)
    return Proof(
        app_id=int(app_id),
        random=query.get("random", ""),
        time=at,
        sig=sig if isinstance(sig, str) else "",
        mobiles=mobiles_of(given) if call.signs_mobiles else None,
    )


def _ext(given: Mapping[str, Any]) -> str:
    ext = given.get("ext", "")
    return ext[:EXT_MOST] if isinstance(ext, str) else ""


def _fault(error: Exception, request_id: str, *, timed_out: bool) -> Fault:
    if isinstance(error, Fault):
        return error
    if isinstance(error, ApiFault):
        return Fault(error.code, str(error))
    if isinstance(error, ApiError):
        return Fault("UnauthorizedOperation.RequestPermissionDeny", str(error))
    if isinstance(error, TimeoutError) and timed_out:
        return Fault("InternalError.Timeout", f"the request took over {SECONDS} seconds")
    log.error("api request failed", exc_info=error)
    message = f'the server failed: ask its operator for request "{request_id}"'
    return Fault("InternalError.OtherError", message)
