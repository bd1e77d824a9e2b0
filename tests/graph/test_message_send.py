"""Sending single messages through GraphQL, on the same core as the APIs (API-2)."""

from typing import Any

from domain.serial_no import message_id_of
from graph.node import encode
from tests import bulk, requesting
from tests.bulk import Parts
from tests.console import START, Console, Statements
from tests.requesting import PHONES, UIN, kept

SEND = """
mutation ($input: MessageSendInput!) {
  messageSend(input: $input) {
    results { phone code message serialNo segments country }
    userErrors { code field message }
  }
}
"""
INFO = """
query ($numbers: [String!]!) {
  phoneNumberInfo(numbers: $numbers) {
    input valid message phone dialCode subscriberNumber country countryName
  }
}
"""


async def ready(console: Console) -> Parts:
    """Add an account that can send."""
    account = await console.add_account()
    assert account.uin == UIN
    await bulk.grant(console.database, UIN, 1_000, START)
    return await bulk.add_parts(console.database, UIN, START)


def asked(parts: Parts, *numbers: str, **changes: Any) -> dict[str, Any]:
    """Give the input of a request."""
    return {
        "applicationId": encode("Application", parts.app_id),
        "templateId": encode("Template", parts.template_id),
        "numbers": numbers,
        "params": ["A1", "Monday"],
        **changes,
    }


async def root(console: Console) -> Any:
    async with console.database.read() as session:
        row = await requesting.account_of(session)
    return console.root(row)


async def test_each_number_is_told_for_itself(console: Console) -> None:
    parts = await ready(console)
    caller = await root(console)
    answer = await caller.run(SEND, input=asked(parts, PHONES[0], "12345"))
    payload = answer["messageSend"]
    assert payload["userErrors"] == []
    good, bad = payload["results"]
    rows = await kept(console.database)
    assert message_id_of(good.pop("serialNo")) == rows[0].id
    assert good == {
        "phone": PHONES[0],
        "code": "Ok",
        "message": "send success",
        "segments": 1,
        "country": "CN",
    }
    assert (bad["phone"], bad["code"]) == ("12345", "InvalidParameterValue.IncorrectPhoneNumber")
    assert (bad["serialNo"], bad["segments"], bad["country"]) == (None, 0, None)


async def test_a_request_that_cannot_be_sent_names_the_field(console: Console) -> None:
    parts = await ready(console)
    caller = await root(console)
    stories: list[tuple[dict[str, Any], str, list[str] | None]] = [
        (asked(parts), "REQUIRED", ["input", "numbers"]),
        (asked(parts, *PHONES[:201]), "LIMIT_EXCEEDED", ["input", "numbers"]),
        (asked(parts, PHONES[0], "+85266660001"), "MISMATCH", ["input", "numbers"]),
        (
            asked(parts, PHONES[0], applicationId=encode("Application", 1)),
            "NOT_FOUND",
            ["input", "applicationId"],
        ),
        (asked(parts, PHONES[0], extend="x"), "INVALID", ["input", "extend"]),
        (asked(parts, PHONES[0], senderId="x!"), "INVALID", ["input", "senderId"]),
        (asked(parts, PHONES[0], sessionContext="x" * 512), "INVALID", ["input", "sessionContext"]),
        (asked(parts, PHONES[0], sessionContext="\0"), "INVALID", ["input", "sessionContext"]),
    ]
    for given, code, field in stories:
        payload = (await caller.run(SEND, input=given))["messageSend"]
        (error,) = payload["userErrors"]
        assert (error["code"], error["field"]) == (code, field)
        assert payload["results"] == []
    assert await kept(console.database) == []


async def test_what_it_costs_does_not_grow_with_the_numbers(console: Console) -> None:
    parts = await ready(console)
    caller = await root(console)
    await caller.run(SEND, input=asked(parts, PHONES[0]))
    counts = []
    for numbers in (PHONES[1:2], PHONES[2:202]):
        with Statements(console.database) as counted:
            await caller.run(SEND, input=asked(parts, *numbers))
        counts.append(len(counted))
    assert counts[0] == counts[1]


async def test_numbers_are_taken_apart(console: Console) -> None:
    await ready(console)
    caller = await root(console)
    answer = await caller.run(INFO, numbers=["+86 138 0013 8000", "12345"])
    good, bad = answer["phoneNumberInfo"]
    assert good == {
        "input": "+86 138 0013 8000",
        "valid": True,
        "message": "",
        "phone": "+8613800138000",
        "dialCode": "86",
        "subscriberNumber": "13800138000",
        "country": "CN",
        "countryName": "China",
    }
    assert not bad["valid"]
    assert bad["message"].startswith('mobile number "12345" is not a mobile number')
    assert bad["phone"] is None
    refused = await caller.ask(INFO, numbers=["1"] * 201)
    assert refused.code == "BAD_USER_INPUT"


CHANGES = """
{ packageHistory(first: 1) { nodes { kind units bulkTaskId messageRecordId } } }
"""


async def test_the_ledger_names_the_message(console: Console) -> None:
    """PKG-4: each unit that went is told with what it went for."""
    parts = await ready(console)
    caller = await root(console)
    await caller.run(SEND, input=asked(parts, PHONES[0]))
    (change,) = (await caller.run(CHANGES))["packageHistory"]["nodes"]
    (row,) = await kept(console.database)
    assert change == {
        "kind": "RESERVE",
        "units": -1,
        "bulkTaskId": None,
        "messageRecordId": encode("MessageRecord", row.id),
    }
