"""Units of what carriers turn down come back as the price list says (PKG-4)."""

from dataclasses import replace

import pytest
from sqlmodel import select, update

from db import queue, settlement, task
from db.package import PackageRow
from db.session import Database
from domain.carrier import Answer, Verdict
from domain.price import RefusedUnits
from domain.task import TaskStatus
from tests import packages, sending
from tests.console import START as NOW


async def send(database: Database, refused_units: RefusedUnits) -> int:
    """Send six messages of two segments from such a package; gives the task.

    A carrier takes two and turns one down, a rule refuses one, one is queued when the task stops,
    and one waits for a carrier that it is never given to.
    """
    await sending.add_account(database, NOW)
    task_id = await sending.add_task(database, NOW, sending.phones(6), segments=2)
    async with database.write() as session:
        await session.exec(update(PackageRow).values(refused_units=refused_units))
    asked = sending.request(NOW, limit=5)
    async with database.write() as session:
        batch = await queue.claim(session, asked)
        await queue.park(session, [(one, sending.CARRIER) for one in batch[3:]])
        await sending.sifted(session, asked, batch[:3], [])
    waited = replace(sending.request(NOW, limit=2), carriers=(sending.CARRIER,))
    async with database.write() as session:
        (again, _) = await queue.claim(session, waited)
        rule = Answer(again.id, Verdict.REFUSED, code="FailedOperation.PhoneNumberInBlacklist")
        await sending.sifted(session, waited, [again], [rule])
    answers = [*map(sending.accepted, batch[:2]), sending.refused(batch[2])]
    await sending.record(database, *answers)
    async with database.write() as session:
        row = await task.changing(session, packages.UIN, task_id)
        await settlement.stop(session, row, NOW)
    return task_id


@pytest.mark.parametrize(
    ("refused_units", "kept"), [(RefusedUnits.RETURNED, 4), (RefusedUnits.KEPT, 6)]
)
async def test_only_what_a_carrier_turned_down_may_be_kept(
    database: Database, refused_units: RefusedUnits, kept: int
) -> None:
    task_id = await send(database, refused_units)
    row = await sending.task_row(database, task_id)
    assert (row.status, row.accepted, row.refused) == (TaskStatus.STOPPED, 2, 2)
    assert row.settled_at == NOW
    assert row.reserved_units == kept
    assert await packages.balance(database, NOW) == 12 - kept
    async with database.read() as session:
        (package,) = (await session.exec(select(PackageRow))).all()
    assert (package.units, package.remaining) == (12, 12 - kept)
