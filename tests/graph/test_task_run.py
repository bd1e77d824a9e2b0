"""Consent, start, stop and cancel, in both regions (BLK-4 to BLK-6, BLK-9, BLK-10)."""

from datetime import timedelta

from db.account import AccountRow
from db.application import ApplicationRow
from db.message import MessageRow
from db.signature import SignatureRow
from db.template import TemplateRow
from domain.message import MessageStatus
from domain.region import SmsType
from domain.review import ReviewStatus
from domain.terms import Terms
from graph.node import encode
from tests import bulk
from tests.bulk import Parts
from tests.console import Console
from tests.graph.bulk_task import CANCEL, SHOW, START, STOP, change, consent, errors, ready


async def test_a_mainland_task_is_reviewed_consented_to_and_paid_from_packages(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    task_id = await ready(console, parts, bulk.found(3, segments=2))
    shown = (await root.run(SHOW, id=task_id))["bulkTask"]
    assert shown["fee"] == {"packageUnits": 6, "packageBalance": 100, "amountMicros": 0}
    assert (shown["recipients"], shown["segments"], shown["blockers"]) == (3, 6, [])
    refused = [
        (consent(6, consent=False), "CONSENT_REQUIRED", ["input", "consent"]),
        (consent(5), "CONFLICT", ["input", "expectedSegments"]),
        (consent(6, expectedAmountMicros=1), "CONFLICT", ["input", "expectedAmountMicros"]),
    ]
    for given, code, field in refused:
        (found,) = await errors(root, START, id=task_id, input=given)
        assert found[:2] == (code, field)
    payload = (await root.run(START, id=task_id, input=consent(6)))["bulkTaskStart"]
    assert payload["userErrors"] == []
    assert payload["bulkTask"] == {
        "status": "SENDING",
        "fee": {"packageUnits": 6, "packageBalance": 94, "amountMicros": 0},
    }
    (found,) = await errors(root, START, id=task_id, input=consent(6))
    assert found[:2] == ("WRONG_STATE", ["id"])
    assert found[2].startswith("task is sending and cannot become sending")
    assert await bulk.balance(console.database, account.uin, console.clock.now) == 94


async def test_too_few_units_are_told_before_and_at_the_consent(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    task_id = await ready(console, parts, bulk.found(51, segments=2))
    problem = {
        "code": "INSUFFICIENT_BALANCE",
        "field": ["id"],
        "message": "the task needs 102 units and the packages hold 100: buy a package",
    }
    assert (await root.run(SHOW, id=task_id))["bulkTask"]["blockers"] == [problem]
    before = await console.digest()
    payload = (await root.run(START, id=task_id, input=consent(102)))["bulkTaskStart"]
    assert payload == {"bulkTask": None, "userErrors": [problem]}
    assert await console.digest() == before


async def test_a_global_task_costs_money_and_counts_on_its_day(
    console: Console, account: AccountRow, far: Parts
) -> None:
    console.terms = Terms(global_daily=5, global_segment_micros=30_000)
    root = console.root(account)
    first, second = await ready(console, far), await ready(console, far)
    shown = (await root.run(SHOW, id=first))["bulkTask"]
    assert shown["fee"]["amountMicros"] == 90_000
    (found,) = await errors(root, START, id=first, input=consent(3))
    assert found == (
        "CONFLICT",
        ["input", "expectedAmountMicros"],
        "the task costs 90000 micros and not 0: review the fee and consent again",
    )
    payload = await root.run(START, id=first, input=consent(3, expectedAmountMicros=90_000))
    assert payload["bulkTaskStart"]["bulkTask"]["status"] == "SENDING"
    assert await errors(root, START, id=second, input=consent(3, expectedAmountMicros=90_000)) == [
        (
            "LIMIT_EXCEEDED",
            ["id"],
            (
                "task has 3 recipients and 2 Global messages are left of 5 on its day: "
                "send it on another day"
            ),
        )
    ]
    console.clock.advance(timedelta(hours=14))  # midnight in Shanghai
    payload = await root.run(START, id=second, input=consent(3, expectedAmountMicros=90_000))
    assert payload["bulkTaskStart"]["bulkTask"]["status"] == "SENDING"
    assert await bulk.balance(console.database, account.uin, console.clock.now) == 100


async def test_everything_that_keeps_a_task_from_being_sent_is_shown(
    console: Console, account: AccountRow, selling: Parts
) -> None:
    root = console.root(account)
    task_id = await ready(console, selling, sms_type=SmsType.MARKETING)
    now = console.clock.now
    await change(console, TemplateRow, selling.template_id, deleted_at=now)
    await change(console, SignatureRow, selling.signature_id, status=ReviewStatus.REJECTED)
    await change(console, ApplicationRow, selling.app_id, wanted_enabled=False, switched_at=now)
    console.clock.advance(timedelta(hours=12))  # 22:00 in Shanghai
    found = (await root.run(SHOW, id=task_id))["bulkTask"]["blockers"]
    assert [(problem["code"], problem["message"].partition(":")[0]) for problem in found] == [
        ("NOT_FOUND", "template was deleted"),
        ("WRONG_STATE", "signature is rejected and cannot be sent with"),
        ("WRONG_STATE", "application is disabled and sends nothing"),
        ("OUT_OF_RANGE", "marketing SMS is sent from 08"),
    ]
    assert [code for code, _, _ in await errors(root, START, id=task_id, input=consent(3))] == [
        problem["code"] for problem in found
    ]
    draft = encode("BulkTask", await bulk.add_task(console.database, selling, now))
    (first, *_) = (await root.run(SHOW, id=draft))["bulkTask"]["blockers"]
    assert first["message"] == (
        "task is draft and cannot become sending: give it recipients first, from a file, from "
        "customer groups or as a list of numbers"
    )


async def test_a_scheduled_task_waits_for_its_time_and_can_be_cancelled(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, due = console.root(account), console.clock.now + timedelta(hours=2)
    task_id = await ready(console, parts, scheduled_at=due)
    payload = (await root.run(START, id=task_id, input=consent(3)))["bulkTaskStart"]
    assert payload["bulkTask"]["status"] == "SCHEDULED"
    (found,) = await errors(root, STOP, id=task_id)
    assert found[:2] == ("WRONG_STATE", ["id"])
    assert found[2] == (
        "task is scheduled and cannot become stopped: stop is possible while it is sending"
    )
    payload = (await root.run(CANCEL, id=task_id))["bulkTaskCancel"]
    assert payload == {"bulkTask": {"status": "CANCELLED"}, "userErrors": []}
    assert await bulk.balance(console.database, account.uin, console.clock.now) == 100
    (found,) = await errors(root, CANCEL, id=task_id)
    assert found[2].startswith("task is cancelled and cannot become cancelled")


async def test_a_time_that_has_passed_by_the_consent_is_refused(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    task_id = await ready(console, parts, scheduled_at=console.clock.now + timedelta(hours=2))
    console.clock.advance(timedelta(hours=3))
    (found,) = await errors(console.root(account), START, id=task_id, input=consent(3))
    assert found[0] == "OUT_OF_RANGE"
    assert "is in the past: choose a later time or send now" in found[2]


async def test_stopping_gives_back_what_was_not_submitted(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    task_id = await ready(console, parts)
    await root.run(START, id=task_id, input=consent(3))
    (first, *_) = await bulk.messages(console.database, 1)
    await change(console, MessageRow, first.id or 0, state=MessageStatus.SUBMITTED)
    payload = (await root.run(STOP, id=task_id))["bulkTaskStop"]
    assert payload == {"bulkTask": {"status": "STOPPED"}, "userErrors": []}
    assert await bulk.balance(console.database, account.uin, console.clock.now) == 99
    states = """query ($id: ID!) { bulkTaskRecipients(id: $id) { nodes { state } } }"""
    nodes = (await root.run(states, id=task_id))["bulkTaskRecipients"]["nodes"]
    assert [node["state"] for node in nodes] == ["SUBMITTED", "CANCELLED", "CANCELLED"]


async def test_money_and_balances_are_not_bound_to_32_bits(
    console: Console, account: AccountRow, far: Parts
) -> None:
    console.terms = Terms(global_segment_micros=2_000_000_000)
    await bulk.grant(console.database, account.uin, 5_000_000_000, console.clock.now)
    root, task_id = console.root(account), await ready(console, far)
    fee = (await root.run(SHOW, id=task_id))["bulkTask"]["fee"]
    assert (fee["packageBalance"], fee["amountMicros"]) == (5_000_000_100, 6_000_000_000)
    for wrong in (2**53, True, 1.5, "6000000000"):
        answer = await root.ask(START, id=task_id, input=consent(3, expectedAmountMicros=wrong))
        assert answer.code == "BAD_USER_INPUT"
    document = START.replace("$input: BulkTaskStartInput!", "$segments: Int!").replace(
        "input: $input",
        "input: {consent: true, expectedSegments: $segments, expectedAmountMicros: 6000000000}",
    )
    payload = (await root.run(document, id=task_id, segments=3))["bulkTaskStart"]
    assert payload["bulkTask"]["fee"]["amountMicros"] == 6_000_000_000
