"""Dumps of records: parts one after the other, then one archive of them all (STA-8).

A worker that dies costs at most the part it was in: the next one writes that part again, from the
row behind the last of the part before.
"""

import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from db import dump as dumps
from db import dump_work
from db.dump import DumpRow
from db.dump_work import DumpPartRow
from db.statistic import zone_of
from db.store import TooLargeError, new_key
from delivery.export import archive
from delivery.export.archive import Member
from delivery.export.dumped import source_of
from delivery.export.part import GivenUpError, Part
from delivery.export.table import TooManyRowsError, local
from delivery.step import Job, Tools, step
from domain.dump import ARCHIVE_BYTES, too_large, too_many

_OUR_FAULT: Final = "the dump could not be written, through no fault of its order: order it again"
_PART: Final = ".part"
_ARCHIVE: Final = ".zip"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a step ended: `goes_on` unless the dump was given up or another worker has it."""

    goes_on: bool
    problem: str | None = None


async def dump_records(tools: Tools, job: Job) -> None:
    """Write what was ordered, and say on the dump how that ended."""
    try:
        progress = await step("write", partial(_write, tools, job.subject_id))
        if progress.goes_on:
            progress = await step("pack", partial(_pack, tools, job.subject_id))
    except Exception:
        log.exception("job %s: dump %s failed", job.id, job.subject_id)
        progress = Progress(goes_on=False, problem=_OUR_FAULT)
    if progress.problem is not None:
        await step("fail", partial(_fail, tools, job.subject_id, progress.problem))
    await step("tidy", partial(tidy, tools, job.subject_id))


async def tidy(tools: Tools, dump_id: int) -> None:
    """Remove the parts of a dump that is over, and an archive that nobody may have."""
    async with tools.database.read() as session:
        keys = await dump_work.left(session, dump_id)
    for key in keys:
        await tools.store.delete(key)
    async with tools.database.write() as session:
        await dump_work.forget(session, dump_id, keys)


async def _write(tools: Tools, dump_id: int) -> Progress:
    """Write the parts that are not there yet."""
    async with tools.database.write() as session:
        row = await dump_work.begin(session, dump_id)
    try:
        while row is not None:
            async with tools.database.read() as session:
                parts = await dump_work.parts(session, dump_id)
            whole = [part for part in parts if part.rows is not None]
            if whole and whole[-1].is_last:
                return Progress(goes_on=True)
            await _write_part(tools, row, whole)
    except GivenUpError:
        pass
    except TooManyRowsError:
        return Progress(goes_on=False, problem=too_many(tools.terms.dump_rows))
    except TooLargeError:
        return Progress(goes_on=False, problem=too_large())
    return Progress(goes_on=False)


async def _write_part(tools: Tools, row: DumpRow, whole: Sequence[DumpPartRow]) -> None:
    async with tools.database.read() as session:
        zone = await zone_of(session, row.account_uin)
    last = whole[-1] if whole else None
    after = (last.last_at, last.last_id) if last and last.last_at and last.last_id else None
    number, key = len(whole) + 1, new_key("dump", _PART)
    async with tools.database.write() as session:
        mine, before = await dump_work.open_part(session, row.id, number, key)
    if not mine:
        raise GivenUpError
    if before is not None:
        await tools.store.delete(before)
    part = Part(tools.database, row.id, source_of(row, zone), zone, after)
    rows = sum(one.rows or 0 for one in whole)
    room = ARCHIVE_BYTES - sum(one.packed or 0 for one in whole)
    try:
        await tools.store.put(key, part.pieces(rows, tools.terms.dump_rows), limit=room)
    except Exception:
        # Another worker may have taken away what was written so far, which no store expects.
        async with tools.database.read() as session:
            if not await dump_work.is_open(session, row.id, number, key):
                raise GivenUpError from None
        raise
    written = part.written()
    async with tools.database.write() as session:
        kept = await dump_work.close_part(session, row.id, number, key, written)
        await dump_work.progress(session, row.id, rows + written.rows)
    if not kept:
        await tools.store.delete(key)
        raise GivenUpError


async def _pack(tools: Tools, dump_id: int) -> Progress:
    """Put the parts together under a key of their own."""
    key = new_key("dump", _ARCHIVE)
    async with tools.database.write() as session:
        mine, before = await dump_work.reserve(session, dump_id, key)
    if not mine:
        return Progress(goes_on=False)
    if before is not None:
        await tools.store.delete(before)
    digest = hashlib.sha256()
    try:
        size = await tools.store.put(key, _archive(tools, dump_id, digest), limit=ARCHIVE_BYTES)
    except TooLargeError:
        return Progress(goes_on=False, problem=too_large())
    except GivenUpError:
        return Progress(goes_on=False)
    now = tools.clock()
    async with tools.database.write() as session:
        kept = await dump_work.finish(
            session,
            dump_id,
            key,
            size=size,
            sha256=digest.hexdigest(),
            now=now,
            expires_at=now + tools.terms.dump_kept,
        )
    if not kept:
        await tools.store.delete(key)
    return Progress(goes_on=kept)


async def _archive(tools: Tools, dump_id: int, digest: "hashlib._Hash") -> AsyncIterator[bytes]:
    """Give the bytes of the archive, and count them in."""
    async with tools.database.read() as session:
        row = await dumps.get(session, dump_id)
        parts = await dump_work.parts(session, dump_id)
        zone = await zone_of(session, row.account_uin) if row else None
    if row is None or zone is None:
        raise GivenUpError
    at, members = local(row.created_at, zone), [_member(row, part) for part in parts]
    for part, member in zip(parts, members, strict=True):
        async with tools.database.read() as session:
            if not await dump_work.goes_on(session, dump_id):
                raise GivenUpError
        header = archive.local_header(member, at)
        digest.update(header)
        yield header
        async for piece in tools.store.stream(part.key):
            digest.update(piece)
            yield piece
    end = archive.directory(members, at)
    digest.update(end)
    yield end


def _member(row: DumpRow, part: DumpPartRow) -> Member:
    name = f"{row.kind.value}-{part.number}.csv"
    return Member(name, part.crc or 0, part.size or 0, part.packed or 0)


async def _fail(tools: Tools, dump_id: int, problem: str) -> None:
    async with tools.database.write() as session:
        await dump_work.fail(session, dump_id, problem, tools.clock())
