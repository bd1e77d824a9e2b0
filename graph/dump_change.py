"""Ordering dumps of records, and giving them up (STA-8)."""

from typing import Annotated

import strawberry

from db import dump as dumps
from db.dump import DumpRow
from domain import quota
from graph.context import Info
from graph.dump import Dump, Id, show
from graph.dump_form import DumpOrderInput
from graph.guard import mutation
from graph.node import key_of
from graph.payload import Payload
from policies import actions


@strawberry.type(description="The answer to mutations of dumps.")
class DumpPayload(Payload):
    """The dump as it stands."""

    dump: Dump | None = strawberry.field(default=None, description="The dump; null when refused.")


@strawberry.type
class DumpMutation:
    """Root fields that change dumps."""

    @mutation(actions.ADD_DUMP_LOG_TASK, quota=quota.DUMPS)
    async def dump_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            DumpOrderInput, strawberry.argument(description="What to dump.")
        ],
    ) -> DumpPayload:
        """Order a dump: it is written in the background, and kept for some days when ready."""
        context = info.context
        columns = await input.columns(context)
        async with context.change() as session:
            row = DumpRow(
                account_uin=context.owner,
                created_at=context.now,
                created_by=context.caller.uin,
                **columns,
            )
            await dumps.order(session, row)
        return DumpPayload(dump=show(row))

    @mutation(actions.CANCEL_DUMP_LOG_TASK)
    async def dump_cancel(self, info: Info, id: Id) -> DumpPayload:  # noqa: A002 - the schema's name
        """Give a dump up, or throw a ready one away: its file is removed."""
        context, key = info.context, key_of(id, "Dump")
        async with context.change() as session:
            row = await dumps.cancel(session, context.owner, key, context.now)
        return DumpPayload(dump=show(row))
