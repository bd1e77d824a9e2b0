"""The endpoint of the server API: POST / with X-TC-Action, as the provider's SDKs call it (API-2).

Whatever is wrong is told in the envelope with HTTP status 200, which is where SDKs look for it.
"""

import asyncio
import logging
import time
from typing import Any, Final
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from domain.errors import Refused
from domain.text import quoted
from graph.context import Context
from graph.errors import Forbidden
from graph.grant import Grant
from server.api.rate import RateLimit
from server.api.v3 import older
from server.api.v3.fault import ApiFault
from server.api.v3.form import parameters_of
from server.api.v3.operation import Operation, Result
from server.api.v3.parameters import Parameters
from server.api.v3.signer import context_of, query_of
from server.api.v3.table import OPERATIONS, VERSION
from server.log import REQUEST
from server.metric import OPERATION

SECONDS: Final = 30
_LARGE: Final = 256 * 1024
_OK: Final = "ok"

log = logging.getLogger(__name__)


def routes() -> list[BaseRoute]:
    """List the one path of the server API, which people's browsers also begin at."""
    return [Route("/", root, methods=["GET", "POST"])]


async def root(request: Request) -> Response:
    """Answer an action, or show a browser where the console is."""
    if request.method == "POST" or "x-tc-action" in request.headers:
        return await answer(request)
    return RedirectResponse("/graphql")


async def answer(request: Request) -> Response:
    """Do what X-TC-Action names, and put the result or the error into the envelope."""
    request_id, started, outcome = str(uuid4()), time.perf_counter(), _OK
    facts: dict[str, object] = {"request": request_id}
    token = REQUEST.set(facts)
    try:
        try:
            async with asyncio.timeout(SECONDS) as limit:
                body = await _result(request, request_id, facts)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an envelope
            fault = _fault(error, request_id, timed_out=limit.expired())
            outcome = fault.code
            body = {"Error": {"Code": fault.code, "Message": str(fault)}}
        seconds = time.perf_counter() - started
        OPERATION.labels("api", outcome).observe(seconds)
        told = {"outcome": outcome, "milliseconds": round(seconds * 1e3, 1)}
        log.info("api answered", extra=told)
    finally:
        REQUEST.reset(token)
    envelope = {"Response": {**body, "RequestId": request_id}}
    # Clients compare the media type by its letters: nothing may follow it.
    return Response(orjson.dumps(envelope), media_type="application/json")


async def _result(request: Request, request_id: str, facts: dict[str, object]) -> Result:
    context, payload = await context_of(request, request_id)
    facts |= {"user": context.caller.uin, "account": context.owner}
    version, operation = _operation(request)
    facts["operation"] = operation.name
    rates: RateLimit = request.app.state.rates
    if not rates.take(context.owner, operation.name, context.now):
        message = f"at most {rates.rate(operation.name):g} {operation.name} requests a second"
        raise ApiFault("RequestLimitExceeded", f"{message}: ask less often")
    context.grant = Grant(operation.action, None, operation.quota, {})
    async with context.database.read() as session:
        await context.grant.decide(session, await context.authority(session), context)
    given = await _given(request, payload)
    if version == older.VERSION:
        given = older.parameters(given)
    parameters = operation.parameters.read(given, from_text=request.method == "GET")
    result = await _handled(operation, context, parameters)
    return await older.result(context, result) if version == older.VERSION else result


async def _handled(operation: Operation, context: Context, parameters: Parameters) -> Result:
    try:
        result = await operation.handle(context, parameters)
    except Refused as refusal:
        raise operation.refusals.fault(refusal) from refusal
    if operation.quota and context.grant and not context.grant.used:
        raise RuntimeError(f"{operation.name} succeeded without taking its quota")
    return result


def _operation(request: Request) -> tuple[str, Operation]:
    version, action = (request.headers.get(f"x-tc-{name}", "") for name in ("version", "action"))
    for name, value in (("X-TC-Action", action), ("X-TC-Version", version)):
        if not value:
            raise ApiFault("MissingParameter", f"the header {name} is missing")
    if version not in {VERSION, older.VERSION}:
        message = f"X-TC-Version {quoted(version)} is not spoken here: send {quoted(VERSION)}"
        raise ApiFault("NoSuchVersion", message)
    is_newer = version == older.VERSION and action in older.NEWER_ACTIONS
    if action not in OPERATIONS or is_newer:
        message = f"X-TC-Action {quoted(action)} is no action of version {quoted(version)}"
        raise ApiFault("InvalidAction", message)
    return version, OPERATIONS[action]


async def _given(request: Request, payload: bytes) -> dict[str, Any]:
    if request.method == "GET":
        return parameters_of(query_of(request))
    if len(payload) <= _LARGE:
        return _read(payload)
    return await asyncio.to_thread(_read, payload)


def _read(payload: bytes) -> dict[str, Any]:
    try:
        # It refuses lone surrogates, bad UTF-8, NaN and endless nesting, too.
        given: Any = orjson.loads(payload or b"{}")
    except orjson.JSONDecodeError as error:
        message = f"the body is no JSON: {error.msg} at byte {error.pos}"
        raise ApiFault("FailedOperation.JsonParseFail", message) from None
    if not isinstance(given, dict):
        raise ApiFault("FailedOperation.FailResolvePacket", "the body is no JSON object")
    return given


def _fault(error: Exception, request_id: str, *, timed_out: bool) -> ApiFault:
    if isinstance(error, ApiFault):
        return error
    if isinstance(error, Forbidden):
        return ApiFault("AuthFailure.UnauthorizedOperation", str(error))
    if isinstance(error, TimeoutError) and timed_out:
        return ApiFault("InternalError.Timeout", f"the request took over {SECONDS} seconds")
    log.error("api request failed", exc_info=error)
    message = f'the server failed: ask its operator for request "{request_id}"'
    return ApiFault("InternalError", message)
