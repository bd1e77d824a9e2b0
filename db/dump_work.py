"""The work on a dump: its parts, each whole or to be written again (STA-8).

Every object has its key written down before its first byte, and each attempt has a key of its own:
a worker that was overtaken finds at the end that its key is no longer the one that counts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Field, SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db import dump as dumps
from db.dialect import BigId
from db.dump import DumpRow
from domain.dump import IN_WORK, DumpEvent, DumpStatus, step

Cursor = tuple[datetime, int]


class DumpPartRow(SQLModel, table=True):
    """One file of a dump under work; the columns from `rows` on are empty until it is whole.

    `crc` and `size` are of the CSV, `packed` is the size of its deflate data under `key`.
    `last_at` and `last_id` say after which row the next part begins.
    """

    __tablename__ = "dump_part"

    dump_id: int = Field(primary_key=True, foreign_key="dump.id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: str = Field(max_length=200)
    rows: int | None = None
    crc: int | None = Field(default=None, sa_type=BigId)
    size: int | None = Field(default=None, sa_type=BigId)
    packed: int | None = Field(default=None, sa_type=BigId)
    last_at: datetime | None = None
    last_id: int | None = Field(default=None, sa_type=BigId)
    is_last: bool = False


class Written(NamedTuple):
    """What a part turned out to be."""

    rows: int
    crc: int
    size: int
    packed: int
    last: Cursor | None
    is_last: bool


async def begin(session: AsyncSession, dump_id: int) -> DumpRow | None:
    """Take a dump into work, or up again; None when there is nothing to be done any more."""
    row = await dumps.hold(session, dump_id)
    if row is None or row.status not in IN_WORK:
        return None
    row.status = step(row.status, DumpEvent.BEGIN)
    return row


async def goes_on(session: AsyncSession, dump_id: int) -> bool:
    """Say whether a dump is still wanted."""
    query = select(DumpRow.id).where(
        DumpRow.id == dump_id, col(DumpRow.status) == DumpStatus.RUNNING
    )
    return (await session.exec(query)).first() is not None


async def parts(session: AsyncSession, dump_id: int) -> Sequence[DumpPartRow]:
    """List the parts of a dump in order."""
    query = select(DumpPartRow).where(DumpPartRow.dump_id == dump_id)
    return (await session.exec(query.order_by(col(DumpPartRow.number)))).all()


async def open_part(
    session: AsyncSession, dump_id: int, number: int, key: str
) -> tuple[bool, str | None]:
    """Note where a part is going to be; False when the dump was given up or the part is whole.

    Gives the key of an attempt before, too, whose bytes may go: should a worker still be writing
    them, it throws them away when it finds that its key no longer counts.
    """
    if not await goes_on(session, dump_id):
        return False, None
    query = select(DumpPartRow).where(DumpPartRow.dump_id == dump_id, DumpPartRow.number == number)
    row = (await session.exec(query.with_for_update())).first()
    if row is None:
        session.add(DumpPartRow(dump_id=dump_id, number=number, key=key))
        return True, None
    if row.rows is not None:
        return False, None
    before, row.key = row.key, key
    return True, before


async def is_open(session: AsyncSession, dump_id: int, number: int, key: str) -> bool:
    """Say whether a part is still to be written under this key."""
    query = select(DumpPartRow.number).where(
        DumpPartRow.dump_id == dump_id,
        DumpPartRow.number == number,
        DumpPartRow.key == key,
        col(DumpPartRow.rows).is_(None),
    )
    mine = (await session.exec(query)).first() is not None
    return mine and await goes_on(session, dump_id)


async def close_part(
    session: AsyncSession, dump_id: int, number: int, key: str, written: Written
) -> bool:
    """Note that a part is whole; False when the dump was given up or another worker is at it."""
    if not await goes_on(session, dump_id):
        return False
    last_at, last_id = written.last or (None, None)
    statement = (
        update(DumpPartRow)
        .where(
            col(DumpPartRow.dump_id) == dump_id,
            col(DumpPartRow.number) == number,
            col(DumpPartRow.key) == key,
            col(DumpPartRow.rows).is_(None),
        )
        .values(
            rows=written.rows,
            crc=written.crc,
            size=written.size,
            packed=written.packed,
            last_at=last_at,
            last_id=last_id,
            is_last=written.is_last,
        )
        .returning(col(DumpPartRow.number))
    )
    return (await session.exec(statement)).first() is not None


async def progress(session: AsyncSession, dump_id: int, rows: int) -> None:
    """Show how many rows are written."""
    statement = update(DumpRow).where(
        col(DumpRow.id) == dump_id, col(DumpRow.status) == DumpStatus.RUNNING
    )
    await session.exec(statement.values(rows=rows))


async def reserve(session: AsyncSession, dump_id: int, key: str) -> tuple[bool, str | None]:
    """Note where the archive is going to be; False when the dump was given up.

    Gives the key of an attempt before, too.
    """
    row = await dumps.hold(session, dump_id)
    if row is None or row.status is not DumpStatus.RUNNING:
        return False, None
    before, row.key = row.key, key
    return True, before


async def finish(  # noqa: PLR0913 - which dump, what its file turned out to be, and since when
    session: AsyncSession,
    dump_id: int,
    key: str,
    *,
    size: int,
    sha256: str,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Let a dump be downloaded; False when it was given up or another worker is at it."""
    row = await dumps.hold(session, dump_id)
    if row is None or row.status is not DumpStatus.RUNNING or row.key != key:
        return False
    whole = await parts(session, dump_id)
    row.status = step(row.status, DumpEvent.FINISH)
    row.rows = sum(part.rows or 0 for part in whole)
    row.size, row.sha256 = size, sha256
    row.ready_at, row.expires_at = now, expires_at
    return True


async def fail(session: AsyncSession, dump_id: int, problem: str, now: datetime) -> None:
    """Say why a dump could not be written; one that was given up stays so."""
    row = await dumps.hold(session, dump_id)
    if row is not None and row.status in IN_WORK:
        row.problem = problem
        await dumps.end(session, row, DumpEvent.FAIL, now)


async def left(session: AsyncSession, dump_id: int) -> list[str]:
    """List the keys of what nobody needs: every part once a dump is over, and a spoilt archive."""
    row = await dumps.get(session, dump_id)
    if row is None or row.status in IN_WORK:
        return []
    keys = [part.key for part in await parts(session, dump_id)]
    spoilt = row.key is not None and row.status is not DumpStatus.READY
    return [*keys, row.key] if row.key is not None and spoilt else keys


async def forget(session: AsyncSession, dump_id: int, keys: Sequence[str]) -> None:
    """Forget objects that are gone from the store."""
    await session.exec(
        delete(DumpPartRow).where(
            col(DumpPartRow.dump_id) == dump_id, col(DumpPartRow.key).in_(keys)
        )
    )
    statement = update(DumpRow).where(col(DumpRow.id) == dump_id, col(DumpRow.key).in_(keys))
    await session.exec(statement.values(key=None))
