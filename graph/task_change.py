"""What is done with a bulk task, from its draft to its end (BLK-1 to BLK-6)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import Annotated, Final

import strawberry
from starlette.datastructures import UploadFile
from strawberry.file_uploads import Upload

from db import checking, settlement
from db import task as tasks
from db.checking import UploadedFile
from db.store import TooLargeError, new_key
from db.task import BulkTaskRow
from domain import consent, task_form
from domain import task as rules
from domain.errors import Code, Refused
from domain.recipient import RecipientSource
from domain.task import TaskEvent, TaskStatus
from graph.context import Context, Info
from graph.errors import ApiError
from graph.guard import mutation
from graph.node import key_of
from graph.target import on_task
from graph.task import BulkTaskDeletePayload, BulkTaskPayload, Id, show
from graph.task_form import BulkTaskCreateInput, BulkTaskStartInput, BulkTaskUpdateInput, read
from graph.upload import discard
from policies import actions

PIECE: Final = 2**18
NAME_MOST: Final = 255


@strawberry.type
class BulkTaskMutation:
    """Root fields that change bulk tasks."""

    @mutation(actions.ADD_SEND_SMS_TASK)
    async def bulk_task_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            BulkTaskCreateInput, strawberry.argument(description="The task.")
        ],
    ) -> BulkTaskPayload:
        """Create a draft; upload its recipients next."""
        context = info.context
        async with context.change() as session:
            parts = await read(session, context, input)
            row = BulkTaskRow(
                account_uin=context.owner,
                status=TaskStatus.DRAFT,
                created_at=context.now,
                created_by=context.caller.uin,
                **parts.columns(),
            )
            await tasks.add(session, row)
        return _payload(context, row)

    @mutation(actions.MODIFY_SEND_SMS_TASK)
    async def bulk_task_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            BulkTaskUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> BulkTaskPayload:
        """Edit a task that was not consented to yet."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            task_form.check_edit(row.status, parts=input.changes_parts)
            parts = await read(session, context, input.merged(row))
            row.sqlmodel_update(parts.columns())
        return _payload(context, row)

    @mutation(actions.MODIFY_SEND_SMS_TASK)
    async def bulk_task_upload(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        file: Annotated[
            Upload,
            strawberry.argument(
                description="The filled form, .xlsx or .csv, at most 30 MB; `recipientForm` "
                "gives the empty one."
            ),
        ],
    ) -> BulkTaskPayload:
        """Give a task its recipients, in place of earlier ones; checking them begins by itself."""
        context, key = info.context, key_of(id, "BulkTask")
        async with context.database.read() as session:
            row = await tasks.owned(session, context.owner, key)
        if row is None:
            raise Refused.one(Code.NOT_FOUND, "there is no such bulk task", "id")
        rules.step(row.status, TaskEvent.CHECK)  # refused now rather than after storing megabytes
        async with _stored(context, file) as uploaded, context.change() as session:
            row = await tasks.changing(session, context.owner, key)
            replaced = await checking.begin(
                session, row, RecipientSource.FILE, context.now, uploaded
            )
        await discard(context.store, [replaced] if replaced else [])
        return _payload(context, row)

    @mutation(actions.DELETE_SEND_SMS_TASK)
    async def bulk_task_delete(self, info: Info, id: Id) -> BulkTaskDeletePayload:  # noqa: A002 - the schema's name
        """Delete a task that was not consented to yet, with its recipients."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            await tasks.remove(session, row, context.now)
        return BulkTaskDeletePayload(deleted_id=id)

    @mutation(actions.MODIFY_TASK_STATUS_START, on=on_task())
    async def bulk_task_start(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            BulkTaskStartInput, strawberry.argument(description="The consent to the fee.")
        ],
    ) -> BulkTaskPayload:
        """Consent to the fee and send, at once or at the task's time; takes what it needs."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            (standing,) = await settlement.standings(session, [row], context.now, context.terms)
            found = consent.blockers(standing, context.now, context.terms)
            if found:
                raise Refused(*found)
            consent.check(input.given(), row.region, row.segments, context.terms)
            await settlement.consent_to(session, row, context.now, context.terms)
        return _payload(context, row)

    @mutation(actions.MODIFY_TASK_STATUS_STOP, on=on_task())
    async def bulk_task_stop(self, info: Info, id: Id) -> BulkTaskPayload:  # noqa: A002 - the schema's name
        """Stop a task that is sending; what was not submitted yet is not sent and not charged."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            await settlement.stop(session, row, context.now)
        return _payload(context, row)

    @mutation(actions.CANCEL_SEND_SMS_TASK, on=on_task())
    async def bulk_task_cancel(self, info: Info, id: Id) -> BulkTaskPayload:  # noqa: A002 - the schema's name
        """Give a task up before it begins; what it had taken comes back."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            await settlement.cancel(session, row, context.now)
        return _payload(context, row)


def _payload(context: Context, row: BulkTaskRow) -> BulkTaskPayload:
    return BulkTaskPayload(bulk_task=show(context, [row])[0])


@asynccontextmanager
async def _stored(context: Context, upload: object) -> AsyncIterator[UploadedFile]:
    """Store an upload for the block that asks for its check, and delete it when that is refused."""
    if not isinstance(upload, UploadFile):
        message = "file is no uploaded file: send it as a part of a multipart request"
        raise Refused.one(Code.INVALID, message, "file")
    limit = context.terms.recipient_file_bytes
    key = new_key("recipients", "")
    try:
        size = await context.store.put(key, _pieces(upload), limit=limit)
    except TooLargeError:
        message = f"file is larger than {limit:,} bytes: split it and send two tasks"
        raise Refused.one(Code.TOO_LARGE, message, "file") from None
    try:
        if not size:
            raise Refused.one(Code.REQUIRED, "file is empty: upload the filled form", "file")
        yield UploadedFile(key, _name(upload), size)
    except (Refused, ApiError):
        await discard(context.store, [key])
        raise


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    await upload.seek(0)  # one part may fill several variables
    while piece := await upload.read(PIECE):
        yield piece


def _name(upload: UploadFile) -> str:
    # A name to show, never a path: browsers of old sent whole ones.
    name = PurePosixPath((upload.filename or "").replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable())[:NAME_MOST]
