"""The operators' outbox: what is told, what failed, and sending that again (ALM-2)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, update

from db import notification, platform
from db.account import AccountRow
from db.message import MessageRow
from db.notification import NotificationRow
from domain.alarm import AlarmEvent
from domain.message import MessageStatus
from graph.node import encode
from tests.alarming import EMAIL, PHONE, add_contact, alarm_of, jobs, ring
from tests.bulk import Parts
from tests.console import START, Caller, Console, Statements

LIST = """
query ($where: NotificationFilter, $first: Int = 20, $after: String) {
  notifications(where: $where, first: $first, after: $after) {
    nodes {
      id accountUin applicationId event channel contactName address language subject text
      state attempts error createdAt retryAt sentAt
    }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
"""
RESEND = """
mutation ($ids: [ID!]!) {
  notificationResend(ids: $ids) {
    notifications { id state attempts error sentAt }
    userErrors { code field message }
  }
}
"""
SMS, MAIL = encode("Notification", 1), encode("Notification", 2)


@pytest.fixture(autouse=True)
async def notified(console: Console, account: AccountRow, parts: Parts) -> None:
    """Ann was told of a package by both ways."""
    await add_contact(console.database, account.uin, parts.app_id, console.clock.now)
    package = alarm_of(account.uin, None, AlarmEvent.PACKAGE)
    await ring(console.database, console.clock.now, package)


async def listed(caller: Caller, **where: Any) -> list[Any]:
    nodes: list[Any] = (await caller.run(LIST, where=where))["notifications"]["nodes"]
    return nodes


async def fail(console: Console, key: int, error: str = "550 no such user") -> None:
    async with console.database.write() as session:
        row = await notification.waiting(session, key, hold=True)
        assert row is not None
        await notification.failed(session, row, error, console.clock.now, for_good=True)


async def send_message(console: Console) -> None:
    """Queue the text message, as the worker does."""
    async with console.database.write() as session:
        row = await notification.waiting(session, 1, hold=True)
        assert row is not None
        await platform.send(session, row, console.clock.now)


async def put(console: Console, state: MessageStatus, code: str | None = None) -> None:
    async with console.database.write() as session:
        statement = update(MessageRow).where(col(MessageRow.account_uin) == platform.UIN)
        await session.exec(statement.values(state=state, code=code))


async def test_the_outbox_shows_what_was_told_newest_first(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    mail, message = await listed(await console.operator())
    assert message == {
        "id": SMS,
        "accountUin": str(account.uin),
        "applicationId": encode("Application", parts.app_id),
        "event": "PACKAGE",
        "channel": "SMS",
        "contactName": "Ann",
        "address": PHONE,
        "language": "ENGLISH",
        "subject": "",
        "text": "Package balance: 99, threshold: 100. Buy a package in time.",
        "state": "QUEUED",
        "attempts": 0,
        "error": "",
        "createdAt": START.isoformat(),
        "retryAt": None,
        "sentAt": None,
    }
    assert (mail["id"], mail["address"]) == (MAIL, EMAIL)
    assert mail["subject"] == "The package balance is down to 99"


@pytest.mark.parametrize(
    ("status", "code", "state", "error"),
    [
        (MessageStatus.QUEUED, None, "QUEUED", ""),
        (MessageStatus.CLAIMED, None, "QUEUED", ""),
        (MessageStatus.SUBMITTED, None, "SENT", ""),
        (MessageStatus.EXPIRED, None, "SENT", ""),
        (MessageStatus.DELIVERED, "DELIVRD", "DELIVERED", ""),
        (MessageStatus.FAILED, "UNDELIV", "FAILED", "the message was not delivered: UNDELIV"),
        (MessageStatus.REFUSED, "NOROUTE", "FAILED", "the message was not delivered: NOROUTE"),
    ],
)
async def test_a_text_message_tells_where_its_notification_stands(
    console: Console, status: MessageStatus, code: str | None, state: str, error: str
) -> None:
    operator = await console.operator()
    await send_message(console)
    await put(console, status, code)
    *_, message = await listed(operator)
    assert (message["state"], message["error"], message["attempts"]) == (state, error, 1)
    assert message["sentAt"] == START.isoformat()
    assert SMS in {node["id"] for node in await listed(operator, state=state)}
    for other in {"QUEUED", "SENT", "DELIVERED", "FAILED"} - {state}:
        assert SMS not in {node["id"] for node in await listed(operator, state=other)}


async def test_the_outbox_is_narrowed_and_paged(console: Console, account: AccountRow) -> None:
    operator = await console.operator()
    console.clock.advance(timedelta(seconds=1))
    review = alarm_of(account.uin, None, AlarmEvent.REVIEW_RESULT)
    await ring(console.database, console.clock.now, review)
    assert [len(await listed(operator, event=event)) for event in ("PACKAGE", "REVIEW_RESULT")] == [
        2,
        2,
    ]
    assert [node["id"] for node in await listed(operator, channel="SMS", event="PACKAGE")] == [SMS]
    assert len(await listed(operator, accountUin=str(account.uin))) == 4
    assert await listed(operator, accountUin="1") == []
    assert (await operator.ask(LIST, where={"accountUin": "x"})).code == "BAD_USER_INPUT"
    page = (await operator.run(LIST, first=3))["notifications"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (4, True)
    rest = await operator.run(LIST, first=3, after=page["pageInfo"]["endCursor"])
    assert [node["id"] for node in rest["notifications"]["nodes"]] == [SMS]


async def test_what_failed_is_sent_once_more(console: Console) -> None:
    operator = await console.operator()
    await send_message(console)
    await put(console, MessageStatus.FAILED, "UNDELIV")
    await fail(console, 2)
    (mail, message) = await listed(operator, state="FAILED")
    assert (mail["error"], mail["attempts"]) == ("550 no such user", 1)
    console.clock.advance(timedelta(days=1))
    payload = (await operator.run(RESEND, ids=[mail["id"], message["id"]]))["notificationResend"]
    again = {"state": "QUEUED", "attempts": 0, "error": "", "sentAt": None}
    assert payload == {
        "notifications": [{"id": MAIL, **again}, {"id": SMS, **again}],
        "userErrors": [],
    }
    assert [(job.subject_id, job.due_at) for job in await jobs(console.database)][2:] == [
        (1, console.clock.now),
        (2, console.clock.now),
    ]
    assert await operator.refused(RESEND, ids=[MAIL]) == [("WRONG_STATE", ["ids", "0"])]


async def test_one_that_did_not_fail_keeps_all_from_being_sent_again(console: Console) -> None:
    operator = await console.operator()
    await fail(console, 2)
    before = await console.digest()
    nothing = encode("Notification", 99)
    assert await operator.refused(RESEND, ids=[MAIL, SMS, nothing]) == [
        ("WRONG_STATE", ["ids", "1"]),
        ("NOT_FOUND", ["ids", "2"]),
    ]
    for ids in ([], [MAIL] * 101):
        assert await operator.refused(RESEND, ids=ids) == [("OUT_OF_RANGE", ["ids"])]
    assert await operator.refused(RESEND, ids=[encode("Application", 1)]) == [
        ("INVALID", ["ids", "0"])
    ]
    assert await console.digest() == before
    (payload,) = (await operator.run(RESEND, ids=[MAIL] * 100)).values()
    assert payload["userErrors"] == []


async def test_a_page_costs_the_same_statements_however_long(
    console: Console, account: AccountRow
) -> None:
    operator, costs = await console.operator(), []
    await send_message(console)
    for _ in range(2):
        with Statements(console.database) as statements:
            await listed(operator)
        costs.append(len(statements))
        review = [alarm_of(account.uin, None, AlarmEvent.REVIEW_RESULT)] * 8
        await ring(console.database, console.clock.now, *review)
    assert costs[0] == costs[1]


async def test_an_error_of_any_length_fits(console: Console) -> None:
    await fail(console, 2, "x" * 1_000)
    (mail, _) = await listed(await console.operator())
    assert len(mail["error"]) == notification.ERROR_MOST
    limit = NotificationRow.metadata.tables["notification"].c.error.type
    assert getattr(limit, "length", None) == notification.ERROR_MOST


async def test_nobody_of_an_account_sees_the_outbox(console: Console, account: AccountRow) -> None:
    before = await console.digest()
    for caller in (console.root(account), console.anybody()):
        for document, variables in ((LIST, {}), (RESEND, {"ids": [SMS]})):
            answer = await caller.ask(document, **variables)
            assert answer.code in {"FORBIDDEN", "UNAUTHENTICATED"}
    assert await console.digest() == before
