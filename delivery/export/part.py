"""One file of a dump, compressed as it is written (STA-8)."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final
from zoneinfo import ZoneInfo

from db import dump_work
from db.dump_work import Cursor, Written
from db.session import Database
from delivery.export import csv_file
from delivery.export.source import Batch, Source
from delivery.export.table import TooManyRowsError
from domain.dump import PART_BYTES, PART_ROWS

SHOWN_EVERY: Final = 20_000  # rows between two looks at progress; each is a transaction
_LEVEL: Final = 6
_RAW: Final = -15  # zlib's name for deflate data without a header


class GivenUpError(Exception):
    """The dump was cancelled meanwhile, or another worker has it."""


class Part:
    """Writes rows from `after` on, until the source ends or the file is full."""

    def __init__(
        self,
        database: Database,
        dump_id: int,
        source: Source[Cursor],
        zone: ZoneInfo,
        after: Cursor | None,
    ) -> None:
        self._database = database
        self._dump_id = dump_id
        self._source = source
        self._zone = zone
        self._last = after
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        self._rows = self._crc = self._size = self._packed = 0
        self._is_last = False

    def written(self) -> Written:
        """Say what the file turned out to be; only once `pieces` has ended."""
        last = self._last
        return Written(self._rows, self._crc, self._size, self._packed, last, self._is_last)

    async def pieces(self, before: int, most: int) -> AsyncIterator[bytes]:
        """Give the compressed file as it comes; `before` rows stand in earlier ones.

        Raises GivenUpError, and TooManyRowsError beyond `most` rows in all.
        """
        yield self._pack(csv_file.head(self._source.headings))
        shown = 0
        while not self._is_last and self._rows < PART_ROWS and self._size < PART_BYTES:
            batch = await self._next()
            yield await asyncio.to_thread(self._take, batch)
            if before + self._rows > most:
                raise TooManyRowsError
            if self._rows - shown >= SHOWN_EVERY:
                shown = self._rows
                await self._show(before + self._rows)
        yield self._count(self._packer.flush())

    async def _next(self) -> Batch[Cursor]:
        async with self._database.read() as session:
            if not await dump_work.goes_on(session, self._dump_id):
                raise GivenUpError
            return await self._source.batch(session, self._last)

    async def _show(self, rows: int) -> None:
        async with self._database.write() as session:
            await dump_work.progress(session, self._dump_id, rows)

    def _take(self, batch: Batch[Cursor]) -> bytes:
        self._rows += len(batch.rows)
        self._is_last = batch.last is None
        self._last = batch.last or self._last
        return self._pack(csv_file.lines(batch.rows, self._zone))

    def _pack(self, data: bytes) -> bytes:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        return self._count(self._packer.compress(data))

    def _count(self, packed: bytes) -> bytes:
        self._packed += len(packed)
        return packed
