"""Message records in the schema: filters, what is shown, who may see it (STA-2)."""

from datetime import timedelta
from typing import Any

import pytest

from db import timeline
from db.account import AccountRow
from domain import outcome
from domain.message import MessageStatus
from domain.region import Region
from domain.serial_no import serial_no
from graph.node import encode
from tests import sending
from tests.console import START as NOW
from tests.console import Caller, Console, Statements
from tests.db.test_record import UIN, keep, message, turned_down

LIST = """
query ($input: MessageRecordInput!, $first: Int = 20, $after: String) {
  messageRecords(input: $input, first: $first, after: $after) {
    nodes {
      id serialNo region phone country content characters segments smsType state recordedAt
      initiatedAt answeredAt endedAt remarks code bucket applicationId templateId signatureId
      bulkTaskId
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
IDS = """
query ($input: MessageRecordInput!, $first: Int = 20, $after: String) {
  messageRecords(input: $input, first: $first, after: $after) {
    nodes { id } pageInfo { hasNextPage endCursor } totalCount hasMoreThanCounted
  }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { id ... on MessageRecord { content remarks } } }"
ONE = "query ($id: ID!) { messageRecord(id: $id) { id content } }"
BY_SERIAL = """
query ($serialNo: String!) { messageRecordBySerialNo(serialNo: $serialNo) { id serialNo } }
"""
TODAY = {"region": "MAINLAND", "period": "TODAY"}
WEEK = {"region": "MAINLAND", "period": "LAST_7_DAYS"}


@pytest.fixture
async def account(console: Console) -> AccountRow:
    return await account_of(console)


async def account_of(console: Console, uin: int = UIN) -> AccountRow:
    """Add an account with something to send with."""
    await sending.add_account(console.database, NOW, uin=uin)
    async with console.database.read() as session:
        found = await session.get(AccountRow, uin)
    assert found is not None
    return found


async def ids(root: Caller, **given: Any) -> list[str]:
    found = (await root.run(IDS, input={**WEEK, **given}))["messageRecords"]
    assert found["totalCount"] == len(found["nodes"])
    assert found["hasMoreThanCounted"] is False
    return [node["id"] for node in found["nodes"]]


def names(*numbers: int) -> list[str]:
    return [encode("MessageRecord", number) for number in numbers]


async def test_a_record_shows_what_was_sent_and_what_became_of_it(
    console: Console, account: AccountRow
) -> None:
    """STA-2: mobile, content, characters and segments, type, status, three times, remarks."""
    await keep(console.database, message(0, task_id=None))
    found = (await console.root(account).run(LIST, input=TODAY))["messageRecords"]
    assert found["nodes"] == [
        {
            "id": encode("MessageRecord", 1),
            "serialNo": serial_no(1, NOW - timedelta(hours=1)),
            "region": "MAINLAND",
            "phone": "+8613800000000",
            "country": "CN",
            "content": "【Shop】Order A0 leaves on Monday",
            "characters": 30,
            "segments": 1,
            "smsType": "REGULAR",
            "state": "DELIVERED",
            "recordedAt": NOW.isoformat(),
            "initiatedAt": (NOW - timedelta(hours=1)).isoformat(),
            "answeredAt": NOW.isoformat(),
            "endedAt": (NOW + timedelta(minutes=1)).isoformat(),
            "remarks": "a receipt says it arrived",
            "code": "DELIVRD",
            "bucket": None,
            "applicationId": encode("Application", UIN),
            "templateId": encode("Template", UIN),
            "signatureId": encode("Signature", UIN),
            "bulkTaskId": None,
        }
    ]
    assert found["pageInfo"]["hasNextPage"] is False


async def test_failed_ones_have_the_cause_and_no_times(
    console: Console, account: AccountRow
) -> None:
    """STA-2, the guide: no initiation, answering and end time, and the cause as remarks."""
    failed = message(0, state=MessageStatus.FAILED, code="MK:0012")
    await keep(console.database, failed, turned_down(1, code="NOROUTE"))
    found = (await console.root(account).run(LIST, input=WEEK))["messageRecords"]["nodes"]
    for node, state, code in zip(found, ("FAILED", "REFUSED"), ("MK:0012", "NOROUTE"), strict=True):
        known = outcome.lookup(code)
        assert (node["state"], node["code"], node["remarks"]) == (state, code, known.reason)
        assert node["bucket"] == known.bucket.name
        assert [node[name] for name in ("initiatedAt", "answeredAt", "endedAt")] == [None] * 3
    assert found[1]["recordedAt"] == (NOW - timedelta(hours=1)).isoformat()


async def test_a_send_that_named_no_template_is_a_record_without_a_text(
    console: Console, account: AccountRow
) -> None:
    await keep(console.database, turned_down(0, template_id=0, signature_id=None))
    (node,) = (await console.root(account).run(LIST, input=TODAY))["messageRecords"]["nodes"]
    assert (node["content"], node["templateId"], node["signatureId"]) == ("", None, None)


async def test_records_are_narrowed_and_another_accounts_never_shown(
    console: Console, account: AccountRow
) -> None:
    """STA-2: by number however it is written, application or template, and period."""
    await keep(
        console.database,
        message(0, phone="+8613800000001"),
        message(1, app_id=7),
        message(2, template_id=8),
        message(3, state=MessageStatus.FAILED),
        message(30, id=31),
        message(4, id=50, region=Region.GLOBAL, country="HK", phone="+85266661234"),
    )
    root, other = console.root(account), console.root(await account_of(console, 87_654_321))
    assert await ids(root) == names(1, 2, 3, 4, 31)
    assert await ids(root, period="TODAY") == names(1, 2, 3, 4)
    assert await ids(root, phone="86 138-0000-0001") == names(1)
    assert await ids(root, applicationId=encode("Application", 7)) == names(2)
    assert await ids(root, templateId=encode("Template", 8)) == names(3)
    assert await ids(root, state="FAILED") == names(4)
    assert await ids(root, bulkTaskId=encode("BulkTask", 9)) == []
    assert await ids(root, region="GLOBAL", phone="852 6666 1234") == names(50)
    days = {"period": None, "from": "2026-03-01", "to": "2026-03-01"}
    assert await ids(root, **days) == names(31)
    assert await ids(other) == await ids(other, applicationId=encode("Application", UIN)) == []


async def test_every_mistake_is_told_and_named_by_its_field(
    console: Console, account: AccountRow
) -> None:
    wrong = {
        "region": "MAINLAND",
        "from": "2026-03-02",
        "to": "2026-03-01",
        "phone": "12",
        "applicationId": encode("Template", 1),
        "bulkTaskId": "rubbish",
    }
    answer = await console.root(account).ask(LIST, input=wrong)
    assert answer.code == "BAD_USER_INPUT"
    (error,) = answer.errors
    assert error.extensions["arguments"] == [
        "input.to",
        "input.phone",
        "input.applicationId",
        "input.bulkTaskId",
    ]
    assert error.extensions["argument"] == "input.to"
    for name in error.extensions["arguments"]:
        assert f"{name}: " in error.message
    assert "is the id of a Template, not of an Application" in error.message
    answer = await console.root(account).ask(LIST, input={"region": "MAINLAND"})
    assert answer.errors[0].extensions["arguments"] == ["input.period"]
    answer = await console.root(account).ask(LIST, input=TODAY, first=101)
    assert answer.errors[0].extensions["argument"] == "first"


async def test_a_short_page_leads_on(
    console: Console, account: AccountRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no index leads to is looked for in steps, and the count says that it stopped."""
    monkeypatch.setattr(timeline, "SCANNED_MOST", 3)
    failed = message(4, state=MessageStatus.FAILED)
    await keep(console.database, *(message(number) for number in range(4)), failed)
    root, wanted = console.root(account), {**TODAY, "state": "FAILED"}
    found = (await root.run(IDS, input=wanted))["messageRecords"]
    assert (found["nodes"], found["pageInfo"]["hasNextPage"]) == ([], True)
    assert (found["totalCount"], found["hasMoreThanCounted"]) == (0, True)
    after = found["pageInfo"]["endCursor"]
    found = (await root.run(IDS, input=wanted, after=after))["messageRecords"]
    assert [node["id"] for node in found["nodes"]] == names(5)
    assert found["pageInfo"]["hasNextPage"] is False


async def test_a_page_costs_the_same_number_of_statements_however_long(
    console: Console, account: AccountRow
) -> None:
    await keep(console.database, *(message(number) for number in range(40)))
    root, counted = console.root(account), []
    for first in (1, 40):
        with Statements(console.database) as statements:
            await root.run(LIST, input=WEEK, first=first)
        counted.append(len(statements))
    assert counted[0] == counted[1] <= 8


async def test_one_record_by_its_id(console: Console, account: AccountRow) -> None:
    """By its own field and by `node`; of another account it is absent."""
    await keep(console.database, message(0))
    root, other = console.root(account), console.root(await account_of(console, 87_654_321))
    (name,) = names(1)
    shown = {"id": name, "content": "【Shop】Order A0 leaves on Monday"}
    assert (await root.run(ONE, id=name))["messageRecord"] == shown
    assert (await root.run(NODE, id=name))["node"] == {
        **shown,
        "remarks": "a receipt says it arrived",
    }
    for absent in (other.run(ONE, id=name), root.run(ONE, id=names(2)[0])):
        assert (await absent)["messageRecord"] is None


async def test_one_record_by_what_callbacks_call_it(console: Console, account: AccountRow) -> None:
    """One of another account is absent, and so is a message that still waits."""
    waits = message(1, state=MessageStatus.QUEUED, submitted_at=None, done_at=None)
    await keep(console.database, message(0), waits)
    root, other = console.root(account), console.root(await account_of(console, 87_654_321))
    shown = {"id": names(1)[0], "serialNo": serial_no(1, NOW - timedelta(hours=1))}
    name = shown["serialNo"]
    assert (await root.run(BY_SERIAL, serialNo=name))["messageRecordBySerialNo"] == shown
    for absent in (
        other.run(BY_SERIAL, serialNo=name),
        root.run(BY_SERIAL, serialNo=f"{name[:-1]}2"),
    ):
        assert (await absent)["messageRecordBySerialNo"] is None


async def test_what_is_no_serial_number_is_told(console: Console, account: AccountRow) -> None:
    answer = await console.root(account).ask(BY_SERIAL, serialNo="5000:12")
    assert answer.code == "BAD_USER_INPUT"
    (error,) = answer.errors
    assert error.extensions["argument"] == "serialNo"
    assert error.message == '"serialNo" must be "5000:" and at least eleven digits, not "5000:12"'


async def test_records_ask_for_their_action(console: Console, account: AccountRow) -> None:
    await keep(console.database, message(0))
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    assert await ids(reader) == names(1)
    bare = await console.sub(account, name="bare")
    for document, given in (
        (LIST, {"input": TODAY}),
        (ONE, {"id": names(1)[0]}),
        (BY_SERIAL, {"serialNo": serial_no(1, NOW)}),
    ):
        answer = await bare.ask(document, **given)
        assert answer.code == "FORBIDDEN"
        assert answer.errors[0].extensions["action"] == "sms:DescribeSendSmsRecord"
