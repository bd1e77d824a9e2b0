"""What is done with a bulk task beside giving it recipients (BLK-1, BLK-4 to BLK-6)."""

from typing import Annotated

import strawberry

from db import settlement
from db import task as tasks
from db.task import BulkTaskRow
from domain import consent, task_form
from domain.errors import Refused
from domain.task import TaskStatus
from graph.context import Info
from graph.guard import mutation
from graph.node import key_of
from graph.target import on_task
from graph.task import BulkTaskDeletePayload, BulkTaskPayload, Id, payload
from graph.task_form import BulkTaskCreateInput, BulkTaskStartInput, BulkTaskUpdateInput, read
from policies import actions


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
        """Create a draft; give it recipients next, from a file, customer groups or a list."""
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
        return payload(context, row)

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
        return payload(context, row)

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
        return payload(context, row)

    @mutation(actions.MODIFY_TASK_STATUS_STOP, on=on_task())
    async def bulk_task_stop(self, info: Info, id: Id) -> BulkTaskPayload:  # noqa: A002 - the schema's name
        """Stop a task that is sending; what was not submitted yet is not sent and not charged."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            await settlement.stop(session, row, context.now)
        return payload(context, row)

    @mutation(actions.CANCEL_SEND_SMS_TASK, on=on_task())
    async def bulk_task_cancel(self, info: Info, id: Id) -> BulkTaskPayload:  # noqa: A002 - the schema's name
        """Give a task up before it begins; what it had taken comes back."""
        context = info.context
        async with context.change() as session:
            row = await tasks.changing(session, context.owner, key_of(id, "BulkTask"))
            await settlement.cancel(session, row, context.now)
        return payload(context, row)
