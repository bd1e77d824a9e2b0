"""Imports of customers from a form (CUS-1): how far each has come; one overtaken writes nothing.

A workflow can be started twice, by a worker that was believed dead. So each write holds the
import and compares `rows_seen` with what the writer believes: the second one stops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Index, insert
from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import customer as customers
from db import customer_group as groups
from db import job as jobs
from db import page as pages
from db import quota as quotas
from db.checking import Progress, UploadedFile
from db.customer import Contact
from db.customer_group import CustomerGroupRow
from db.dialect import BigId, choice
from db.job import JobKind
from db.page import Key, Order, Slice
from domain import quota
from domain.customer_import import KEPT, ROW_ERRORS_KEPT, ImportStatus
from domain.errors import Code, Refused
from domain.region import Region, SmsType

MAINLAND: Final = "CN"
_VALUE_MOST: Final = 200
_GONE: Final = "the customer group was deleted while the form was read: import it into another"


class CustomerImportRow(SQLModel, table=True):
    """One import; it goes on behind `rows_seen` of `rows_total` rows of the sheet.

    Each row with something in it is counted once: `added`, `duplicates` (of rows before it),
    `members` (in the group before), or `rejected`. An ended one has no file any more.
    """

    __tablename__ = "customer_import"
    __table_args__ = (
        Index("ix_customer_import_list", "account_uin", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    # No foreign key: a deleted group goes, and what was imported into it is still told.
    group_id: int = Field(sa_type=BigId)
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    status: ImportStatus = Field(sa_type=choice(ImportStatus))
    file_key: str | None = Field(default=None, max_length=200)
    file_name: str = Field(max_length=255)
    file_bytes: int = Field(sa_type=BigId)
    rows_seen: int = 0
    rows_total: int = 0
    added: int = 0
    duplicates: int = 0
    members: int = 0
    rejected: int = 0
    problem: str | None = Field(default=None, max_length=1_000)
    created_at: datetime
    created_by: int = Field(sa_type=BigId)
    finished_at: datetime | None = None


class CustomerImportErrorRow(SQLModel, table=True):
    """One row of a form that is no customer, and why."""

    __tablename__ = "customer_import_error"
    __table_args__ = (Index("ix_customer_import_error_row", "import_id", "row", "id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    import_id: int = Field(foreign_key="customer_import.id", sa_type=BigId)
    row: int
    column_name: str = Field(max_length=200)
    code: Code = Field(sa_type=choice(Code))
    value: str = Field(max_length=200)
    message: str = Field(max_length=1_000)


class Batch(Protocol):
    """What some rows of a form were, with the numbers the sheet shows for them."""

    @property
    def recipients(self) -> Sequence[tuple[int, str, str, list[str], int, int]]:
        """Row, E.164 number, ISO country; the rest is for texts."""

    @property
    def errors(self) -> Sequence[tuple[int, str, str, str, str]]:
        """Row, column, code, value, message."""

    @property
    def duplicates(self) -> Sequence[tuple[int, int, str]]:
        """Row, the row that had the same number first, and the number."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an import needs to know; `rows_seen` is where it goes on."""

    file_key: str
    rows_seen: int


def listing(owner: int) -> SelectOfScalar[CustomerImportRow]:
    """Select the imports of an account that are remembered."""
    return select(CustomerImportRow).where(CustomerImportRow.account_uin == owner)


async def owned(session: AsyncSession, owner: int, import_id: int) -> CustomerImportRow | None:
    """Find one import of this owner."""
    return (await session.exec(listing(owner).where(CustomerImportRow.id == import_id))).first()


async def page(
    session: AsyncSession, owner: int, *, first: int, after: Key | None
) -> Slice[CustomerImportRow]:
    """List imports, the last begun first."""
    identity = col(CustomerImportRow.id)
    order = Order(identity, identity)
    return await pages.keyset(session, listing(owner), order, first=first, after=after)


def row_errors(import_id: int) -> SelectOfScalar[CustomerImportErrorRow]:
    """Select the rows of an import that are no customers; the caller has found the import."""
    return select(CustomerImportErrorRow).where(CustomerImportErrorRow.import_id == import_id)


async def row_error_page(
    session: AsyncSession, import_id: int, *, first: int, after: Key | None
) -> Slice[CustomerImportErrorRow]:
    """List them in the order of the form."""
    order = Order(col(CustomerImportErrorRow.row), col(CustomerImportErrorRow.id), descending=False)
    return await pages.keyset(session, row_errors(import_id), order, first=first, after=after)


async def begin(
    session: AsyncSession, group: CustomerGroupRow, file: UploadedFile, by: int, now: datetime
) -> CustomerImportRow:
    """Ask for a form to be imported into a group the caller holds; raises Refused.

    The oldest ended import beyond those remembered is forgotten.
    """
    owner = group.account_uin
    if not await quotas.take(session, owner, quota.CUSTOMER_IMPORTS):
        raise Refused.one(Code.LIMIT_EXCEEDED, quota.CUSTOMER_IMPORTS.exceeded())
    row = CustomerImportRow(
        account_uin=owner,
        group_id=group.id,
        sms_type=group.sms_type,
        status=ImportStatus.RUNNING,
        file_key=file.key,
        file_name=file.name,
        file_bytes=file.size,
        created_at=now,
        created_by=by,
    )
    session.add(row)
    await session.flush()
    await _forget(session, owner)
    await jobs.add(session, JobKind.IMPORT_CUSTOMERS, row.id, due_at=now, now=now)
    return row


async def _forget(session: AsyncSession, owner: int) -> None:
    old = select(CustomerImportRow.id).where(
        CustomerImportRow.account_uin == owner,
        CustomerImportRow.status != ImportStatus.RUNNING,
        col(CustomerImportRow.file_key).is_(None),
    )
    newest_first = old.order_by(col(CustomerImportRow.id).desc()).offset(KEPT)
    ids = (await session.exec(newest_first)).all()
    if ids:
        errors = delete(CustomerImportErrorRow)
        await session.exec(errors.where(col(CustomerImportErrorRow.import_id).in_(ids)))
        await session.exec(delete(CustomerImportRow).where(col(CustomerImportRow.id).in_(ids)))


async def work(session: AsyncSession, import_id: int) -> Work | None:
    """Say what is to be read; None when the import has ended."""
    row = await session.get(CustomerImportRow, import_id)
    if row is None or row.status is not ImportStatus.RUNNING or row.file_key is None:
        return None
    return Work(row.file_key, row.rows_seen)


async def store(  # noqa: PLR0913 - whose batch, what it holds, and where it stands in the form
    session: AsyncSession,
    import_id: int,
    batch: Batch,
    *,
    before: int,
    progress: Progress,
    now: datetime,
) -> bool:
    """Keep the batch that follows row `before`; False when the import was overtaken.

    Raises Refused when the group is gone or the account may have no more customers.
    """
    row = await _running(session, import_id)
    if row is None or row.rows_seen != before:
        return False
    group = await groups.owned(session, row.account_uin, row.group_id)
    if group is None:
        raise Refused.one(Code.NOT_FOUND, _GONE)
    contacts = [
        Contact(phone, country, Region.MAINLAND if country == MAINLAND else Region.GLOBAL)
        for _, phone, country, *_ in batch.recipients
    ]
    new = await customers.add(session, group, contacts, now) if contacts else frozenset()
    await _add_errors(session, row, batch)
    row.rows_seen, row.rows_total = progress.rows_seen, progress.rows_total
    row.added += len(new)
    row.members += len(contacts) - len(new)
    row.duplicates += len(batch.duplicates)
    row.rejected += len({number for number, *_ in batch.errors})
    return True


async def _add_errors(session: AsyncSession, row: CustomerImportRow, batch: Batch) -> None:
    # A row of a form of customers has one column that counts, so it has one error at most.
    room = max(0, ROW_ERRORS_KEPT - row.rejected)
    found = [
        {
            "import_id": row.id,
            "row": number,
            "column_name": column,
            "code": Code(code),
            "value": value[:_VALUE_MOST],
            "message": message,
        }
        for number, column, code, value, message in batch.errors[:room]
    ]
    if found:
        # Core, not the unit of work: there may be thousands.
        await (await session.connection()).execute(insert(CustomerImportErrorRow), found)


async def finish(session: AsyncSession, import_id: int, problem: str | None, now: datetime) -> None:
    """End an import; with a problem it has failed, and what was added before stays."""
    row = await _running(session, import_id)
    if row is None:
        return
    row.status = ImportStatus.FAILED if problem else ImportStatus.DONE
    row.problem, row.finished_at = problem, now
    await quotas.give_back(session, row.account_uin, quota.CUSTOMER_IMPORTS)


async def file_of(session: AsyncSession, import_id: int) -> str | None:
    """Give the key of a form that was read, and which nobody needs any more."""
    row = await session.get(CustomerImportRow, import_id)
    return None if row is None or row.status is ImportStatus.RUNNING else row.file_key


async def forget_file(session: AsyncSession, import_id: int) -> None:
    """Note that the form is gone."""
    row = await session.get(CustomerImportRow, import_id)
    if row is not None:
        row.file_key = None


async def _running(session: AsyncSession, import_id: int) -> CustomerImportRow | None:
    owner = select(CustomerImportRow.account_uin).where(CustomerImportRow.id == import_id)
    uin = (await session.exec(owner)).first()
    if uin is None:
        return None
    await groups.hold(session, uin)
    query = select(CustomerImportRow).where(
        CustomerImportRow.id == import_id, CustomerImportRow.status == ImportStatus.RUNNING
    )
    return (await session.exec(query.with_for_update())).first()
