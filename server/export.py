"""Downloads of exports: whoever has the link gets the file, while its maker may have it (STA-6).

A link is sealed with the installation's key, so it can be neither made nor read elsewhere: the
numbers it filters by show in no log. Everything else is decided anew when it is followed.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from db import dump as dumps
from db import user as users
from db.vault import SealBroken
from delivery.export import csv_file, xlsx_file
from delivery.export.immediate import table_of
from delivery.export.table import Table, TooManyRowsError, at_most
from delivery.export.xlsx_file import XlsxFile
from domain.dump import DumpStatus
from domain.export import PLACE, Export, ExportForm, ExportTable, Link
from graph.authority import Principal
from graph.context import Context
from graph.errors import ApiError
from graph.export import ACTIONS, too_many
from graph.grant import Grant
from server.download import attachment, begun, refusal
from server.request import context_of

AT_ONCE: Final = 4
"""Files that are written at the same time in one process; others wait for their turn."""
OF_ACCOUNT: Final = 2
"""How many of them may be of one account."""
_FROM_URL: Final = str.maketrans("-_", "+/")
_LONGEST: Final = 2_000  # characters of a link's token; those that are made have fewer
_PIECE: Final = 2**18
_TYPES: Final = {
    ExportForm.CSV: csv_file.MEDIA_TYPE,
    ExportForm.XLSX: xlsx_file.MEDIA_TYPE,
    ExportForm.ZIP: "application/zip",
}


class Exports:
    """Answers links; one a process."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)
        # An account's goes when nobody writes or waits for it any more.
        self._own: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    def routes(self) -> list[BaseRoute]:
        """List the paths of exports."""
        return [Route("/exports/{name}", self.download)]

    async def download(self, request: Request) -> Response:
        """Give the file of a link."""
        context = await context_of(request)
        link = _read(context, request.query_params.get("token", ""))
        if link is None:
            return _problem(404, "NOT_FOUND", "the link has expired or is damaged: ask for another")
        try:
            context = await _as_maker(context, link)
        except ApiError as error:
            return refusal(error)
        if link.export.table is ExportTable.DUMP:
            return await _dump(context, link.export)
        return await self._table(context, link.export)

    async def _table(self, context: Context, export: Export) -> Response:
        most = context.terms.export_rows
        own = self._own.setdefault(context.owner, asyncio.Semaphore(OF_ACCOUNT))
        async with own, self._room:
            table = await table_of(context.database, context.owner, export, context.now)
            if table is None:
                return _gone()
            try:
                file = await _written(replace(table, batches=at_most(most, table.batches)), export)
            except TooManyRowsError:
                return _problem(409, "LIMIT_EXCEEDED", too_many(most))
        size = await asyncio.to_thread(file.seek, 0, 2)
        return _answer(export, _pieces(file), size)


def _read(context: Context, token: str) -> Link | None:
    if len(token) > _LONGEST or not token.isascii():
        return None
    sealed = token.translate(_FROM_URL) + "=" * (-len(token) % 4)
    try:
        link = Link.read(context.vault.open(sealed, PLACE))
    except (SealBroken, ValueError):
        return None
    return link if context.now < link.expires_at else None


async def _as_maker(context: Context, link: Link) -> Context:
    """Give the request the rights its link was made with, as they are now; raises ApiError."""
    async with context.database.read() as session:
        user = await users.get(session, link.user_uin)
        enabled = user is not None and not user.disabled
        principal = Principal.of(user) if user is not None and enabled else None
        maker = replace(context, principal=principal, token=None)
        grant = Grant(ACTIONS[link.export.table], None, None, {})
        await grant.decide(session, await maker.authority(session), maker)
    return maker


async def _dump(context: Context, export: Export) -> Response:
    async with context.database.read() as session:
        row = await dumps.owned(session, context.owner, export.object_id or 0)
    if row is None or row.status is not DumpStatus.READY or row.key is None or row.size is None:
        return _gone()
    try:
        pieces = await begun(context.store.stream(row.key))
    except FileNotFoundError:
        return _gone()
    return _answer(export, pieces, row.size)


async def _written(table: Table, export: Export) -> BufferedReader:
    """Write a table into a file without a name: it is gone when it is closed."""
    with tempfile.TemporaryDirectory(prefix="sms-console-") as folder:
        path = Path(folder) / "table"
        if export.form is ExportForm.XLSX:
            await _write_xlsx(table, path)
        else:
            await _write_csv(table, path)
        return path.open("rb")


async def _write_csv(table: Table, path: Path) -> None:
    with path.open("wb") as file:
        file.write(csv_file.head(table.headings))
        async for rows in table.batches:
            file.write(await asyncio.to_thread(csv_file.lines, rows, table.zone))


async def _write_xlsx(table: Table, path: Path) -> None:
    book = XlsxFile(path, table.headings, table.zone)
    try:
        async for rows in table.batches:
            await asyncio.to_thread(book.write, rows)
    finally:
        await asyncio.to_thread(book.close)


async def _pieces(file: BufferedReader) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _answer(export: Export, pieces: AsyncIterator[bytes], size: int) -> Response:
    headers = attachment(export.file_name)
    headers["content-length"] = str(size)
    return StreamingResponse(pieces, media_type=_TYPES[export.form], headers=headers)


def _gone() -> Response:
    return _problem(404, "NOT_FOUND", "there is no such file, or not any more")


def _problem(status: int, code: str, message: str) -> Response:
    error = {"message": message, "extensions": {"code": code}}
    return JSONResponse({"errors": [error]}, status_code=status)
