"""Downloads: what was handed in for review, and the form to hand in (SIG-1, SIG-2, REV-1)."""

import logging
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from db import file as files
from db.file import FilePurpose, FileRow
from graph.context import Context
from graph.errors import ApiError, BadUserInput, Forbidden
from graph.grant import Grant
from graph.node import key_of
from policies import actions
from server import letter
from server.request import context_of

log = logging.getLogger(__name__)

SUFFIXES: Final = {"image/png": ".png", "image/jpeg": ".jpg"}
_CHALLENGE: Final = {"www-authenticate": "Bearer"}


def routes() -> list[BaseRoute]:
    """List the paths of downloads."""
    return [
        Route("/files/{id}", handed_in),
        Route("/forms/authorization-letter", authorization_letter),
    ]


async def handed_in(request: Request) -> Response:
    """Give a certificate or letter to its account and to operators; to others it is not there."""
    context = await context_of(request)
    try:
        row = await _find(context, request.path_params["id"])
        await _decide(context, row)
    except ApiError as error:
        return refusal(error)
    if row is None:
        return missing()
    try:
        pieces = await begun(context.store.stream(row.key))
    except FileNotFoundError:
        log.error('file %d is not in the store under "%s"', row.id, row.key)  # noqa: TRY400 - the trace says no more
        return missing()
    headers = attachment(f"{row.purpose}-{row.id}{SUFFIXES[row.media_type]}")
    headers["content-length"] = str(row.size)
    return StreamingResponse(pieces, media_type=row.media_type, headers=headers)


async def authorization_letter(request: Request) -> Response:
    """Give the form of the letter of authorization to whoever may see signatures."""
    try:
        await _decide(await context_of(request))
    except ApiError as error:
        return refusal(error)
    headers = attachment(letter.FILE_NAME)
    return Response(letter.document(), media_type=letter.MEDIA_TYPE, headers=headers)


async def _decide(context: Context, row: FileRow | None = None) -> None:
    """Ask the policies, as a field of the schema would; operators have an action of their own.

    What is not there is asked for as a certificate is, so that nobody learns which it was.
    """
    if context.principal is not None and context.principal.account_uin is None:
        action = actions.DESCRIBE_REVIEW_FILE
    elif row is not None and row.purpose is FilePurpose.DOCUMENT:
        action = actions.DESCRIBE_VERIFICATION
    else:
        action = actions.DESCRIBE_TPL_SIGN_INFO
    async with context.database.read() as session:
        grant = Grant(action, None, None, {})
        await grant.decide(session, await context.authority(session), context)


async def _find(context: Context, identity: str) -> FileRow | None:
    if context.principal is None:
        return None
    try:
        file_id = key_of(identity, "File")
    except BadUserInput:
        return None  # what is no id names no file
    owner = context.principal.account_uin
    async with context.database.read() as session:
        if owner is None:
            return await files.handed_in(session, file_id)
        return await files.owned(session, owner, file_id)


async def begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Begin to read, so that lost bytes are told by the status and not by half an answer.

    Raises FileNotFoundError, whose answer is then still to be made.
    """
    first = await anext(pieces, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return whole()


def attachment(name: str) -> dict[str, str]:
    """Give the headers under which a browser saves a file and does nothing else with it."""
    return {
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }


def missing() -> Response:
    """Answer that nothing is there, or nothing of the caller's."""
    error = {"message": "there is no such file", "extensions": {"code": "NOT_FOUND"}}
    return JSONResponse({"errors": [error]}, status_code=404)


def refusal(error: ApiError) -> Response:
    """Answer a decision that went against the caller."""
    status, headers = (403, {}) if isinstance(error, Forbidden) else (401, _CHALLENGE)
    body = {"errors": [{"message": str(error), "extensions": error.extensions}]}
    return JSONResponse(body, status_code=status, headers=headers)
