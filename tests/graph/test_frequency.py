"""How often one number is sent to, as organizations set it and messages feel it (CFG-3, ACC-3)."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from db.account import AccountRow
from domain.frequency import Limits
from domain.region import IdentityKind
from domain.terms import Terms
from graph.node import encode
from tests import bulk, sending
from tests.bulk import Parts
from tests.carrying import Carriage
from tests.console import START, Caller, Console
from tests.graph.test_allowlist import add
from tests.graph.unsubscribing import sent

LIMITS = "sameContentSeconds numberPerDay numberPerHour sameContentPerDay applicationPerDay"
READ = f"""
query ($id: ID!) {{
  frequencyRule(applicationId: $id) {{
    limits {{ {LIMITS} }} defaults {{ {LIMITS} }} changedAt
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: FrequencyRuleUpdateInput!) {{
  frequencyRuleUpdate(applicationId: $id, input: $input) {{
    rule {{ limits {{ {LIMITS} }} changedAt }}
    userErrors {{ code field message }}
  }}
}}
"""
GUIDE = {
    "sameContentSeconds": 30,
    "numberPerDay": 10,
    "numberPerHour": None,
    "sameContentPerDay": None,
    "applicationPerDay": None,
}
ONE, LISTED = sending.phones(2)
PER_DAY = "LimitExceeded.PhoneNumberDailyLimit"
SAME_CONTENT = "LimitExceeded.PhoneNumberThirtySecondLimit"


def app(parts: Parts) -> str:
    return encode("Application", parts.app_id)


async def update(caller: Caller, parts: Parts, **given: Any) -> Any:
    payload = (await caller.run(UPDATE, id=app(parts), input=given))["frequencyRuleUpdate"]
    assert payload["userErrors"] == []
    return payload["rule"]


async def rule(caller: Caller, parts: Parts) -> Any:
    return (await caller.run(READ, id=app(parts)))["frequencyRule"]


async def test_eleven_messages_on_a_day_and_an_allowlisted_number(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, carriage = console.root(account), Carriage(console)
    await add(root, parts, LISTED)
    reports = [await sent(root, carriage, parts, ONE, LISTED) for _ in range(11)]
    states = Counter(
        (node["phone"], node["state"], node["code"])
        for report in reports
        for node in report["bulkTaskRecipients"]["nodes"]
    )
    assert states == {
        (ONE, "DELIVERED", "DELIVRD"): 10,
        (ONE, "REFUSED", PER_DAY): 1,
        (LISTED, "DELIVERED", "DELIVRD"): 11,
    }
    assert reports[-1]["bulkTaskReport"] == {
        "accepted": 1,
        "refused": 1,
        "delivered": 1,
        "failures": [
            {"code": PER_DAY, "reason": "the daily limit for one number was reached", "count": 1}
        ],
    }
    assert await bulk.balance(console.database, account.uin, console.clock.now) == 100 - 21
    console.clock.now = START + timedelta(hours=14)  # midnight in Shanghai
    tomorrow = await sent(root, carriage, parts, ONE)
    assert tomorrow["bulkTaskReport"]["accepted"] == 1


async def test_changed_limits_hold_for_what_is_sent_next(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, carriage = console.root(account), Carriage(console)
    await sent(root, carriage, parts, ONE)
    await update(root, parts, sameContentSeconds=600)
    second = await sent(root, carriage, parts, ONE)
    assert [node["code"] for node in second["bulkTaskRecipients"]["nodes"]] == [SAME_CONTENT]
    await update(root, parts, sameContentSeconds=30, numberPerDay=1)
    third = await sent(root, carriage, parts, ONE)
    assert [node["code"] for node in third["bulkTaskRecipients"]["nodes"]] == [PER_DAY]
    await update(root, parts, numberPerDay=2)
    assert (await sent(root, carriage, parts, ONE))["bulkTaskReport"]["accepted"] == 1


async def test_without_a_change_the_defaults_are_in_force(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    shown = await rule(console.root(account), parts)
    assert shown == {"limits": GUIDE, "defaults": GUIDE, "changedAt": None}
    console.terms = Terms(frequency=Limits(number_per_day=2))
    installed = GUIDE | {"numberPerDay": 2}
    shown = await rule(console.root(account), parts)
    assert shown == {"limits": installed, "defaults": installed, "changedAt": None}


async def test_what_is_left_out_of_an_update_stays_and_null_switches_off(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    given = {
        "sameContentSeconds": 60,
        "numberPerDay": 5,
        "numberPerHour": 4,
        "sameContentPerDay": 3,
        "applicationPerDay": 1_000,
    }
    assert await update(root, parts, **given) == {
        "limits": given,
        "changedAt": START.isoformat(),
    }
    console.clock.advance(timedelta(seconds=1))
    after = given | {"numberPerHour": None, "applicationPerDay": None, "numberPerDay": 6}
    shown = await update(root, parts, numberPerHour=None, applicationPerDay=None, numberPerDay=6)
    assert shown["limits"] == after
    assert await rule(root, parts) == {
        "limits": after,
        "defaults": GUIDE,
        "changedAt": (START + timedelta(seconds=1)).isoformat(),
    }


async def test_updates_at_once_keep_each_others_limits(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    given = {"numberPerHour": 4, "sameContentPerDay": 3, "applicationPerDay": 9, "numberPerDay": 8}
    await asyncio.gather(*(update(root, parts, **{name: n}) for name, n in given.items()))
    assert (await rule(root, parts))["limits"] == GUIDE | given


async def test_every_limit_out_of_bounds_is_told_at_once_and_nothing_changes(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    before = await console.digest()
    given = {
        "sameContentSeconds": None,
        "numberPerDay": 1_001,
        "numberPerHour": 0,
        "sameContentPerDay": -1,
        "applicationPerDay": 100_000_001,
    }
    assert await root.refused(UPDATE, id=app(parts), input=given) == [
        ("REQUIRED", ["input", "sameContentSeconds"]),
        ("OUT_OF_RANGE", ["input", "numberPerDay"]),
        ("OUT_OF_RANGE", ["input", "numberPerHour"]),
        ("OUT_OF_RANGE", ["input", "sameContentPerDay"]),
        ("OUT_OF_RANGE", ["input", "applicationPerDay"]),
    ]
    assert await console.digest() == before


async def test_an_individual_sees_the_limits_and_is_told_why_they_stay(console: Console) -> None:
    account = await console.add_account(identity=IdentityKind.INDIVIDUAL)
    parts = await bulk.add_parts(console.database, account.uin, console.clock.now)
    root = console.root(account)
    before = await console.digest()
    answer = await root.run(UPDATE, id=app(parts), input={"numberPerDay": 20})
    (error,) = answer["frequencyRuleUpdate"]["userErrors"]
    assert (error["code"], answer["frequencyRuleUpdate"]["rule"]) == ("NOT_PERMITTED", None)
    reason, _, way_out = error["message"].partition(": ")
    assert reason == (
        "changing frequency limits is for organizations and this account is an individual's"
    )
    assert "as an organization" in way_out
    assert await console.digest() == before
    assert (await rule(root, parts))["limits"] == GUIDE


@pytest.mark.parametrize("preset", ["QcloudSMSReadOnlyAccess", "QcloudSMSFullAccess"])
async def test_who_may_only_read_changes_nothing(
    console: Console, account: AccountRow, parts: Parts, preset: str
) -> None:
    caller = await console.sub(account, preset)
    assert (await rule(caller, parts))["limits"] == GUIDE
    answer = await caller.ask(UPDATE, id=app(parts), input={"numberPerDay": 20})
    assert answer.code == ("FORBIDDEN" if preset == "QcloudSMSReadOnlyAccess" else None)


async def test_another_accounts_application_looks_like_none(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    stranger = console.root(await console.add_account())
    before = await console.digest()
    assert await rule(stranger, parts) is None
    given = {"numberPerDay": 20}
    assert await stranger.refused(UPDATE, id=app(parts), input=given) == [
        ("NOT_FOUND", ["applicationId"])
    ]
    assert await console.digest() == before
