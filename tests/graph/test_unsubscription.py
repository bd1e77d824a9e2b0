"""A recipient replies TD, is left alone, and comes back by review only (UNS-1, UNS-2, UNS-3).

Through the schema, a worker and the simulator carrier, whose numbers ending in 9930 reply "TD".
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.account import AccountRow
from domain.region import SmsType
from domain.terms import Terms
from graph.node import encode
from tests import bulk
from tests.bulk import Parts
from tests.carrying import Carriage, to
from tests.console import Console, Statements
from tests.graph.bulk_task import START, consent, errors, ready
from tests.graph.test_review import REJECT
from tests.graph.unsubscribing import (
    LIST,
    OK,
    QUEUE,
    REASON,
    REMOVALS,
    REQUEST,
    SKIPS,
    TD,
    decide,
    listed,
    sent,
)


async def test_the_story_of_an_unsubscribed_user(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, carriage = console.root(account), Carriage(console)
    first = await sent(root, carriage, parts, TD, OK)
    assert first["bulkTaskReport"] == {
        "accepted": 2,
        "refused": 0,
        "delivered": 2,
        "failures": [],
    }
    signature = encode("Signature", parts.signature_id)
    (gone,) = await listed(root, phone="13800009930", signature=signature)
    assert gone == {
        "id": encode("Unsubscription", 1),
        "phone": TD,
        "signatureId": signature,
        "signatureContent": "Shop0",
        "smsType": "REGULAR",
        "status": "UNSUBSCRIBED",
        "reply": "TD",
        "unsubscribedAt": gone["unsubscribedAt"],
        "optOuts": 1,
        "removedAt": None,
        "removal": None,
    }
    assert await listed(root, phone="13800009931") == []

    task_id = await ready(console, parts, to([TD, OK]))
    assert (await root.run(SKIPS, id=task_id))["bulkTask"]["willSkip"] == {
        "blocklisted": 0,
        "unsubscribed": 1,
    }
    second = await sent(root, carriage, parts, TD, OK)
    code = "FailedOperation.PhoneNumberInBlacklist.Unsubscribed"
    assert second["bulkTaskReport"] == {
        "accepted": 1,
        "refused": 1,
        "delivered": 1,
        "failures": [{"code": code, "reason": REASON, "count": 1}],
    }
    skipped, reached = second["bulkTaskRecipients"]["nodes"]
    assert skipped == {"phone": TD, "state": "REFUSED", "code": code, "reason": REASON}
    assert (reached["phone"], reached["state"]) == (OK, "DELIVERED")
    assert await bulk.balance(console.database, account.uin, console.clock.now) == 100 - 3

    payload = await root.run(REQUEST, id=gone["id"], reason=" They asked us to. ")
    asked = payload["unsubscriptionRemovalRequest"]
    assert asked["userErrors"] == []
    assert asked["unsubscriptionRemoval"] == {
        "id": encode("UnsubscriptionRemoval", 1),
        "status": "PENDING",
        "justification": "They asked us to.",
        "unsubscription": {"id": gone["id"]},
    }
    seen = await decide(console)
    assert seen["account"] == {"name": account.name}
    assert seen["subject"] == {
        "justification": "They asked us to.",
        "unsubscription": {
            "phone": TD,
            "signatureContent": "Shop0",
            "smsType": "REGULAR",
            "reply": "TD",
            "optOuts": 1,
        },
    }
    (back,) = await listed(root, phone=TD)
    assert (back["status"], back["removal"]["status"]) == ("REMOVED", "APPROVED")
    assert back["removedAt"] == console.clock.now.isoformat()

    third = await sent(root, carriage, parts, TD)
    assert (third["bulkTaskReport"]["delivered"], third["bulkTaskReport"]["refused"]) == (1, 0)
    (again,) = await listed(root)
    assert (again["status"], again["optOuts"], again["removedAt"]) == ("UNSUBSCRIBED", 2, None)
    fourth = await sent(root, carriage, parts, TD)
    assert (fourth["bulkTaskReport"]["delivered"], fourth["bulkTaskReport"]["refused"]) == (0, 1)


async def test_only_the_type_that_was_replied_to_is_unsubscribed_from(
    console: Console, account: AccountRow, parts: Parts, selling: Parts
) -> None:
    root, carriage = console.root(account), Carriage(console)
    await sent(root, carriage, parts, TD)
    # The same signature in both types, as an account with one shop has it.
    selling_parts = replace(selling, signature_id=parts.signature_id)
    task_id = await ready(console, selling_parts, to([TD]), sms_type=SmsType.MARKETING)
    assert (await root.run(SKIPS, id=task_id))["bulkTask"]["willSkip"] == {
        "blocklisted": 0,
        "unsubscribed": 0,
    }
    await root.run(START, id=task_id, input=consent(1))
    await carriage.run()
    found = await listed(root, phone=TD, signature=encode("Signature", parts.signature_id))
    assert [(each["smsType"], each["status"]) for each in found] == [
        ("MARKETING", "UNSUBSCRIBED"),
        ("REGULAR", "UNSUBSCRIBED"),
    ]


async def test_the_record_lists_every_request_and_its_decision(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await sent(root, Carriage(console), parts, TD)
    now = console.clock.now
    (gone,) = await listed(root)
    await root.run(REQUEST, id=gone["id"], reason="They asked us to.")
    assert await errors(root, REQUEST, id=gone["id"], reason="Once more.") == [
        (
            "WRONG_STATE",
            ["input", "id"],
            "a request to remove this unsubscription waits for review: wait for its decision",
        )
    ]
    await decide(console, REJECT, reason="Show us that they did.")
    await root.run(REQUEST, id=gone["id"], reason="Their letter of Monday.")
    found = (await root.run(REMOVALS))["unsubscriptionRemovals"]
    about = {
        "phone": TD,
        "smsType": "REGULAR",
        "signatureContent": "Shop0",
        "status": "UNSUBSCRIBED",
    }
    assert found["totalCount"] == 2
    assert found["nodes"] == [
        {
            "id": encode("UnsubscriptionRemoval", 2),
            "status": "PENDING",
            "reason": "",
            "justification": "Their letter of Monday.",
            "expectedDecisionAt": (now + timedelta(hours=2)).isoformat(),
            "decidedAt": None,
            "reviews": [{"verdict": None}],
            "unsubscription": about,
        },
        {
            "id": encode("UnsubscriptionRemoval", 1),
            "status": "REJECTED",
            "reason": "Show us that they did.",
            "justification": "They asked us to.",
            "expectedDecisionAt": None,
            "decidedAt": now.isoformat(),
            "reviews": [{"verdict": "REJECTED"}],
            "unsubscription": about,
        },
    ]
    rejected = (await root.run(REMOVALS, status="REJECTED"))["unsubscriptionRemovals"]
    assert [each["id"] for each in rejected["nodes"]] == [encode("UnsubscriptionRemoval", 1)]
    await decide(console)
    ((code, field, message),) = await errors(root, REQUEST, id=gone["id"], reason="Again.")
    assert (code, field) == ("WRONG_STATE", ["input", "id"])
    assert message == "the number gets messages again already: nothing is left to be removed"


@pytest.mark.parametrize(("reason", "code"), [(" ", "REQUIRED"), ("x" * 501, "TOO_LONG")])
async def test_a_request_says_why(
    console: Console, account: AccountRow, reason: str, code: str
) -> None:
    given = {"id": encode("Unsubscription", 1), "reason": reason}
    found = await errors(console.root(account), REQUEST, **given)
    assert [each[:2] for each in found] == [(code, ["input", "reason"])]


async def test_the_words_and_the_time_are_the_installations(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    console.terms = Terms(opt_out_words=("OK",))
    root = console.root(account)
    await sent(root, Carriage(console), parts, TD, OK)
    assert [each["phone"] for each in await listed(root)] == [OK]


async def test_numbers_of_elsewhere_are_found_however_they_are_written(
    console: Console, account: AccountRow, far: Parts
) -> None:
    await bulk.grant(console.database, account.uin, 100, console.clock.now)
    root, carriage = console.root(account), Carriage(console)
    task_id = await ready(console, far, to(["+85266669930"]))
    fee = consent(1, expectedAmountMicros=50_000)
    payload = (await root.run(START, id=task_id, input=fee))["bulkTaskStart"]
    assert payload["userErrors"] == []
    await carriage.run()
    for written in ("+852 6666 9930", "85266669930", "0085266669930"):
        assert len(await listed(root, phone=written)) == 1
    answer = await root.ask(LIST, phone="nobody")
    assert answer.code == "BAD_USER_INPUT"


async def test_a_page_costs_the_same_statements_however_long_it_is(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, carriage, counts = console.root(account), Carriage(console), []
    replying = [f"+86138{n:04d}9930" for n in range(6)]
    for phones in (replying[:1], replying[1:]):
        await sent(root, carriage, parts, *phones)
        for each in await listed(root):
            if each["removal"] is None:
                await root.run(REQUEST, id=each["id"], reason="They asked us to.")
        operator = await console.operator()
        found = []
        for caller, document in ((root, LIST), (root, REMOVALS), (operator, QUEUE)):
            with Statements(console.database) as statements:
                await caller.run(document)
            found.append(len(statements))
        counts.append(found)
    assert len(await listed(root)) == 6
    assert counts[0] == counts[1]


async def test_readers_only_read_and_strangers_see_nothing(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await sent(root, Carriage(console), parts, TD)
    (gone,) = await listed(root)
    await root.run(REQUEST, id=gone["id"], reason="They asked us to.")
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    stranger = console.root(await console.add_account())
    before = await console.digest()
    assert (await reader.ask(REQUEST, id=gone["id"], reason="x")).code == "FORBIDDEN"
    assert len(await listed(reader)) == 1
    assert await listed(stranger) == []
    assert (await stranger.run(REMOVALS))["unsubscriptionRemovals"]["nodes"] == []
    assert await errors(stranger, REQUEST, id=gone["id"], reason="x") == [
        ("NOT_FOUND", ["input", "id"], "there is no such unsubscription")
    ]
    for field, key in (
        ("unsubscription", gone["id"]),
        ("unsubscriptionRemoval", encode("UnsubscriptionRemoval", 1)),
    ):
        by_id = f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}"
        assert (await stranger.run(by_id, id=key))[field] is None
        assert (await reader.run(by_id, id=key))[field] == {"id": key}
    assert await console.digest() == before
