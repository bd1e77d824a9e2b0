"""Pulling statuses and replies in the schema (API-3)."""

from datetime import timedelta
from typing import Any

import pytest

from db import account
from graph.node import encode
from tests import pulling, pushing, sending
from tests.console import START, Caller, Console, Statements
from tests.pushing import UIN

APP = encode("Application", UIN)
QUEUE = "queue { since waiting oldestAt dropped droppedAt } userErrors { code field message }"
SWITCH = f"""
mutation ($id: ID!, $on: Boolean!) {{
  statusPullUpdate(applicationId: $id, input: {{enabled: $on}}) {{ {QUEUE} }}
}}
"""
SWITCH_REPLIES = f"""
mutation ($on: Boolean!) {{ replyPullUpdate(input: {{enabled: $on}}) {{ {QUEUE} }} }}
"""
SHOW = """
query ($id: ID!) {
  statusPullQueue(applicationId: $id) { waiting oldestAt }
  replyPullQueue { waiting oldestAt }
}
"""
PULL = """
mutation ($input: PullRecordsInput!) {
  statusPull(input: $input) {
    statuses {
      serialNo phone dialCode subscriberNumber delivered code reason at sessionContext
    }
    userErrors { code field message }
  }
}
"""
PULL_REPLIES = """
mutation ($input: PullRecordsInput!) {
  replyPull(input: $input) {
    replies { phone dialCode subscriberNumber text signatureContent extend at }
    userErrors { code field message }
  }
}
"""
BY_NUMBER = """
query ($input: PhoneNumberInput!) {
  statusesByPhoneNumber(input: $input) { serialNo phone delivered code sessionContext }
  repliesByPhoneNumber(input: $input) { phone text signatureContent }
}
"""


async def taken(root: Caller, document: str = PULL, **given: Any) -> Any:
    """Take records; gives the only field's answer."""
    data = await root.run(document, input={"applicationId": APP, **given})
    (answer,) = data.values()
    return answer


def problem(answer: Any) -> tuple[str, list[str] | None]:
    """Give code and field of the only problem."""
    (error,) = answer["userErrors"]
    return error["code"], error["field"]


async def test_a_queue_is_switched_on_shown_and_off(console: Console, root: Caller) -> None:
    assert await root.run(SHOW, id=APP) == {"statusPullQueue": None, "replyPullQueue": None}
    made = (await root.run(SWITCH, id=APP, on=True))["statusPullUpdate"]
    assert made == {
        "queue": {
            "since": START.isoformat(),
            "waiting": 0,
            "oldestAt": None,
            "dropped": 0,
            "droppedAt": None,
        },
        "userErrors": [],
    }
    await root.run(SWITCH_REPLIES, on=True)
    await pulling.happen(console.database, 2)
    await pushing.happen(console.database, pushing.reply(1))
    shown = await root.run(SHOW, id=APP)
    assert shown == {
        "statusPullQueue": {"waiting": 2, "oldestAt": START.isoformat()},
        "replyPullQueue": {"waiting": 1, "oldestAt": START.isoformat()},
    }
    off = (await root.run(SWITCH, id=APP, on=False))["statusPullUpdate"]
    assert off == {"queue": None, "userErrors": []}
    assert (await root.run(SHOW, id=APP))["statusPullQueue"] is None


async def test_statuses_are_taken_once(console: Console, root: Caller) -> None:
    await root.run(SWITCH, id=APP, on=True)
    await pulling.happen(console.database, 2)
    first = await taken(root, limit=1)
    assert first["statuses"] == [
        {
            "serialNo": f"5000:{int(START.timestamp())}1",
            "phone": "+8613800138000",
            "dialCode": "86",
            "subscriberNumber": "13800138000",
            "delivered": True,
            "code": "DELIVRD",
            "reason": "delivered to the handset",
            "at": START.isoformat(),
            "sessionContext": "",
        }
    ]
    (second,) = (await taken(root))["statuses"]
    assert second["serialNo"].endswith("2")
    assert await taken(root) == {"statuses": [], "userErrors": []}


async def test_replies_are_taken_once(console: Console, root: Caller) -> None:
    await root.run(SWITCH_REPLIES, on=True)
    await pushing.happen(console.database, pushing.reply(1, "yes"))
    assert (await taken(root, PULL_REPLIES))["replies"] == [
        {
            "phone": "+8613800138000",
            "dialCode": "86",
            "subscriberNumber": "13800138000",
            "text": "yes",
            "signatureContent": "",
            "extend": "",
            "at": START.isoformat(),
        }
    ]
    assert (await taken(root, PULL_REPLIES))["replies"] == []


@pytest.mark.parametrize("document", [PULL, PULL_REPLIES])
async def test_what_cannot_be_taken_says_why(console: Console, root: Caller, document: str) -> None:
    off = await taken(root, document)
    assert problem(off) == ("WRONG_STATE", None)
    assert "pulling is off: switch it on by" in off["userErrors"][0]["message"]
    for limit in (0, 101):
        assert problem(await taken(root, document, limit=limit)) == (
            "OUT_OF_RANGE",
            ["input", "limit"],
        )
    strange = {"applicationId": encode("Application", UIN + 1)}
    assert problem(await taken(root, document, **strange)) == (
        "NOT_FOUND",
        ["input", "applicationId"],
    )


async def test_another_accounts_queue_is_absent(console: Console, root: Caller) -> None:
    await root.run(SWITCH, id=APP, on=True)
    await pulling.happen(console.database, 1)
    stranger = console.root(await console.add_account())
    assert (await stranger.run(SHOW, id=APP))["statusPullQueue"] is None
    answer = (await stranger.run(SWITCH, id=APP, on=False))["statusPullUpdate"]
    assert problem(answer) == ("NOT_FOUND", ["applicationId"])
    assert problem(await taken(stranger))[0] == "NOT_FOUND"
    assert len((await taken(root))["statuses"]) == 1


async def test_a_number_is_looked_up_as_often_as_wanted(console: Console) -> None:
    await sending.add_account(console.database, START, uin=UIN)
    async with console.database.read() as session:
        root = console.root(await account.existing(session, UIN))
    await sending.add_task(console.database, START, sending.phones(1), uin=UIN)
    (message,) = await sending.claim(console.database)
    await sending.record(console.database, sending.accepted(message))
    await sending.bring(console.database, sending.receipt_of(message))
    console.clock.advance(timedelta(hours=1))
    asked = {"applicationId": APP, "phone": message.phone.removeprefix("+86")}
    asked["from"] = (START - timedelta(days=30)).isoformat()
    for _ in range(2):
        found = await root.run(BY_NUMBER, input=asked)
        assert found["repliesByPhoneNumber"] == []
        (status,) = found["statusesByPhoneNumber"]
        assert (status["phone"], status["delivered"]) == (message.phone, True)
        assert status["serialNo"].endswith(str(message.id))
    for wrong, says in (
        ({"phone": "12"}, "is not a mobile number"),
        ({"limit": 101}, "out of range"),
        ({"to": (START - timedelta(days=40)).isoformat()}, "is not after"),
        ({"to": (START - timedelta(days=20)).isoformat()}, "more than 7 days ago"),
        ({"from": "2026-03-01T00:00:00"}, "must name its time zone"),
    ):
        answer = await root.ask(BY_NUMBER, input=asked | wrong)
        for error in answer.errors:
            assert says in error.message
            assert (error.extensions or {})["code"] == "BAD_USER_INPUT"
        assert len(answer.errors) == 2
    strange = await root.run(BY_NUMBER, input=asked | {"applicationId": encode("Application", 1)})
    assert strange == {"statusesByPhoneNumber": None, "repliesByPhoneNumber": None}


async def test_the_statements_of_a_pull_do_not_grow_with_its_records(
    console: Console, root: Caller
) -> None:
    await root.run(SWITCH, id=APP, on=True)
    counts = []
    for size in (1, 100):
        await pulling.happen(console.database, size)
        with Statements(console.database) as statements:
            assert len((await taken(root))["statuses"]) == size
        counts.append(len(statements))
    assert counts[0] == counts[1]
