"""Alarm contacts on both databases: places, duplicates and what a purge leaves (ALM-1, APP-6)."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from db import alarm_contact, purge, quota
from db import application as applications
from db.alarm_contact import AlarmContactRow, AlarmSubscriptionRow
from db.restorable import RestorableRow
from db.session import Database
from domain.alarm import AlarmEvent
from domain.errors import Code, Refused
from domain.quota import ALARM_CONTACTS
from tests import sending
from tests.alarming import add_contact, alarm_of, outbox, ring
from tests.console import START as NOW


@pytest.fixture
async def account(database: Database) -> int:
    """An account, whose one application has the same number."""
    return await sending.add_account(database, NOW)


async def counts(database: Database) -> tuple[int, int]:
    async with database.read() as session:
        contacts = (await session.exec(select(AlarmContactRow))).all()
        return len(contacts), len((await session.exec(select(AlarmSubscriptionRow))).all())


async def test_of_many_who_add_the_same_number_at_once_one_does(
    database: Database, account: int
) -> None:
    async def one(number: int) -> Code | None:
        try:
            await add_contact(database, account, account, NOW, email=f"ann{number}@example.com")
        except Refused as refused:
            return refused.problems[0].code
        return None

    answers = await asyncio.gather(*(one(number) for number in range(5)))
    assert sorted(map(str, answers)) == ["None", "TAKEN", "TAKEN", "TAKEN", "TAKEN"]
    async with database.read() as session:
        assert await quota.used(session, account, ALARM_CONTACTS, str(account)) == 1


async def test_a_deleted_contact_leaves_no_subscription(database: Database, account: int) -> None:
    kept = await add_contact(database, account, account, NOW, phone="", email="b@example.com")
    gone = await add_contact(database, account, account, NOW)
    async with database.write() as session:
        await alarm_contact.remove(session, account, gone.row.id)
    assert await counts(database) == (1, len(AlarmEvent))
    async with database.read() as session:
        assert await alarm_contact.get(session, gone.row.id) is None
        found = await alarm_contact.get(session, kept.row.id)
    assert found is not None
    assert found.events == frozenset(AlarmEvent)


async def test_a_contact_is_found_through_its_account_alone(
    database: Database, account: int
) -> None:
    contact = await add_contact(database, account, account, NOW)
    stranger = await sending.add_account(database, NOW, uin=23_456_789)
    async with database.read() as session:
        assert await alarm_contact.app_of(session, account, contact.row.id) == account
        assert await alarm_contact.app_of(session, stranger, contact.row.id) is None
        assert await alarm_contact.app_of(session, account, 99) is None
    with pytest.raises(Refused) as refused:
        async with database.write() as session:
            await alarm_contact.remove(session, stranger, contact.row.id)
    assert refused.value.problems[0].code is Code.NOT_FOUND
    assert await counts(database) == (1, len(AlarmEvent))


async def test_contacts_are_erased_with_their_application(database: Database, account: int) -> None:
    other = await sending.add_account(database, NOW, uin=23_456_789)
    for owner in (account, other):
        await add_contact(database, owner, owner, NOW)
        await ring(database, NOW, alarm_of(owner, owner, AlarmEvent.FREQUENCY_LIMIT))
    async with database.write() as session:
        row = await applications.changing(session, account, account)
        await applications.remove(session, row, NOW)
    assert await counts(database) == (2, 2 * len(AlarmEvent))
    async with database.write() as session:
        assert await purge.begin(session, NOW + timedelta(days=30), 10) == 1
        deleted = (await session.exec(select(RestorableRow))).one()
        await purge.finish(session, deleted.id)
    assert await counts(database) == (1, len(AlarmEvent))
    assert {row.app_id for row in await outbox(database)} == {other}
