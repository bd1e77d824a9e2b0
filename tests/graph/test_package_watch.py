"""The balance alarm and automatic renewal through GraphQL (PKG-2, PKG-3)."""

from typing import Any

import pytest
from sqlmodel import select

from db import alarm_contact
from db.notification import NotificationRow
from domain import alarm_contact as rules
from domain.alarm import AlarmEvent, Language
from graph.node import encode
from tests import bulk
from tests.console import Caller, Console
from tests.graph import bulk_task
from tests.graph.test_price_item import FORM, UPDATE, sell

ALARM = "{ packageAlarm { enabled threshold below } }"
SET_ALARM = """
mutation ($input: PackageAlarmUpdateInput!) {
  packageAlarmUpdate(input: $input) {
    alarm { enabled threshold below } userErrors { code field message }
  }
}
"""
RENEW = "{ packageAutoRenew { enabled threshold quantity priceItem { name } problem } }"
SET_RENEW = """
mutation ($input: PackageAutoRenewUpdateInput!) {
  packageAutoRenewUpdate(input: $input) {
    autoRenew { enabled threshold quantity priceItem { name } problem }
    userErrors { code field message }
  }
}
"""
BOUGHT = "{ packages { nodes { purchase { quantity boughtBy } } } }"


async def company(console: Console, units: int = 100) -> tuple[Caller, bulk.Parts]:
    account = await console.add_account()
    await bulk.grant(console.database, account.uin, units, console.clock.now)
    parts = await bulk.add_parts(console.database, account.uin, console.clock.now)
    return console.root(account), parts


def renewal(item: str, **changes: Any) -> dict[str, Any]:
    return {
        "enabled": True,
        "threshold": 50,
        "priceItemId": item,
        "quantity": 2,
        "expectedAmountMicros": 90_000_000,
        **changes,
    }


async def start(console: Console, root: Caller, parts: bulk.Parts, count: int) -> list[Any]:
    task = await bulk_task.ready(console, parts, bulk.found(count))
    return await bulk_task.errors(root, bulk_task.START, id=task, input=bulk_task.consent(count))


async def test_the_alarm_is_off_until_it_is_set(console: Console) -> None:
    root, _ = await company(console)
    assert (await root.run(ALARM))["packageAlarm"] == {
        "enabled": False,
        "threshold": None,
        "below": False,
    }
    answer = await root.run(SET_ALARM, input={"enabled": True, "threshold": 1_000_000_000})
    assert answer["packageAlarmUpdate"]["alarm"]["below"] is True
    answer = await root.run(SET_ALARM, input={"enabled": False})
    assert answer["packageAlarmUpdate"]["alarm"] == {
        "enabled": False,
        "threshold": 1_000_000_000,
        "below": False,
    }
    answer = await root.run(SET_ALARM, input={"enabled": True})
    assert answer["packageAlarmUpdate"]["alarm"] == {
        "enabled": True,
        "threshold": 1_000_000_000,
        "below": True,
    }


@pytest.mark.parametrize(
    ("threshold", "code"),
    [(None, "REQUIRED"), (0, "OUT_OF_RANGE"), (1_000_000_001, "OUT_OF_RANGE")],
)
async def test_a_threshold_has_its_bounds(
    console: Console, threshold: int | None, code: str
) -> None:
    root, _ = await company(console)
    form = {"enabled": True, "threshold": threshold}
    before = await console.digest()
    assert await root.refused(SET_ALARM, input=form) == [(code, ["input", "threshold"])]
    assert await console.digest() == before


async def test_a_task_that_crosses_the_threshold_tells_the_contacts(console: Console) -> None:
    root, parts = await company(console)
    async with console.database.write() as session:
        draft = rules.draft(
            name="Ops",
            phone="+8613800000001",
            email="ops@example.com",
            events=[AlarmEvent.PACKAGE],
            language=Language.ENGLISH,
        )
        await alarm_contact.add(session, parts.account_uin, parts.app_id, draft, console.clock.now)
    await root.run(SET_ALARM, input={"enabled": True, "threshold": 50})
    assert await start(console, root, parts, 50) == []
    assert (await root.run(ALARM))["packageAlarm"]["below"] is False
    assert await start(console, root, parts, 1) == []
    assert (await root.run(ALARM))["packageAlarm"]["below"] is True
    async with console.database.read() as session:
        rows = (await session.exec(select(NotificationRow))).all()
    assert {row.event for row in rows} == {AlarmEvent.PACKAGE}
    assert len(rows) == 2


async def test_renewal_buys_when_a_task_crosses_the_threshold(console: Console) -> None:
    root, parts = await company(console)
    item = await sell(console)
    answer = await root.run(SET_RENEW, input=renewal(item))
    shown = {
        "enabled": True,
        "threshold": 50,
        "quantity": 2,
        "priceItem": {"name": "Thousand"},
        "problem": None,
    }
    assert answer["packageAutoRenewUpdate"] == {"autoRenew": shown, "userErrors": []}
    assert await start(console, root, parts, 51) == []
    nodes = (await root.run(BOUGHT))["packages"]["nodes"]
    assert [node["purchase"] for node in nodes] == [{"quantity": 2, "boughtBy": None}, None]
    assert (await root.run(RENEW))["packageAutoRenew"] == shown


async def test_a_refused_task_is_not_started_by_renewal(console: Console) -> None:
    root, parts = await company(console, 60)
    item = await sell(console)
    await root.run(SET_RENEW, input=renewal(item))
    ((code, _, _),) = await start(console, root, parts, 61)
    assert code == "INSUFFICIENT_BALANCE"
    assert await start(console, root, parts, 11) == []
    statuses = "{ bulkTasks { nodes { recipients status } } }"
    nodes = (await root.run(statuses))["bulkTasks"]["nodes"]
    assert {node["recipients"]: node["status"] for node in nodes} == {61: "READY", 11: "SENDING"}


async def test_a_change_of_the_item_stops_renewal_until_it_is_agreed_to(console: Console) -> None:
    root, parts = await company(console)
    item = await sell(console)
    await root.run(SET_RENEW, input=renewal(item))
    operator = await console.operator()
    await operator.run(UPDATE, id=item, input={"priceMicros": 50_000_000})
    assert await start(console, root, parts, 51) == []
    assert (await root.run(RENEW))["packageAutoRenew"]["problem"] == "CHANGED"
    again = renewal(item, expectedAmountMicros=100_000_000)
    answer = await root.run(SET_RENEW, input=again)
    assert answer["packageAutoRenewUpdate"]["autoRenew"]["problem"] is None
    assert len((await root.run(BOUGHT))["packages"]["nodes"]) == 2


async def test_what_renewal_cannot_be_set_to_changes_nothing(console: Console) -> None:
    root, _ = await company(console)
    item = await sell(console)
    small = await sell(console, units=999, priceMicros=1)
    before = await console.digest()
    cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"threshold": 0}, [("OUT_OF_RANGE", "threshold")]),
        ({"threshold": 2_001}, [("MISMATCH", "quantity")]),
        ({"quantity": 0}, [("OUT_OF_RANGE", "quantity")]),
        ({"quantity": 100_000, "priceItemId": small}, [("CONFLICT", "expectedAmountMicros")]),
        ({"quantity": 1, "priceItemId": small}, [("OUT_OF_RANGE", "quantity")]),
        ({"expectedAmountMicros": 1}, [("CONFLICT", "expectedAmountMicros")]),
        ({"priceItemId": encode("PriceItem", 9)}, [("NOT_FOUND", "priceItemId")]),
        (
            dict.fromkeys(("threshold", "priceItemId", "quantity", "expectedAmountMicros")),
            [
                ("REQUIRED", "threshold"),
                ("REQUIRED", "priceItemId"),
                ("REQUIRED", "quantity"),
                ("REQUIRED", "expectedAmountMicros"),
            ],
        ),
    ]
    for changes, expected in cases:
        found = await root.refused(SET_RENEW, input=renewal(item, **changes))
        assert found == [(code, ["input", field]) for code, field in expected]
    assert await console.digest() == before


async def test_renewal_is_switched_off_and_remembers_what_was_set(console: Console) -> None:
    root, parts = await company(console)
    item = await sell(console)
    await root.run(SET_RENEW, input=renewal(item))
    answer = await root.run(SET_RENEW, input={"enabled": False})
    shown = answer["packageAutoRenewUpdate"]["autoRenew"]
    assert (shown["enabled"], shown["threshold"], shown["quantity"]) == (False, 50, 2)
    assert shown["priceItem"] == {"name": FORM["name"]}
    assert await start(console, root, parts, 100) == []
    assert len((await root.run(BOUGHT))["packages"]["nodes"]) == 1
