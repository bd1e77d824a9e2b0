"""Taking in filled forms, which are read by a job: stored as they come, bounded, named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import Final

from starlette.datastructures import UploadFile

from db.checking import UploadedFile
from db.store import TooLargeError, new_key
from domain.errors import Code, Refused
from graph.context import Context
from graph.errors import ApiError
from graph.upload import discard

PIECE: Final = 2**18
NAME_MOST: Final = 255


@asynccontextmanager
async def stored_form(
    context: Context, upload: object, folder: str, way_out: str
) -> AsyncIterator[UploadedFile]:
    """Store an upload for the block that asks for its job, and delete it when that is refused.

    `way_out` says what to do with a form that is too large; raises Refused about `file`.
    """
    if not isinstance(upload, UploadFile):
        message = "file is no uploaded file: send it as a part of a multipart request"
        raise Refused.one(Code.INVALID, message, "file")
    limit = context.terms.recipient_file_bytes
    key = new_key(folder, "")
    try:
        size = await context.store.put(key, _pieces(upload), limit=limit)
    except TooLargeError:
        message = f"file is larger than {limit:,} bytes: {way_out}"
        raise Refused.one(Code.TOO_LARGE, message, "file") from None
    async with kept(context, UploadedFile(key, _name(upload), size)) as form:
        if not size:
            raise Refused.one(Code.REQUIRED, "file is empty: upload the filled form", "file")
        yield form


@asynccontextmanager
async def kept(context: Context, form: UploadedFile) -> AsyncIterator[UploadedFile]:
    """Delete what is stored when the block that asks for its job is refused."""
    try:
        yield form
    except (Refused, ApiError):
        await discard(context.store, [form.key])
        raise


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    await upload.seek(0)  # one part may fill several variables
    while piece := await upload.read(PIECE):
        yield piece


def _name(upload: UploadFile) -> str:
    # A name to show, never a path: browsers of old sent whole ones.
    name = PurePosixPath((upload.filename or "").replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable())[:NAME_MOST]
