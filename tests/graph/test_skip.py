"""What a bulk task shows, before it is sent, of recipients it will leave out (BLO-2, UNS-1)."""

from datetime import timedelta
from typing import Any

from db.account import AccountRow
from domain.task import TaskStatus
from graph.node import encode
from tests import bulk
from tests.bulk import Parts
from tests.carrying import Carriage, to
from tests.console import Console, Statements
from tests.graph import test_blocklist as blocklists
from tests.graph.bulk_task import START, consent, ready
from tests.graph.unsubscribing import OK, REPORT, SKIPS, TD, sent


async def test_a_task_shows_before_sending_how_many_it_will_skip_and_why(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    """A number on both lists counts once, for the blocklist, as its refusal does."""
    root, carriage = console.root(account), Carriage(console)
    second = TD.replace("00009930", "00019930")
    await sent(root, carriage, parts, TD, second)
    await blocklists.add(root, blocklists.form(parts, f"{TD} 13800138000 13800138001"))
    recipients = to([TD, second, "+8613800138000", "+8613800138000", OK])
    due = console.clock.now + timedelta(hours=1)
    now_task = await ready(console, parts, recipients)
    later_task = await ready(console, parts, recipients, scheduled_at=due)
    draft = encode("BulkTask", await bulk.add_task(console.database, parts, console.clock.now))

    async def skips(task_id: str) -> Any:
        return (await root.run(SKIPS, id=task_id))["bulkTask"]["willSkip"]

    assert await skips(draft) is None
    assert await skips(now_task) == {"blocklisted": 0, "unsubscribed": 2}
    assert await skips(later_task) == {"blocklisted": 3, "unsubscribed": 1}
    console.clock.advance(timedelta(minutes=5))
    assert await skips(now_task) == {"blocklisted": 3, "unsubscribed": 1}
    await root.run(START, id=later_task, input=consent(5))
    assert await skips(later_task) == {"blocklisted": 3, "unsubscribed": 1}
    await root.run(START, id=now_task, input=consent(5))
    assert await skips(now_task) is None
    await carriage.run()
    report = (await root.run(REPORT, id=now_task))["bulkTaskReport"]
    assert {each["code"].rpartition(".")[2]: each["count"] for each in report["failures"]} == {
        "Blocklisted": 3,
        "Unsubscribed": 1,
    }
    task = await bulk.task_of(console.database, 4)
    assert (task.status, report["accepted"], report["refused"]) == (TaskStatus.DRAFT, 1, 4)


async def test_a_task_is_read_again_only_when_entries_change(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    """A review page asks every other second, and a task may have a million recipients."""
    root, carriage = console.root(account), Carriage(console)
    await blocklists.add(root, blocklists.form(parts, "13800138000"))
    console.clock.advance(timedelta(minutes=5))
    task_id = await ready(console, parts, to([TD, "+8613800138000", OK]))

    async def look() -> tuple[int, int, bool]:
        with Statements(console.database) as statements:
            found = (await root.run(SKIPS, id=task_id))["bulkTask"]["willSkip"]
        reads = [text for text in statements.texts if "JOIN message" in text]
        return found["blocklisted"], found["unsubscribed"], bool(reads)

    assert await look() == (1, 0, True)
    assert await look() == (1, 0, False)
    await sent(root, carriage, parts, TD)
    assert await look() == (1, 1, True)
    assert await look() == (1, 1, False)
    await blocklists.add(root, blocklists.form(parts, OK.removeprefix("+86")))
    assert await look() == (1, 1, False)
    console.clock.advance(timedelta(minutes=5))
    assert await look() == (2, 1, True)
    ids = [entry["id"] for entry in await blocklists.listed(root)]
    await root.run(blocklists.REMOVE, input={"ids": ids, "confirm": True})
    assert await look() == (0, 1, True)
    # What is given anew was read by nobody; nothing clears the old recipients here.
    await bulk.make_ready(console.database, 1, console.clock.now, to([TD]))
    assert await look() == (0, 2, True)


async def test_the_skips_of_a_page_cost_two_statements(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, counts = console.root(account), []
    page = "{ bulkTasks(first: 50) { nodes { willSkip { blocklisted unsubscribed } } } }"
    plain = "{ bulkTasks(first: 50) { nodes { name } } }"
    for count in (1, 6):
        for _ in range(count):
            await ready(console, parts)
        for document in (page, plain):
            with Statements(console.database) as statements:
                await root.run(document)
            counts.append(len(statements))
    assert counts[0] == counts[2] == counts[1] + 2 == counts[3] + 2
