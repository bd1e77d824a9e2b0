"""Where a bulk task has its recipients from: a file, customer groups or numbers (BLK-3, BLK-11)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

import orjson
import strawberry
from strawberry.file_uploads import Upload

from db import checking, group_recipient
from db import task as tasks
from db import template as templates
from db.checking import UploadedFile
from db.customer_group import CustomerGroupRow
from db.session import AsyncSession
from db.store import new_key
from db.task import BulkTaskRow
from domain import number_list
from domain import recipient as rules
from domain.errors import Code, Refused
from domain.number_list import Entry
from domain.recipient import GROUPS_MOST, NUMBERS_MOST, Group, RecipientSource
from domain.task import TaskEvent, step
from graph.context import Context, Info
from graph.form_upload import kept, stored_form
from graph.guard import mutation
from graph.node import key_of
from graph.task import BulkTaskPayload, Id, payload
from graph.upload import discard
from policies import actions

FOLDER: Final = "recipients"
TOO_LARGE: Final = "split it and send two tasks"


@strawberry.input(description="The customer groups a bulk task takes its recipients from.")
class BulkTaskSelectGroupsInput:
    """The second way of the guide."""

    group_ids: list[strawberry.ID] = strawberry.field(
        description=f"1 to {GROUPS_MOST} customer groups of the SMS type of the task's template; "
        "one that is named twice counts once."
    )


@strawberry.input(description="The numbers a bulk task has as its recipients.")
class BulkTaskEnterNumbersInput:
    """The third way of the guide."""

    numbers: str = strawberry.field(
        description=f"1 to {NUMBERS_MOST} mobile numbers, one a line: 11 digits for Mainland China "
        "SMS, country or region code and number (8526666XXXX) for Global SMS."
    )


@strawberry.type
class BulkTaskSourceMutation:
    """Root fields that give a bulk task its recipients."""

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
        await _waiting(context, key)
        async with (
            stored_form(context, file, FOLDER, TOO_LARGE) as uploaded,
            context.change() as session,
        ):
            row = await tasks.changing(session, context.owner, key)
            source = RecipientSource.FILE
            replaced = await checking.begin(session, row, source, context.now, uploaded)
        await discard(context.store, [replaced] if replaced else [])
        return payload(context, row)

    @mutation(actions.MODIFY_SEND_SMS_TASK)
    async def bulk_task_select_groups(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            BulkTaskSelectGroupsInput, strawberry.argument(description="The customer groups.")
        ],
    ) -> BulkTaskPayload:
        """Give a task the members of customer groups, in place of earlier recipients.

        They are copied and checked by itself, as they are then: later changes of the groups do not
        reach the task. Who is in several groups is sent to once. The task's template must have no
        variables.
        """
        context, key = info.context, key_of(id, "BulkTask")
        rules.check_selection(len(input.group_ids))
        wanted = list(dict.fromkeys(key_of(each, "CustomerGroup") for each in input.group_ids))
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key)
            groups = await _groups(session, context, row, wanted)
            replaced = await group_recipient.begin(session, row, groups, context.now)
        await discard(context.store, [replaced] if replaced else [])
        return payload(context, row)

    @mutation(actions.MODIFY_SEND_SMS_TASK)
    async def bulk_task_enter_numbers(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            BulkTaskEnterNumbersInput, strawberry.argument(description="The numbers.")
        ],
    ) -> BulkTaskPayload:
        """Give a task up to 100 numbers, in place of earlier recipients.

        They are checked by itself. The task's template must have no variables.
        """
        context, key = info.context, key_of(id, "BulkTask")
        found = await _waiting(context, key)
        entries = number_list.read(input.numbers, found.region, NUMBERS_MOST)
        async with _entered(context, entries) as entered, context.change() as session:
            row = await tasks.changing(session, context.owner, key)
            await _check_template(session, row)
            source = RecipientSource.NUMBERS
            replaced = await checking.begin(session, row, source, context.now, entered)
        await discard(context.store, [replaced] if replaced else [])
        return payload(context, row)


async def _waiting(context: Context, key: int) -> BulkTaskRow:
    """Find a task that may take recipients: refused now rather than after storing megabytes."""
    async with context.database.read() as session:
        row = await tasks.owned(session, context.owner, key)
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such bulk task", "id")
    step(row.status, TaskEvent.CHECK)
    return row


async def _groups(
    session: AsyncSession, context: Context, row: BulkTaskRow, wanted: Sequence[int]
) -> list[CustomerGroupRow]:
    """Find what was selected; raises Refused unless the task can be filled from all of it."""
    await _check_template(session, row)
    found = await group_recipient.among(session, context.owner, wanted)
    selected = [Group(one.name, one.sms_type, one.members) if one else None for one in found]
    rules.check_groups(selected, row.sms_type, context.terms.recipient_rows)
    return [one for one in found if one is not None]


async def _check_template(session: AsyncSession, row: BulkTaskRow) -> None:
    template = (await templates.among(session, {row.template_id})).get(row.template_id)
    if template is None:
        raise Refused.one(Code.NOT_FOUND, "template was deleted: choose another one", "id")
    rules.check_template(template.variables)


@asynccontextmanager
async def _entered(context: Context, entries: Sequence[Entry]) -> AsyncIterator[UploadedFile]:
    """Store numbers for the block that asks for their check, like a file."""
    data = orjson.dumps([(entry.line, entry.value) for entry in entries])
    key = new_key(FOLDER)
    size = await context.store.put(key, data, limit=len(data))
    async with kept(context, UploadedFile(key, "", size)) as file:
        yield file
