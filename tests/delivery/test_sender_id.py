"""A sender ID that a program asked for reaches the carrier, and costs bulk nothing (API-2)."""

from db.session import Database
from delivery.content import Contents
from domain.region import Region
from tests import requesting, sending
from tests.console import Statements
from tests.requesting import ELSEWHERE, PHONES, send


async def test_a_global_message_goes_out_under_it(database: Database) -> None:
    parts = await requesting.add_sender(database, 0, Region.GLOBAL)
    await send(database, parts, ELSEWHERE[:1], sender_id="MyShop")
    await send(database, parts, ELSEWHERE[1:2])
    batch = await sending.claim(database)
    async with database.read() as session:
        outgoing, refused = await Contents().render(session, batch)
    assert [one.sender_id for one in outgoing] == ["MyShop", ""]
    assert refused == []


async def test_messages_of_tasks_and_of_mainland_china_are_not_asked_for(
    database: Database,
) -> None:
    parts = await requesting.add_sender(database)
    await send(database, parts, PHONES[:2])
    batch = await sending.claim(database)
    contents = Contents()
    async with database.read() as session:
        await contents.render(session, batch)
        with Statements(database) as counted:
            await contents.render(session, batch)
    assert len(counted) == 0
