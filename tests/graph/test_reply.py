"""Reply records in the schema (STA-3)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from db import reply
from db.account import AccountRow
from db.message import TABLE as MESSAGE
from domain.carrier import Reply
from domain.serial_no import serial_no
from graph.node import encode
from tests import sending
from tests.console import START as NOW
from tests.console import Caller, Console, Statements
from tests.db.test_record import UIN, keep, message
from tests.graph.test_record import WEEK, account_of

LIST = """
query ($input: ReplyRecordInput!, $first: Int = 20, $after: String) {
  replyRecords(input: $input, first: $first, after: $after) {
    nodes {
      id region phone content repliedAt status signatureContent messageRecordId serialNo
      applicationId templateId
    }
    pageInfo { hasNextPage endCursor } totalCount hasMoreThanCounted
  }
}
"""
ONE = "query ($id: ID!) { replyRecord(id: $id) { id content } }"
NODE = "query ($id: ID!) { node(id: $id) { id ... on Reply { content } } }"
PHONES = [f"+861380000000{number}" for number in range(4)]
ANSWERS = ["one", "TD", "three", "four"]


@pytest.fixture
async def account(console: Console) -> AccountRow:
    """An account with four messages that were answered, each a minute after the one before."""
    account = await account_of(console)
    rows = [message(3 - number, phone=phone) for number, phone in enumerate(PHONES)]
    rows = [row | {"carrier": sending.CARRIER} for row in rows]
    rows[0]["app_id"], rows[2]["template_id"] = 7, 8
    rows[3]["signature_id"] = None
    await keep(console.database, *rows)
    replies = [
        Reply(phone, text, NOW + number * timedelta(minutes=1))
        for number, (phone, text) in enumerate(zip(PHONES, ANSWERS, strict=True))
    ]
    async with console.database.write() as session:
        assert await reply.add(session, sending.CARRIER, replies, sending.OPT_OUT) == 0
    return account


async def said(root: Caller, **given: Any) -> list[str]:
    found = (await root.run(LIST, input={**WEEK, **given}))["replyRecords"]
    assert (found["totalCount"], found["hasMoreThanCounted"]) == (len(found["nodes"]), False)
    return [node["content"] for node in found["nodes"]]


async def test_replies_are_listed_the_last_one_first(console: Console, account: AccountRow) -> None:
    """STA-3: mobile, content, time replied and status."""
    root = console.root(account)
    found = (await root.run(LIST, input=WEEK))["replyRecords"]["nodes"]
    assert [node["content"] for node in found] == ["four", "three", "TD", "one"]
    assert [node["id"] for node in found if node["status"] == "UNSUBSCRIBED"] == [found[2]["id"]]
    assert {node["status"] for node in found} == {"RECEIVED", "UNSUBSCRIBED"}
    assert [node["signatureContent"] for node in found] == [None, "Shop", "Shop", "Shop"]
    assert found[2] == {
        "id": encode("Reply", 2),
        "region": "MAINLAND",
        "phone": PHONES[1],
        "content": "TD",
        "repliedAt": (NOW + timedelta(minutes=1)).isoformat(),
        "status": "UNSUBSCRIBED",
        "signatureContent": "Shop",
        "messageRecordId": encode("MessageRecord", 3),
        "serialNo": serial_no(3, NOW - timedelta(hours=3)),
        "applicationId": encode("Application", UIN),
        "templateId": encode("Template", UIN),
    }


async def test_replies_are_narrowed_and_another_accounts_never_shown(
    console: Console, account: AccountRow
) -> None:
    root, other = console.root(account), console.root(await account_of(console, 87_654_321))
    assert await said(root, phone="138 0000 0002") == ["three"]
    assert await said(root, applicationId=encode("Application", 7)) == ["one"]
    assert await said(root, templateId=encode("Template", 8)) == ["three"]
    assert await said(root, phone=PHONES[0], templateId=encode("Template", 8)) == []
    assert await said(root, region="GLOBAL") == []
    assert await said(root, period="YESTERDAY") == []
    assert await said(other) == await said(other, applicationId=encode("Application", 7)) == []


async def test_pages_of_replies_lead_through_all_of_them(
    console: Console, account: AccountRow
) -> None:
    root, after, found = console.root(account), None, []
    while True:
        page = (await root.run(LIST, input=WEEK, first=3, after=after))["replyRecords"]
        found += [node["content"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == ANSWERS[::-1]


async def test_a_reply_outlives_the_message_it_answers(
    console: Console, account: AccountRow
) -> None:
    """The message's month may be detached: what is known of it from the reply stays."""
    async with console.database.write() as session:
        await (await session.connection()).execute(delete(MESSAGE))
    root = console.root(account)
    found = (await root.run(LIST, input=WEEK))["replyRecords"]["nodes"]
    assert [node["content"] for node in found] == ["four", "three", "TD", "one"]
    assert {node["messageRecordId"] for node in found} == {None}
    assert {node["serialNo"] for node in found} == {None}
    assert found[3]["applicationId"] == encode("Application", 7)
    assert await said(root, templateId=encode("Template", 8)) == ["three"]


async def test_one_reply_by_its_id(console: Console, account: AccountRow) -> None:
    root, other = console.root(account), console.root(await account_of(console, 87_654_321))
    name = encode("Reply", 2)
    assert (await root.run(ONE, id=name))["replyRecord"] == {"id": name, "content": "TD"}
    assert (await root.run(NODE, id=name))["node"] == {"id": name, "content": "TD"}
    assert (await other.run(ONE, id=name))["replyRecord"] is None


async def test_statements_do_not_grow_with_the_page(console: Console, account: AccountRow) -> None:
    root, counted = console.root(account), []
    for first in (1, 4):
        with Statements(console.database) as statements:
            await root.run(LIST, input=WEEK, first=first)
        counted.append(len(statements))
    assert counted[0] == counted[1] <= 9


async def test_replies_ask_for_their_action(console: Console, account: AccountRow) -> None:
    bare = await console.sub(account)
    for document, given in ((LIST, {"input": WEEK}), (ONE, {"id": encode("Reply", 1)})):
        answer = await bare.ask(document, **given)
        assert answer.code == "FORBIDDEN"
        assert answer.errors[0].extensions["action"] == "sms:DescribeInnerSMSReply"
