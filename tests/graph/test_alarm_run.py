"""From a refused message to the contact's phone and inbox, and all in between (ALM-2)."""

from datetime import timedelta

from db.account import AccountRow
from delivery.step import Tools
from delivery.workflows import Workflows
from domain.alarm import AlarmEvent
from tests.alarming import EMAIL, PHONE, add_contact
from tests.bulk import Parts
from tests.carrying import Carriage, to
from tests.console import Console
from tests.delivery.durable import Bench, all_done, until
from tests.graph.bulk_task import START, consent, ready
from tests.graph.test_notification import listed
from tests.mailing import serving

TWICE = ["+8613800009940"] * 12


async def test_a_refused_message_reaches_the_contact_both_ways(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    events = [AlarmEvent.FREQUENCY_LIMIT]
    await add_contact(console.database, account.uin, parts.app_id, console.clock.now, events=events)
    root, operator, carriage = console.root(account), await console.operator(), Carriage(console)
    task_id = await ready(console, parts, to(TWICE))
    answer = await root.run(START, id=task_id, input=consent(len(TWICE)))
    assert answer["bulkTaskStart"]["userErrors"] == []
    await carriage.run()
    assert [node["state"] for node in await listed(operator)] == ["QUEUED", "QUEUED"]
    async with serving() as served:
        tools = Tools(console.database, console.store, console.terms, console.clock, served.server)
        workflows = Workflows(tools)
        await workflows.start()
        await workflows.relay(console.clock.now)
        await until(lambda: all_done(Bench(tools, parts, console.policies)))
        await workflows.stop()
    console.clock.advance(timedelta(minutes=1))
    await carriage.run()
    mail, message = await listed(operator)
    text = "Messages of application Shop 0 refused by frequency limits since the last notice: 2."
    assert (mail["address"], mail["state"], mail["error"]) == (EMAIL, "SENT", "")
    assert (message["address"], message["state"], message["error"]) == (PHONE, "DELIVERED", "")
    assert message["text"] == text
    (taken,) = served.box.taken
    assert taken["Subject"] == "Frequency limits refuse messages of Shop 0"
    assert "Messages refused since the last notice: 2." in taken.get_content()
