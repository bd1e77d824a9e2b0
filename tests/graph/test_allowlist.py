"""Numbers that an application's frequency limits do not hold for (CFG-4)."""

import asyncio
from datetime import timedelta
from typing import Any

from db import quota as quotas
from db.account import AccountRow
from domain.quota import ALLOWLIST
from domain.region import IdentityKind
from graph.node import encode
from tests import bulk, sending
from tests.bulk import Parts
from tests.console import START, Caller, Console, Statements

ADD = """
mutation ($id: ID!, $numbers: String!) {
  frequencyAllowlistAdd(applicationId: $id, input: {numbers: $numbers}) {
    changed
    results { line value phone status message }
    userErrors { code field message }
  }
}
"""
REMOVE = """
mutation ($id: ID!, $numbers: String, $ids: [ID!]) {
  frequencyAllowlistRemove(applicationId: $id, input: {numbers: $numbers, ids: $ids}) {
    changed
    results { line value phone status message }
    userErrors { code field message }
  }
}
"""
LIST = """
query ($id: ID!, $search: String, $first: Int = 20, $after: String) {
  frequencyAllowlist(applicationId: $id, search: $search, first: $first, after: $after) {
    nodes { id phone country addedAt addedBy }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""
PASTED = """13800138000
138 0013 8001, ＋86 138 0013 8002; 0086-13800138003

85266661234
13800138000
12345
"""
PHONES = sending.phones(400)


def app(parts: Parts) -> str:
    return encode("Application", parts.app_id)


async def add(caller: Caller, parts: Parts, *numbers: str) -> Any:
    answer = await caller.run(ADD, id=app(parts), numbers="\n".join(numbers))
    payload = answer["frequencyAllowlistAdd"]
    assert payload["userErrors"] == []
    return payload


async def remove(caller: Caller, parts: Parts, **named: Any) -> Any:
    payload = (await caller.run(REMOVE, id=app(parts), **named))["frequencyAllowlistRemove"]
    assert payload["userErrors"] == []
    return payload


async def listed(caller: Caller, parts: Parts, **arguments: Any) -> list[Any]:
    found = await caller.run(LIST, id=app(parts), **arguments)
    nodes: list[Any] = found["frequencyAllowlist"]["nodes"]
    return nodes


async def used(console: Console, parts: Parts) -> int:
    async with console.database.read() as session:
        return await quotas.used(session, parts.account_uin, ALLOWLIST, str(parts.app_id))


def statuses(payload: Any) -> list[str]:
    return [result["status"] for result in payload["results"]]


async def test_a_pasted_list_is_answered_row_by_row(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    payload = await add(root, parts, PASTED)
    assert payload["changed"] == 5
    rows = [(row["line"], row["phone"], row["status"]) for row in payload["results"]]
    assert rows == [
        (1, "+8613800138000", "ADDED"),
        (2, "+8613800138001", "ADDED"),
        (2, "+8613800138002", "ADDED"),
        (2, "+8613800138003", "ADDED"),
        (4, "+85266661234", "ADDED"),
        (5, "+8613800138000", "DUPLICATE"),
        (6, None, "INVALID"),
    ]
    *_, repeated, bad = payload["results"]
    assert (repeated["value"], repeated["message"]) == ("13800138000", "it repeats line 1")
    assert bad["message"] == (
        'mobile number "12345" is not a mobile number: write 11 digits of Mainland China, or '
        "country code and number such as +85266661234"
    )
    again = await add(root, parts, PASTED)
    assert (again["changed"], set(statuses(again))) == (0, {"DUPLICATE", "INVALID"})
    assert again["results"][0]["message"] == "it is on the list already"
    assert await used(console, parts) == 5


async def test_the_list_shows_the_last_added_first_and_is_searched_by_digits(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, parts, "13800138000", "13900139000")
    console.clock.advance(timedelta(seconds=1))
    await add(root, parts, "85266661234")
    (newest, *older) = await listed(root, parts)
    assert newest == {
        "id": encode("FrequencyAllowlistNumber", 3),
        "phone": "+85266661234",
        "country": "HK",
        "addedAt": (START + timedelta(seconds=1)).isoformat(),
        "addedBy": str(account.uin),
    }
    assert [node["phone"] for node in older] == ["+8613900139000", "+8613800138000"]
    for search, numbers in (
        ("1380", ["+8613800138000"]),
        ("１３９ 00", ["+8613900139000"]),
        ("+86", ["+8613900139000", "+8613800138000"]),
        ("  ", ["+85266661234", "+8613900139000", "+8613800138000"]),
        ("abc", []),
        ("%", []),
    ):
        assert [node["phone"] for node in await listed(root, parts, search=search)] == numbers
    page = (await root.run(LIST, id=app(parts), first=2))["frequencyAllowlist"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = await listed(root, parts, after=page["pageInfo"]["endCursor"])
    assert [node["phone"] for node in rest] == ["+8613800138000"]


async def test_numbers_are_removed_as_they_were_pasted_or_by_id(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, parts, *PHONES[:4])
    payload = await remove(root, parts, numbers=f"{PHONES[0]}\n{PHONES[5]}\nx\n{PHONES[0]}")
    assert payload["changed"] == 1
    assert statuses(payload) == ["REMOVED", "MISSING", "INVALID", "DUPLICATE"]
    ids = [node["id"] for node in await listed(root, parts)][:2]
    payload = await remove(root, parts, ids=[*ids, ids[0], encode("FrequencyAllowlistNumber", 99)])
    assert payload["changed"] == 2
    assert [(row["line"], row["phone"], row["status"]) for row in payload["results"]] == [
        (1, PHONES[3], "REMOVED"),
        (2, PHONES[2], "REMOVED"),
        (3, PHONES[3], "DUPLICATE"),
        (4, None, "MISSING"),
    ]
    assert [node["phone"] for node in await listed(root, parts)] == [PHONES[1]]
    assert await used(console, parts) == 1


async def test_a_removal_names_numbers_or_ids(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    for named, field in (({}, "numbers"), ({"numbers": "1", "ids": ["x"]}, "numbers")):
        assert await root.refused(REMOVE, id=app(parts), **named) == [
            ("REQUIRED", ["input", field])
        ]
    assert await root.refused(REMOVE, id=app(parts), ids=[]) == [("REQUIRED", ["input", "ids"])]
    foreign = [encode("Application", 1)]
    assert await root.refused(REMOVE, id=app(parts), ids=foreign) == [
        ("INVALID", ["input", "ids", "0"])
    ]


async def test_three_hundred_numbers_fit_and_no_more(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, parts, *PHONES[:299])
    before = await console.digest()
    answer = await root.run(ADD, id=app(parts), numbers="\n".join(PHONES[298:301]))
    (error,) = answer["frequencyAllowlistAdd"]["userErrors"]
    assert (error["code"], error["field"]) == ("LIMIT_EXCEEDED", ["input", "numbers"])
    assert error["message"].startswith("at most 300 numbers on an application's")
    assert await console.digest() == before
    assert (await add(root, parts, *PHONES[:300]))["changed"] == 1
    assert (await add(root, parts, *PHONES[:300]))["changed"] == 0
    await remove(root, parts, numbers=PHONES[7])
    assert (await add(root, parts, PHONES[300]))["changed"] == 1
    assert await used(console, parts) == 300


async def test_applications_have_places_of_their_own(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    root = console.root(account)
    await add(root, parts, *PHONES[:300])
    await add(root, far, *PHONES[:2])
    ids = [node["id"] for node in await listed(root, far)]
    assert statuses(await remove(root, parts, ids=ids)) == ["MISSING"] * 2
    assert len(await listed(root, far)) == 2


async def test_adds_at_once_share_the_last_places_exactly(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, parts, *PHONES[:290])

    async def one(number: int) -> int:
        pasted = f"{PHONES[290 + number]}\n{PHONES[291 + number]}"
        answer = await root.run(ADD, id=app(parts), numbers=pasted)
        changed: int = answer["frequencyAllowlistAdd"]["changed"]
        return changed

    added = await asyncio.gather(*(one(number) for number in range(40)))
    assert sum(added) == 10
    assert await used(console, parts) == 300
    page = (await root.run(LIST, id=app(parts)))["frequencyAllowlist"]
    assert page["totalCount"] == 300


async def test_a_long_list_costs_no_more_statements_than_a_short_one(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, counts = console.root(account), []
    for numbers in (PHONES[:2], PHONES[2:300]):
        with Statements(console.database) as statements:
            await add(root, parts, *numbers)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_an_individual_has_an_allowlist_too(console: Console) -> None:
    account = await console.add_account(identity=IdentityKind.INDIVIDUAL)
    parts = await bulk.add_parts(console.database, account.uin, console.clock.now)
    assert (await add(console.root(account), parts, PHONES[0]))["changed"] == 1


async def test_who_may_only_read_changes_nothing_and_strangers_see_nothing(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    await add(console.root(account), parts, PHONES[0])
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    assert [node["phone"] for node in await listed(reader, parts)] == [PHONES[0]]
    before = await console.digest()
    for document in (ADD, REMOVE):
        answer = await reader.ask(document, id=app(parts), numbers=PHONES[0])
        assert answer.code == "FORBIDDEN"
    assert await console.digest() == before
    stranger = console.root(await console.add_account())
    before = await console.digest()
    assert (await stranger.run(LIST, id=app(parts)))["frequencyAllowlist"] is None
    for document in (ADD, REMOVE):
        assert await stranger.refused(document, id=app(parts), numbers=PHONES[0]) == [
            ("NOT_FOUND", ["applicationId"])
        ]
    assert await console.digest() == before
