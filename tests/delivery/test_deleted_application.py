"""What a deleted application still had to send is turned down, and paid back (APP-6, PKG-4)."""

from db import application
from db.session import Database
from delivery.settings import DeliverySettings
from domain.message import MessageStatus
from domain.terms import Terms
from tests import bulk, requesting, sending
from tests.console import Clock
from tests.delivery.scripted import ScriptedCarrier, Stepped
from tests.requesting import PHONES, UIN


async def test_its_single_messages_are_turned_down_and_their_units_come_back(
    database: Database, clock: Clock
) -> None:
    """A password of yesterday is not what a restored application should begin with."""
    parts = await requesting.add_sender(database)
    await requesting.send(database, parts, PHONES[:3])
    assert await bulk.balance(database, UIN, clock.now) == 997
    async with database.write() as session:
        row = await application.changing(session, UIN, parts.app_id)
        await application.remove(session, row, clock.now)
    carrier = ScriptedCarrier()
    await Stepped(database, clock, DeliverySettings(), carrier).turn()
    assert carrier.batches == []
    rows = await sending.messages(database)
    assert [row.state for row in rows] == [MessageStatus.REFUSED] * 3
    assert {row.code for row in rows} == {"InvalidParameterValue.SdkAppIdNotExist"}
    assert await bulk.balance(database, UIN, clock.now) == 1_000
    async with database.write() as session:
        await application.bring_back(session, parts.app_id, clock.now, Terms())
    await Stepped(database, clock, DeliverySettings(), carrier).turn()
    assert carrier.batches == []
