"""What copying customer groups into a task commits, on both databases (BLK-11, CUS-5)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel import select as select_rows

from db import checking, customer, customer_group, group_recipient, recipient, task, task_group
from db import task_number as numbers
from db.customer import CustomerRow, Member
from db.session import Database
from db.task import RowErrorRow
from db.task_group import TaskGroupRow
from db.task_number import TaskNumberRow
from domain.errors import Code, Refused
from domain.region import Region
from domain.segment import Encoding, Measure
from domain.task import TaskStatus
from tests import bulk, filling
from tests.bulk import Parts
from tests.console import START, Statements

UIN = 12_345_678
SIZE = Measure(29, 1, Encoding.UCS2)


@pytest.fixture
async def parts(database: Database) -> Parts:
    """An account with what a Mainland task needs, its template without variables."""
    await bulk.add_account(database, START)
    found = await bulk.add_parts(database, UIN, START)
    return replace(found, template_id=await filling.add_template(database, found, START))


@dataclass(frozen=True, slots=True)
class Copy:
    """A task that is to be filled from groups, taken by the hand."""

    database: Database
    task_id: int
    job_id: int

    @classmethod
    async def of(cls, database: Database, parts: Parts, *group_ids: int) -> "Copy":
        """Begin with a draft."""
        task_id = await bulk.add_task(database, parts, START)
        async with database.write() as session:
            row = await task.changing(session, UIN, task_id)
            groups = await group_recipient.among(session, UIN, group_ids)
            await group_recipient.begin(session, row, [one for one in groups if one], START)
            assert row.check_job
            return cls(database, task_id, row.check_job)

    async def groups(self) -> Sequence[TaskGroupRow]:
        """List its groups."""
        async with self.database.read() as session:
            return await task_group.of(session, [self.task_id])

    async def members(self, place: int, limit: int = 100) -> Sequence[Member]:
        """Read the next members of a group."""
        group = (await self.groups())[place]
        async with self.database.read() as session:
            return await customer.batch(session, group.group_id, after=group.copied_to, limit=limit)

    async def store(self, place: int, members: Sequence[Member], before: int) -> bool:
        """Keep members of a group, as its last ones and the last of all."""
        group = (await self.groups())[place]
        async with self.database.write() as session:
            return await group_recipient.store(
                session,
                self.job_id,
                group,
                members,
                before=before,
                size=SIZE,
                is_last=True,
                ends=True,
                now=START,
            )


async def counted(database: Database, table: type[TaskNumberRow]) -> int:
    async with database.read() as session:
        return int((await session.exec(select_rows(func.count()).select_from(table))).one())


async def test_members_become_messages_and_each_number_is_sent_to_once(
    database: Database, parts: Parts
) -> None:
    one, two = filling.phones(2)
    first = await filling.add_group(database, UIN, [one, "+85266661234"], START, "First")
    second = await filling.add_group(database, UIN, [two, one], START, "Second")
    copy = await Copy.of(database, parts, first, second)
    assert await copy.store(0, await copy.members(0), 0)
    assert await copy.store(1, await copy.members(1), 2)
    row = await bulk.task_of(database, copy.task_id)
    assert (row.recipients, row.rejected, row.duplicates) == (2, 1, 1)
    assert (row.segments, row.characters, row.rows_seen, row.rows_total) == (2, 58, 4, 4)
    found = [
        (each.row_number, each.phone, each.country, each.params, each.characters, each.segments)
        for each in await bulk.messages(database, copy.task_id)
    ]
    assert found == [(1, one, "CN", "[]", 29, 1), (3, two, "CN", "[]", 29, 1)]
    async with database.read() as session:
        query = select_rows(RowErrorRow).order_by(col(RowErrorRow.row))
        errors = (await session.exec(query)).all()
    assert [(each.row, each.column_name, each.code, each.value) for each in errors] == [
        (2, "First", Code.MISMATCH, "+85266661234"),
        (4, "", Code.TAKEN, one),
    ]
    assert [each.message for each in errors] == [
        (
            'mobile number "+85266661234" is registered in HK, outside Mainland China: '
            "use Global SMS for it"
        ),
        "row 4 repeats row 1, number and content: it is sent once",
    ]
    assert [(each.name, each.members, each.is_whole) for each in await copy.groups()] == [
        ("First", 2, True),
        ("Second", 2, True),
    ]


async def test_a_number_of_mainland_china_is_no_recipient_of_global_sms(database: Database) -> None:
    await bulk.add_account(database, START)
    far = await bulk.add_parts(database, UIN, START, Region.GLOBAL)
    group = await filling.add_group(database, UIN, ["+8613800138000", "+85266661234"], START)
    copy = await Copy.of(database, far, group)
    assert await copy.store(0, await copy.members(0), 0)
    assert [one.phone for one in await bulk.messages(database, copy.task_id)] == ["+85266661234"]
    async with database.read() as session:
        (error,) = (await session.exec(recipient.row_errors(copy.task_id))).all()
    assert error.message == (
        'mobile number "+8613800138000" is registered in Mainland China: '
        "use Mainland China SMS for it"
    )


async def test_of_two_runs_of_one_copy_the_second_writes_nothing(
    database: Database, parts: Parts
) -> None:
    group = await filling.add_group(database, UIN, filling.phones(3), START)
    copy = await Copy.of(database, parts, group)
    members = await copy.members(0)
    kept = await asyncio.gather(*(copy.store(0, members, 0) for _ in range(4)))
    assert sum(kept) == 1
    assert len(await bulk.messages(database, copy.task_id)) == 3
    assert not await copy.store(0, members, 0)
    assert [one.members for one in await copy.groups()] == [3]


async def test_who_moves_to_another_group_meanwhile_is_sent_to_once(
    database: Database, parts: Parts
) -> None:
    (phone,) = filling.phones(1)
    first = await filling.add_group(database, UIN, [phone], START, "First")
    second = await filling.add_group(database, UIN, [], START, "Second")
    copy = await Copy.of(database, parts, first, second)
    assert await copy.store(0, await copy.members(0), 0)
    async with database.write() as session:
        await session.exec(update(CustomerRow).values(group_id=second))
    assert await copy.store(1, await copy.members(1), 1)
    assert [one.phone for one in await bulk.messages(database, copy.task_id)] == [phone]
    assert (await bulk.task_of(database, copy.task_id)).duplicates == 1


async def test_a_group_that_was_deleted_meanwhile_ends_the_copy(
    database: Database, parts: Parts
) -> None:
    group = await filling.add_group(database, UIN, filling.phones(2), START, "VIP")
    copy = await Copy.of(database, parts, group)
    members = await copy.members(0)
    async with database.write() as session:
        await customer_group.remove(session, UIN, group, START)
    with pytest.raises(Refused, match='customer group "VIP" was deleted while its members'):
        await copy.store(0, members, 0)
    assert await bulk.messages(database, copy.task_id) == []
    assert [one.name for one in await copy.groups()] == ["VIP"]


async def test_the_numbers_that_were_remembered_go_in_bounded_steps(
    database: Database, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "ERASED_AT_ONCE", 2)
    group = await filling.add_group(database, UIN, filling.phones(3), START)
    copy = await Copy.of(database, parts, group)
    await copy.store(0, await copy.members(0), 0)
    assert await counted(database, TaskNumberRow) == 3
    gone = []
    for _ in range(2):
        async with database.write() as session:
            gone.append(await checking.discard(session, copy.task_id, copy.job_id))
            await checking.finish(session, copy.task_id, copy.job_id, None)
    for _ in range(2):
        async with database.write() as session:
            gone.append(await checking.discard(session, copy.task_id, copy.job_id))
    assert gone == [0, 2, 1, 0]
    row = await bulk.task_of(database, copy.task_id)
    assert (row.status, row.recipients) == (TaskStatus.READY, 3)
    assert await counted(database, TaskNumberRow) == 0


async def test_a_new_source_replaces_the_groups(database: Database, parts: Parts) -> None:
    group = await filling.add_group(database, UIN, filling.phones(2), START)
    copy = await Copy.of(database, parts, group)
    await copy.store(0, await copy.members(0), 0)
    async with database.write() as session:
        await checking.finish(session, copy.task_id, copy.job_id, None)
    job_id = await bulk.begin(database, copy.task_id, START)
    assert await copy.groups() == []
    erased = 1
    while erased:
        async with database.write() as session:
            erased = await checking.clear(session, copy.task_id, job_id)
    assert await bulk.messages(database, copy.task_id) == []
    assert await counted(database, TaskNumberRow) == 0


async def test_a_deleted_task_goes_with_what_it_was_filled_from(
    database: Database, parts: Parts
) -> None:
    group = await filling.add_group(database, UIN, filling.phones(2), START)
    copy = await Copy.of(database, parts, group)
    await copy.store(0, await copy.members(0), 0)
    erased = 1
    while erased:
        async with database.write() as session:
            row = await task.held(session, copy.task_id)
            assert row is not None
            row.deleted_at = START
            erased = await recipient.erase(session, copy.task_id)
    async with database.write() as session:
        await task.purge(session, copy.task_id)
        assert await task.held(session, copy.task_id) is None
    assert await copy.groups() == []


async def test_a_batch_takes_as_many_statements_whatever_its_size(
    database: Database, parts: Parts
) -> None:
    counts = []
    for size, name in ((10, "Few"), (2_000, "Many")):
        numbers = (filling.phones(size), [*filling.phones(size, size // 2), "+85266661234"])
        groups = [
            await filling.add_group(database, UIN, phones, START, f"{name} {place}")
            for place, phones in enumerate(numbers)
        ]
        copy = await Copy.of(database, parts, *groups)
        assert await copy.store(0, await copy.members(0, size), 0)
        members = await copy.members(1, size + 1)
        with Statements(database) as statements:
            assert await copy.store(1, members, size)
        counts.append(len(statements))
        row = await bulk.task_of(database, copy.task_id)
        assert (row.recipients, row.duplicates, row.rejected) == (size + size // 2, size // 2, 1)
    # Groups list, hold, group, numbers, first rows, messages, row errors, place, counts.
    assert counts == [9, 9]
