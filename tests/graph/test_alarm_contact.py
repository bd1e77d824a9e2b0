"""Alarm contacts: added, read, edited and deleted under one application (ALM-1)."""

import asyncio
from datetime import timedelta
from typing import Any

from db import quota as quotas
from db.account import AccountRow
from domain.alarm import AlarmEvent
from domain.quota import ALARM_CONTACTS
from graph.node import encode
from tests.alarming import alarm_of, ring, told
from tests.bulk import Parts
from tests.console import START, Caller, Console, Statements
from tests.graph import test_application as applications
from tests.graph import test_restore as restoring

SHOWN = "id name phone email events language createdAt"
LIST = f"query ($id: ID!) {{ alarmContacts(applicationId: $id) {{ {SHOWN} }} }}"
READ = f"query ($id: ID!) {{ alarmContact(id: $id) {{ {SHOWN} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on AlarmContact {{ {SHOWN} }} }} }}"
ADD = f"""
mutation ($id: ID!, $input: AlarmContactAddInput!) {{
  alarmContactAdd(applicationId: $id, input: $input) {{
    alarmContact {{ {SHOWN} }}
    userErrors {{ code field message }}
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: AlarmContactUpdateInput!) {{
  alarmContactUpdate(id: $id, input: $input) {{
    alarmContact {{ {SHOWN} }}
    userErrors {{ code field message }}
  }}
}}
"""
DELETE = """
mutation ($id: ID!) { alarmContactDelete(id: $id) { deletedId userErrors { code field } } }
"""
ANN: dict[str, Any] = {
    "name": "Ann",
    "phone": "138 0013 8000",
    "email": "ann@example.com",
    "events": ["PACKAGE", "FREQUENCY_LIMIT", "PACKAGE"],
}


def app(parts: Parts) -> str:
    return encode("Application", parts.app_id)


def numbered(number: int) -> dict[str, Any]:
    return ANN | {"phone": f"1380013800{number}", "email": f"ann{number}@example.com"}


async def add(caller: Caller, parts: Parts, **fields: Any) -> Any:
    answer = await caller.run(ADD, id=app(parts), input=ANN | fields)
    payload = answer["alarmContactAdd"]
    assert payload["userErrors"] == []
    return payload["alarmContact"]


async def update(caller: Caller, contact_id: str, **fields: Any) -> Any:
    payload = (await caller.run(UPDATE, id=contact_id, input=fields))["alarmContactUpdate"]
    assert payload["userErrors"] == []
    return payload["alarmContact"]


async def listed(caller: Caller, parts: Parts) -> list[Any]:
    found: list[Any] = (await caller.run(LIST, id=app(parts)))["alarmContacts"]
    return found


async def used(console: Console, parts: Parts) -> int:
    async with console.database.read() as session:
        return await quotas.used(session, parts.account_uin, ALARM_CONTACTS, str(parts.app_id))


async def test_a_contact_is_shown_as_it_was_added(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    contact = await add(root, parts)
    assert contact == {
        "id": encode("AlarmContact", 1),
        "name": "Ann",
        "phone": "+8613800138000",
        "email": "ann@example.com",
        "events": ["FREQUENCY_LIMIT", "PACKAGE"],
        "language": "CHINESE",
        "createdAt": START.isoformat(),
    }
    assert (await root.run(READ, id=contact["id"]))["alarmContact"] == contact
    assert (await root.run(NODE, id=contact["id"]))["node"] == contact
    other = await add(root, parts, phone="+85266661234", email=None, events=["REVIEW_RESULT"])
    assert (other["phone"], other["email"], other["language"]) == (
        "+85266661234",
        None,
        "ENGLISH",
    )
    assert await listed(root, parts) == [contact, other]


async def test_every_problem_is_told_at_its_field(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    before = await console.digest()
    wrong = {"name": " ", "phone": "12", "email": "ann", "events": []}
    assert await root.refused(ADD, id=app(parts), input=wrong) == [
        ("REQUIRED", ["input", "name"]),
        ("INVALID", ["input", "phone"]),
        ("INVALID", ["input", "email"]),
        ("REQUIRED", ["input", "events"]),
    ]
    nowhere = {"name": "Ann", "events": ["PACKAGE"]}
    assert await root.refused(ADD, id=app(parts), input=nowhere) == [
        ("REQUIRED", ["input", "phone"])
    ]
    assert await console.digest() == before


async def test_a_number_and_an_address_belong_to_one_contact(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    root = console.root(account)
    first = await add(root, parts)
    second = await add(root, parts, phone="", email="bob@example.com")
    before = await console.digest()
    same = ANN | {"email": "ANN@example.com"}
    assert await root.refused(ADD, id=app(parts), input=same) == [
        ("TAKEN", ["input", "phone"]),
        ("TAKEN", ["input", "email"]),
    ]
    taken = {"email": "Ann@example.com"}
    assert await root.refused(UPDATE, id=second["id"], input=taken) == [
        ("TAKEN", ["input", "email"])
    ]
    assert await console.digest() == before
    assert await update(root, first["id"], email="ann@example.com") == first
    await add(root, far)


async def test_an_edit_changes_what_it_names(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    contact = await add(root, parts)
    changed = await update(root, contact["id"], name="Ann Lee", events=["REVIEW_RESULT"])
    assert changed == contact | {"name": "Ann Lee", "events": ["REVIEW_RESULT"]}
    changed = await update(root, contact["id"], phone="", language="ENGLISH")
    assert (changed["phone"], changed["email"]) == (None, "ann@example.com")
    assert (changed["language"], changed["events"]) == ("ENGLISH", ["REVIEW_RESULT"])
    assert await update(root, contact["id"]) == changed
    assert await root.refused(UPDATE, id=contact["id"], input={"email": ""}) == [
        ("REQUIRED", ["input", "phone"])
    ]
    assert await root.refused(UPDATE, id=contact["id"], input={"events": []}) == [
        ("REQUIRED", ["input", "events"])
    ]
    assert await listed(root, parts) == [changed]


async def test_a_deleted_contact_is_gone_and_its_place_is_free(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    contact = await add(root, parts)
    answer = (await root.run(DELETE, id=contact["id"]))["alarmContactDelete"]
    assert answer == {"deletedId": contact["id"], "userErrors": []}
    assert await listed(root, parts) == []
    assert await used(console, parts) == 0
    assert (await root.run(READ, id=contact["id"]))["alarmContact"] is None
    assert await root.refused(DELETE, id=contact["id"]) == [("NOT_FOUND", ["id"])]
    assert await root.refused(UPDATE, id=contact["id"], input={}) == [("NOT_FOUND", ["id"])]
    await add(root, parts)


async def test_five_fit_and_no_more(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    root = console.root(account)
    for number in range(5):
        await add(root, parts, **numbered(number))
    before = await console.digest()
    answer = await root.run(ADD, id=app(parts), input=numbered(5))
    (error,) = answer["alarmContactAdd"]["userErrors"]
    assert (error["code"], error["field"]) == ("LIMIT_EXCEEDED", None)
    assert error["message"].startswith("at most 5 alarm contacts of an application")
    assert await console.digest() == before
    await add(root, far, **numbered(5))


async def test_of_many_who_want_the_last_places_as_many_get_one_as_there_are(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, parts, **numbered(9))

    async def one(number: int) -> bool:
        answer = await root.run(ADD, id=app(parts), input=numbered(number))
        return not answer["alarmContactAdd"]["userErrors"]

    assert sum(await asyncio.gather(*(one(number) for number in range(9)))) == 4
    assert len(await listed(root, parts)) == await used(console, parts) == 5


async def test_of_two_who_name_the_same_number_at_once_one_is_refused(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    answers = await asyncio.gather(*(root.run(ADD, id=app(parts), input=ANN) for _ in range(4)))
    codes = [
        error["code"] for answer in answers for error in answer["alarmContactAdd"]["userErrors"]
    ]
    assert codes == ["TAKEN", "TAKEN"] * 3
    assert await used(console, parts) == len(await listed(root, parts)) == 1


async def test_five_contacts_cost_the_same_statements_as_one(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, costs = console.root(account), []
    for numbers in ([0], [1, 2, 3, 4]):
        for number in numbers:
            await add(root, parts, **numbered(number))
        with Statements(console.database) as statements:
            await listed(root, parts)
        costs.append(len(statements))
    assert costs[0] == costs[1]


async def test_contacts_go_and_come_back_with_their_application(console: Console) -> None:
    account = await console.add_account()
    root = console.root(account)
    shop = await applications.disabled(console, root)
    contact = (await root.run(ADD, id=shop, input=ANN))["alarmContactAdd"]["alarmContact"]
    package = alarm_of(account.uin, None, AlarmEvent.PACKAGE)
    await root.run(applications.DELETE, id=shop)
    assert (await root.run(LIST, id=shop))["alarmContacts"] is None
    assert (await root.run(READ, id=contact["id"]))["alarmContact"] is None
    await ring(console.database, console.clock.now, package)
    assert await told(console.database) == []
    nodes = (await root.run(restoring.LIST, first=1))["restorables"]["nodes"]
    await restoring.ask(root, nodes[0]["id"])
    assert await restoring.decide(console) == []
    assert (await root.run(LIST, id=shop))["alarmContacts"] == [contact]
    await ring(console.database, console.clock.now, package)
    assert len(await told(console.database)) == 2


async def test_who_may_only_read_changes_nothing_and_strangers_see_nothing(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    contact = await add(console.root(account), parts)
    console.clock.advance(timedelta(minutes=1))
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    nobody = await console.sub(account, name="nobody")
    assert await listed(reader, parts) == [contact]
    attempts = [
        (ADD, {"id": app(parts), "input": numbered(1)}),
        (UPDATE, {"id": contact["id"], "input": {"name": "Bob"}}),
        (DELETE, {"id": contact["id"]}),
    ]
    before = await console.digest()
    for document, variables in attempts:
        assert (await reader.ask(document, **variables)).code == "FORBIDDEN"
    for document, identity in ((LIST, app(parts)), (READ, contact["id"]), (NODE, contact["id"])):
        assert (await nobody.ask(document, id=identity)).code == "FORBIDDEN"
    assert await console.digest() == before
    stranger = console.root(await console.add_account())
    before = await console.digest()
    assert (await stranger.run(LIST, id=app(parts)))["alarmContacts"] is None
    assert (await stranger.run(READ, id=contact["id"]))["alarmContact"] is None
    for document, variables in attempts:
        assert [code for code, _ in await stranger.refused(document, **variables)] == ["NOT_FOUND"]
    assert await console.digest() == before
