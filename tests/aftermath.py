"""What is left of a task whose workers were killed, counted again from the messages themselves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, func, literal, select
from sqlmodel import col

from db import simulator as ledger
from db import statistic
from db.message import TABLE as MESSAGE
from db.package import LedgerRow, PackageRow
from db.session import AsyncSession, Database
from db.simulator import SimulatedSubmissionRow
from db.task import BulkTaskRow
from domain.message import MessageStatus
from domain.package import LedgerKind
from domain.task import TaskStatus
from tests import counting, sending

_CARRIER: Final = SimulatedSubmissionRow.metadata.tables["simulated_submission"]
_HEARD: Final = (MessageStatus.DELIVERED, MessageStatus.FAILED)
_COUNTED: Final = (
    "account_uin",
    "region",
    "app_id",
    "template_id",
    "country",
    "segments",
    "phone",
    "state",
    "code",
    "submitted_at",
    "done_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What one task had come to after the last start, beside what the carrier remembers."""

    lost: int
    """Recipients without a message in a final state, or with one the carrier was never given."""
    lost_receipts: int
    """Messages whose end is not what the carrier's receipt says."""
    submitted_twice: int
    """Submissions the carrier's own ledger counts beyond the first of each message."""
    unheard: int
    """Messages that ended as expired, because nobody knew whether the carrier had them."""
    refused: int
    """Messages the carrier turned down."""
    inexact: tuple[str, ...]
    """What does not agree with a recount of the messages."""


async def look(database: Database, task_id: int, recipients: int) -> Aftermath:
    """Compare every message, count, rollup and ledger row; the task is the only one."""
    async with database.read() as session:
        rows = await _rows(session)
        twice = await ledger.duplicates(session)
        zones = await statistic.zones(session, {row.account_uin for row in rows})
        units = await _units(session, task_id)
        balances = await _balances(session)
    task = await sending.task_row(database, task_id)
    states = Counter(row.state for row in rows)
    agrees = {
        "task counters": _counts(task, states, recipients),
        "hourly statistics": await _rolled_up(database, rows, zones),
        "package balance": balances,
        "package units of the task": _settled(task, rows, units),
    }
    return Aftermath(
        lost=recipients - len({row.phone for row in rows if _ended(row)}),
        lost_receipts=sum(1 for row in rows if row.times and not _told(row)),
        submitted_twice=twice,
        unheard=states[MessageStatus.EXPIRED],
        refused=states[MessageStatus.REFUSED],
        inexact=tuple(name for name, holds in agrees.items() if not holds),
    )


async def _rows(session: AsyncSession) -> Sequence[Any]:
    """Give messages beside what the carrier knows of each."""
    reference = literal("sim-") + cast(MESSAGE.c.id, String)
    query = select(
        *(MESSAGE.c[name] for name in _COUNTED),
        _CARRIER.c.times,
        _CARRIER.c.code.label("brought"),
    ).outerjoin(_CARRIER, _CARRIER.c.reference == reference)
    return (await (await session.connection()).execute(query)).all()


async def _units(session: AsyncSession, task_id: int) -> Mapping[LedgerKind, int]:
    query = (
        select(col(LedgerRow.kind), func.sum(col(LedgerRow.units)))
        .where(col(LedgerRow.task_id) == task_id)
        .group_by(col(LedgerRow.kind))
    )
    booked = await (await session.connection()).execute(query)
    return Counter({kind: int(units) for kind, units in booked})


async def _balances(session: AsyncSession) -> bool:
    """Say whether each package holds what its ledger adds up to, and never less than nothing."""
    booked = (
        select(col(LedgerRow.package_id), func.sum(col(LedgerRow.units)).label("units"))
        .group_by(col(LedgerRow.package_id))
        .subquery()
    )
    query = select(col(PackageRow.remaining), booked.c.units).outerjoin(
        booked, booked.c.package_id == col(PackageRow.id)
    )
    found = (await (await session.connection()).execute(query)).all()
    return bool(found) and all(left == units >= 0 for left, units in found)


def _ended(row: Any) -> bool:
    """Say whether a message has an end that what the carrier was given accounts for."""
    if row.state in _HEARD:
        return bool(row.times)
    return row.state in {MessageStatus.REFUSED, MessageStatus.EXPIRED} and not row.times


def _told(row: Any) -> bool:
    return row.state in _HEARD and row.code == row.brought


def _counts(task: BulkTaskRow, states: Mapping[MessageStatus, int], recipients: int) -> bool:
    delivered, failed = (states[state] for state in _HEARD)
    accepted = delivered + failed + states[MessageStatus.EXPIRED]
    refused = states[MessageStatus.REFUSED]
    counted = (task.accepted, task.refused, task.delivered, task.failed)
    complete = accepted + refused == task.recipients == recipients
    sent = task.status is TaskStatus.SENT and task.settled_at is not None
    return counted == (accepted, refused, delivered, failed) and complete and sent


async def _rolled_up(
    database: Database, rows: Sequence[Any], zones: Mapping[int, ZoneInfo]
) -> bool:
    """Say whether every hour, day and code of a failure counts what the messages say."""
    hours, codes = counting.recount(rows, zones)
    kept = await counting.statistics(database), await counting.failures(database)
    days, told = counting.recount_days(rows, zones)
    kept_days = await counting.countries(database), await counting.told(database)
    return (kept, kept_days) == ((hours, (codes, codes)), (days, told))


def _settled(task: BulkTaskRow, rows: Sequence[Any], units: Mapping[LedgerKind, int]) -> bool:
    """Say whether what was reserved is what was accepted and what came back (PKG-4)."""
    back = sum(row.segments for row in rows if row.state is MessageStatus.REFUSED)
    used = sum(row.segments for row in rows) - back
    reserved, returned = -units[LedgerKind.RESERVE], units[LedgerKind.RETURN]
    return (reserved, returned, task.reserved_units) == (used + back, back, used)
