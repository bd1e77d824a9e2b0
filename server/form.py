"""Downloads of forms to fill in, and of the rows left out (BLK-2, BLK-3, CUS-1)."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import wraps
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from db import recipient as recipients
from db import task as tasks
from db import template as templates
from db.page import Key
from db.template import TemplateRow
from delivery.recipient_file import form
from domain.cell import harmless
from graph.context import Context
from graph.errors import ApiError, BadUserInput
from graph.grant import Grant
from graph.node import key_of
from policies import actions
from policies.actions import Action
from server.download import attachment, missing, refusal
from server.request import context_of

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"
ROWS_AT_ONCE: Final = 1_000
_HEADER: Final = ("Row 行", "Column 列", "Code", "Value 内容", "Problem")

Handler = Callable[[Request, Context], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """List the paths of these downloads."""
    return [
        Route("/forms/recipients/{id}.xlsx", recipient_form_xlsx),
        Route("/forms/recipients/{id}.csv", recipient_form_csv),
        Route("/forms/customers.xlsx", customer_form_xlsx),
        Route("/forms/customers.csv", customer_form_csv),
        Route("/bulk-tasks/{id}/row-errors.csv", row_errors),
    ]


def _guarded(action: Action) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """Ask the policies for an action first, as the field that shows the link does."""

    def guard(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            context = await context_of(request)
            try:
                async with context.database.read() as session:
                    grant = Grant(action, None, None, {})
                    await grant.decide(session, await context.authority(session), context)
                return await handler(request, context)
            except BadUserInput:
                return missing()  # what is no id names nothing
            except ApiError as error:
                return refusal(error)

        return guarded

    return guard


@_guarded(actions.DESCRIBE_TPL_SIGN_INFO)
async def recipient_form_xlsx(request: Request, context: Context) -> Response:
    """Give the standard form of a template as a workbook."""
    row = await _template(request, context)
    if row is None:
        return missing()
    data = await asyncio.to_thread(form.build_xlsx, row.variables, row.region)
    return Response(data, media_type=XLSX, headers=attachment(f"recipients-{row.id}.xlsx"))


@_guarded(actions.DESCRIBE_TPL_SIGN_INFO)
async def recipient_form_csv(request: Request, context: Context) -> Response:
    """Give the standard form of a template as text."""
    row = await _template(request, context)
    if row is None:
        return missing()
    headers = attachment(f"recipients-{row.id}.csv")
    return Response(form.build_csv(row.variables), media_type=CSV, headers=headers)


@_guarded(actions.DESCRIBE_CUSTOMERS)
async def customer_form_xlsx(request: Request, context: Context) -> Response:
    """Give the form that customers are imported with as a workbook."""
    del request, context
    data = await asyncio.to_thread(form.build_xlsx, 0, None)
    return Response(data, media_type=XLSX, headers=attachment("customers.xlsx"))


@_guarded(actions.DESCRIBE_CUSTOMERS)
async def customer_form_csv(request: Request, context: Context) -> Response:
    """Give the form that customers are imported with as text."""
    del request, context
    return Response(form.build_csv(0), media_type=CSV, headers=attachment("customers.csv"))


@_guarded(actions.DESCRIBE_SEND_SMS_DETAIL)
async def row_errors(request: Request, context: Context) -> Response:
    """Give the rows of a task's file that are left out, however many they are, as they are read."""
    key = key_of(request.path_params["id"], "BulkTask")
    async with context.database.read() as session:
        row = await tasks.owned(session, context.owner, key)
    if row is None:
        return missing()
    headers = attachment(f"row-errors-{key}.csv")
    return StreamingResponse(_lines(context, key), media_type=CSV, headers=headers)


async def _template(request: Request, context: Context) -> TemplateRow | None:
    key = key_of(request.path_params["id"], "Template")
    async with context.database.read() as session:
        return await templates.owned(session, context.owner, key)


async def _lines(context: Context, task_id: int) -> AsyncIterator[bytes]:
    yield _csv([_HEADER]).encode("utf-8-sig")
    listed = recipients.row_errors(task_id)
    after: Key | None = None
    more = True
    while more:
        # A session a page: a slow client must not hold a snapshot of the database for minutes.
        async with context.database.read() as session:
            found = await recipients.row_error_page(
                session, listed, first=ROWS_AT_ONCE, after=after
            )
        if found.rows:
            last = found.rows[-1]
            after = (last.row, last.id)
            yield _csv(
                (row.row, row.column_name, row.code, row.value, row.message) for row in found.rows
            ).encode()
        more = found.has_next


def _csv(rows: Iterable[Iterable[object]]) -> str:
    target = io.StringIO(newline="")
    texts = ([harmless(str(cell)) for cell in row] for row in rows)
    csv.writer(target).writerows(texts)
    return target.getvalue()
