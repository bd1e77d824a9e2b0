"""Recipients, rows left out, and the report of a task; who may see them (BLK-8)."""

from collections.abc import Mapping
from typing import Any

from db.account import AccountRow
from db.message import MessageRow
from db.task import BulkTaskRow, TaskFailureRow
from domain.message import MessageStatus
from domain.task import TaskStatus
from tests import bulk
from tests.bulk import Found, Parts
from tests.console import Console, Statements
from tests.graph.bulk_task import (
    CANCEL,
    CREATE,
    DELETE,
    SHOW,
    START,
    STOP,
    UPDATE,
    change,
    consent,
    form,
    ready,
)


async def test_recipients_show_their_text_their_state_and_the_reason(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, task_id = console.root(account), await ready(console, parts)
    await root.run(START, id=task_id, input=consent(3))
    first, second, _ = await bulk.messages(console.database, 1)
    await change(
        console,
        MessageRow,
        first.id or 0,
        state=MessageStatus.FAILED,
        code="MK:0012",
        submitted_at=console.clock.now,
        done_at=console.clock.now,
    )
    await change(console, MessageRow, second.id or 0, state=MessageStatus.DELIVERED)
    query = """
    query ($id: ID!, $state: MessageStatus, $first: Int = 20, $after: String) {
      bulkTaskRecipients(id: $id, state: $state, first: $first, after: $after) {
        nodes { row phone country content characters segments state code reason submittedAt }
        pageInfo { endCursor hasNextPage }
        totalCount
      }
    }
    """
    found = (await root.run(query, id=task_id, state="FAILED"))["bulkTaskRecipients"]
    (node,) = found["nodes"]
    assert node.pop("reason")
    assert node == {
        "row": 2,
        "phone": "+8613800000002",
        "country": "CN",
        "content": "【Shop0】您的订单A2将于Monday送达。",
        "characters": 21,
        "segments": 1,
        "state": "FAILED",
        "code": "MK:0012",
        "submittedAt": console.clock.now.isoformat(),
    }
    found = (await root.run(query, id=task_id, first=2))["bulkTaskRecipients"]
    assert [node["row"] for node in found["nodes"]] == [2, 3]
    assert found["totalCount"] == 3
    after = found["pageInfo"]["endCursor"]
    found = (await root.run(query, id=task_id, first=2, after=after))["bulkTaskRecipients"]
    assert [node["row"] for node in found["nodes"]] == [4]
    assert found["pageInfo"]["hasNextPage"] is False
    with Statements(console.database) as statements:
        await root.run(query, id=task_id)
    assert len(statements) <= 7


async def test_row_errors_are_listed_page_by_page(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    batch = Found(
        bulk.found(1).recipients,
        [(3, "A (Mobile)", "INVALID", "12", "no number"), (5, "A (Mobile)", "INVALID", "", "no")],
        [(4, 2, "+8613800138000")],
    )
    root, task_id = console.root(account), await ready(console, parts, batch)
    query = """
    query ($id: ID!, $first: Int = 20, $after: String) {
      bulkTaskRowErrors(id: $id, first: $first, after: $after) {
        nodes { row column code value message }
        pageInfo { endCursor }
        totalCount
      }
    }
    """
    found = (await root.run(query, id=task_id, first=2))["bulkTaskRowErrors"]
    assert found["nodes"] == [
        {
            "row": 3,
            "column": "A (Mobile)",
            "code": "INVALID",
            "value": "12",
            "message": "no number",
        },
        {
            "row": 4,
            "column": "",
            "code": "TAKEN",
            "value": "+8613800138000",
            "message": "row 4 repeats row 2, number and content: it is sent once",
        },
    ]
    after = found["pageInfo"]["endCursor"]
    found = (await root.run(query, id=task_id, after=after))["bulkTaskRowErrors"]
    assert ([node["row"] for node in found["nodes"]], found["totalCount"]) == ([5], 3)
    shown = (await root.run(SHOW, id=task_id))["bulkTask"]
    assert (shown["recipients"], shown["rejected"], shown["duplicates"]) == (1, 2, 1)
    assert shown["rowErrorsUrl"] == f"http://console.test/bulk-tasks/{task_id}/row-errors.csv"


async def test_the_report_adds_up_and_gives_each_reason_its_proportion(
    console: Console, account: AccountRow, far: Parts
) -> None:
    numbers = [(2, "+85266661234", "HK"), (3, "+85266661235", "HK"), (4, "+6581234567", "SG")]
    batch = Found([(row, phone, place, ["A", "B"], 9, 2) for row, phone, place in numbers])
    root, task_id = console.root(account), await ready(console, far, batch)
    counts = {"accepted": 2, "refused": 1, "delivered": 1, "failed": 1}
    await change(console, BulkTaskRow, 1, status=TaskStatus.SENT, **counts)
    async with console.database.write() as session:
        session.add(TaskFailureRow(task_id=1, code="MK:0012", count=3))
        session.add(TaskFailureRow(task_id=1, code="X:1", count=1))
    query = """
    query ($id: ID!) {
      bulkTaskReport(id: $id) {
        recipients segments accepted refused delivered failed awaited unsent deliveryRate
        failures { code reason count proportion }
        countries { country recipients segments }
      }
    }
    """
    report = (await root.run(query, id=task_id))["bulkTaskReport"]
    assert report.pop("failures")[1] == {
        "code": "X:1",
        "reason": 'the carrier reported "X:1", which is in no table of codes',
        "count": 1,
        "proportion": 0.25,
    }
    assert report.pop("countries") == [
        {"country": "HK", "recipients": 2, "segments": 4},
        {"country": "SG", "recipients": 1, "segments": 2},
    ]
    assert report == {
        "recipients": 3,
        "segments": 6,
        **counts,
        "awaited": 0,
        "unsent": 0,
        "deliveryRate": 0.5,
    }
    assert (await root.run(SHOW, id=task_id))["bulkTask"]["progress"] == 1.0


async def test_a_report_reads_recipients_only_for_their_countries(
    console: Console, account: AccountRow, far: Parts
) -> None:
    root = console.root(account)
    task_id = await ready(console, far, Found([(2, "+85266661234", "HK", ["A", "B"], 9, 2)]))
    figures = "query ($id: ID!) { bulkTaskReport(id: $id) { recipients inDoubt %s } }"
    for wanted, reads in (("", 0), ("countries { country }", 1)):
        with Statements(console.database) as statements:
            await root.run(figures % wanted, id=task_id)
        assert sum("GROUP BY message.country" in text for text in statements.texts) == reads


READS: Mapping[str, str] = {
    "sms:DescribeSendSMSTaskSummary": SHOW,
    "sms:DescribeSendSMSDetail": "query ($id: ID!) { bulkTaskRecipients(id: $id) { totalCount } }",
    "sms:DescribeSendSMSResult": "query ($id: ID!) { bulkTaskReport(id: $id) { recipients } }",
}


WRITES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "sms:ModifySendSMSTask": (UPDATE, {"input": {"name": "x"}}),
    "sms:ModifyTaskStatusStart": (START, {"input": consent(3)}),
    "sms:ModifyTaskStatusStop": (STOP, {}),
    "sms:CancelSendSMSTask": (CANCEL, {}),
    "sms:DeleteSendSMSTask": (DELETE, {}),
}


async def test_a_reader_reads_and_changes_nothing(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    task_id = await ready(console, parts)
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    stranger = await console.sub(account, name="stranger")
    before = await console.digest()
    for action, document in READS.items():
        assert all((await reader.run(document, id=task_id)).values())
        answer = await stranger.ask(document, id=task_id)
        assert (answer.code, answer.errors[0].extensions["action"]) == ("FORBIDDEN", action)
    for action, (document, more) in WRITES.items():
        answer = await reader.ask(document, id=task_id, **more)
        assert (answer.code, answer.errors[0].extensions["action"]) == ("FORBIDDEN", action)
    answer = await reader.ask(CREATE, input=form(parts))
    assert answer.errors[0].extensions["action"] == "sms:AddSendSMSTask"
    assert await console.digest() == before
