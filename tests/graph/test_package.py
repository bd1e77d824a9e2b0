"""Packages through GraphQL: price list, purchase, list, balance, history (PKG-1, ACC-2)."""

from datetime import timedelta
from typing import Any

from db import package, package_watch, settlement, task
from domain.package import PackageKind
from graph.node import encode
from tests import bulk
from tests.console import Caller, Console, Statements
from tests.graph.test_price_item import FORM, PRICES, sell

BUY = """
mutation ($input: PackageBuyInput!) {
  packageBuy(input: $input) {
    package {
      id kind name status units used remaining expired refusedUnits
      grantedAt effectiveAt expiresAt
      purchase { itemName itemUnits priceMicros quantity amountMicros currency boughtAt boughtBy }
    }
    userErrors { code field message }
  }
}
"""
LIST = """
query ($orderBy: PackageOrder, $kind: PackageKind, $first: Int = 20, $after: String) {
  packages(orderBy: $orderBy, kind: $kind, first: $first, after: $after) {
    nodes { id kind name status units used remaining expired purchase { amountMicros } }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""
BALANCE = "{ packageBalance { remaining notYetEffective reserved expiringSoon } }"
HISTORY = """
query ($packageId: ID, $first: Int = 20, $after: String) {
  packageHistory(packageId: $packageId, first: $first, after: $after) {
    nodes { kind units at packageId bulkTaskId }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""
PURCHASES = """
query ($where: PurchaseFilter) {
  purchases(where: $where) {
    nodes { accountUin itemName quantity amountMicros currency boughtBy }
    totalCount
  }
}
"""


def wish(item: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    amount = quantity * FORM["priceMicros"]  # type: ignore[operator]  # - the form holds texts, too
    return {
        "priceItemId": item,
        "quantity": quantity,
        "expectedAmountMicros": amount,
        **changes,
    }


async def buyer(console: Console) -> Caller:
    return console.root(await console.add_account())


async def test_a_purchase_is_a_package_with_a_price_for_the_operator_to_bill(
    console: Console,
) -> None:
    item, root = await sell(console), await buyer(console)
    assert root.principal is not None
    uin = str(root.principal.uin)
    answer = (await root.run(BUY, input=wish(item, 2)))["packageBuy"]
    now = console.clock.now
    assert answer["userErrors"] == []
    assert answer["package"] == {
        "id": answer["package"]["id"],
        "kind": "PURCHASED",
        "name": "Thousand",
        "status": "IN_USE",
        "units": 2_000,
        "used": 0,
        "remaining": 2_000,
        "expired": 0,
        "refusedUnits": "RETURNED",
        "grantedAt": now.isoformat(),
        "effectiveAt": now.isoformat(),
        "expiresAt": (now + timedelta(days=365)).isoformat(),
        "purchase": {
            "itemName": "Thousand",
            "itemUnits": 1_000,
            "priceMicros": 45_000_000,
            "quantity": 2,
            "amountMicros": 90_000_000,
            "currency": "CNY",
            "boughtAt": now.isoformat(),
            "boughtBy": uin,
        },
    }
    operator = await console.operator()
    billed = {
        "accountUin": uin,
        "itemName": "Thousand",
        "quantity": 2,
        "amountMicros": 90_000_000,
        "currency": "CNY",
        "boughtBy": uin,
    }
    found = (await operator.run(PURCHASES, where={"accountUin": uin}))["purchases"]
    assert found == {"nodes": [billed], "totalCount": 1}
    none = (await operator.run(PURCHASES, where={"accountUin": "1"}))["purchases"]
    assert none == {"nodes": [], "totalCount": 0}
    assert (await operator.ask(PURCHASES, where={"accountUin": "x"})).code == "BAD_USER_INPUT"


async def test_a_refused_purchase_changes_nothing(console: Console) -> None:
    item, root = await sell(console), await buyer(console)
    reader = await console.sub(await console.add_account(), "QcloudSMSReadOnlyAccess")
    before = await console.digest()
    cases = [
        (wish(item, expectedAmountMicros=1), "CONFLICT", "expectedAmountMicros"),
        (wish(item, 0), "OUT_OF_RANGE", "quantity"),
        (wish(item, idempotencyKey="ü"), "INVALID", "idempotencyKey"),
        (wish(encode("PriceItem", 9)), "NOT_FOUND", "priceItemId"),
        (wish(encode("Package", 1)), "INVALID", "priceItemId"),
    ]
    for form, code, field in cases:
        assert await root.refused(BUY, input=form) == [(code, ["input", field])]
    assert (await reader.ask(BUY, input=wish(item))).code == "FORBIDDEN"
    assert await console.digest() == before


async def test_a_read_only_sub_account_sees_all_of_it(console: Console) -> None:
    account = await console.add_account()
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    for document in (PRICES, LIST, BALANCE, HISTORY):
        answer = await reader.run(document)
        assert None not in answer.values()


async def test_an_order_sent_twice_is_one(console: Console) -> None:
    item, root = await sell(console), await buyer(console)
    form = wish(item, idempotencyKey="2026-03-02/1")
    first = (await root.run(BUY, input=form))["packageBuy"]["package"]["id"]
    assert (await root.run(BUY, input=form))["packageBuy"]["package"]["id"] == first
    assert await root.refused(BUY, input={**form, "quantity": 2}) == [
        ("CONFLICT", ["input", "idempotencyKey"])
    ]
    assert (await root.run(BALANCE))["packageBalance"]["remaining"] == 1_000


async def test_the_list_shows_every_state_in_the_order_asked_for(console: Console) -> None:
    account = await console.add_account()
    root, now = console.root(account), console.clock.now
    async with console.database.write() as session:
        for name, days, units, start in (
            ("late", 90, 10, 0),
            ("over", 1, 20, 0),
            ("used", 30, 5, 0),
            ("soon", 60, 7, 3),
        ):
            await package.grant(
                session,
                account.uin,
                PackageKind.PURCHASED,
                units,
                now=now,
                effective_at=now + timedelta(days=start),
                expires_at=now + timedelta(days=days),
                name=name,
            )
    async with console.database.write() as session:
        row = await package_watch.hold(session, account.uin)
        await package.reserve(session, account.uin, 25, task_id=1, now=now)
        await package_watch.fallen(session, row, now, console.terms)
        # Of what expires first, 20 were taken; 8 come back to what expires last.
        await package.give_back(session, account.uin, 8, task_id=1, now=now)
    console.clock.advance(timedelta(days=1))
    order = {"field": "EXPIRES_AT", "direction": "ASC"}
    found = (await root.run(LIST, orderBy=order))["packages"]
    shown = {
        node["name"]: (node["status"], node["used"], node["remaining"], node["expired"])
        for node in found["nodes"]
    }
    assert list(shown.items()) == [
        ("over", ("EXPIRED", 17, 0, 3)),
        ("used", ("IN_USE", 0, 5, 0)),
        ("soon", ("NOT_YET_EFFECTIVE", 0, 7, 0)),
        ("late", ("IN_USE", 0, 10, 0)),
    ]
    assert found["totalCount"] == 4
    names = []
    after = None
    while True:
        page = (await root.run(LIST, first=3, after=after))["packages"]
        names += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert names == ["soon", "used", "over", "late"]
    assert (await root.run(LIST, kind="GIFT"))["packages"]["totalCount"] == 0
    balance = (await root.run(BALANCE))["packageBalance"]
    assert balance == {
        "remaining": 15,
        "notYetEffective": 7,
        "reserved": 0,
        "expiringSoon": 5,
    }


async def test_the_history_is_every_change_newest_first(console: Console) -> None:
    account = await console.add_account()
    root = console.root(account)
    await bulk.grant(console.database, account.uin, 100, console.clock.now)
    parts = await bulk.add_parts(console.database, account.uin, console.clock.now)
    task_id = await bulk.add_task(console.database, parts, console.clock.now)
    await bulk.make_ready(console.database, task_id, console.clock.now)
    console.clock.advance(timedelta(hours=1))
    async with console.database.write() as session:
        row = await task.changing(session, account.uin, task_id)
        await settlement.consent_to(session, row, console.clock.now, console.terms)
    assert (await root.run(BALANCE))["packageBalance"] == {
        "remaining": 97,
        "notYetEffective": 0,
        "reserved": 3,
        "expiringSoon": 0,
    }
    history = (await root.run(HISTORY))["packageHistory"]
    assert [(one["kind"], one["units"], one["bulkTaskId"]) for one in history["nodes"]] == [
        ("RESERVE", -3, encode("BulkTask", task_id)),
        ("GRANT", 100, None),
    ]
    assert history["totalCount"] == 2
    holder = history["nodes"][0]["packageId"]
    only = (await root.run(HISTORY, packageId=holder, first=1))["packageHistory"]
    assert only["pageInfo"]["hasNextPage"]
    rest = (await root.run(HISTORY, after=only["pageInfo"]["endCursor"]))["packageHistory"]
    assert [one["kind"] for one in rest["nodes"]] == ["GRANT"]
    stranger = await buyer(console)
    assert (await stranger.run(HISTORY, packageId=holder))["packageHistory"]["totalCount"] == 0
    one = "query ($id: ID!) { package(id: $id) { remaining } node(id: $id) { id } }"
    assert (await root.run(one, id=holder))["package"] == {"remaining": 97}
    assert await stranger.run(one, id=holder) == {"package": None, "node": None}


async def test_a_page_costs_the_same_however_long(console: Console) -> None:
    item, root = await sell(console), await buyer(console)

    async def cost() -> int:
        with Statements(console.database) as statements:
            await root.run(LIST)
        return len(statements)

    await root.run(BUY, input=wish(item))
    few = await cost()
    for _ in range(9):
        await root.run(BUY, input=wish(item))
    assert await cost() == few
