"""Customers by GraphQL: looked for, moved, deleted (CUS-3)."""

from typing import Any

import pytest

from db.account import AccountRow
from domain.region import SmsType
from graph.node import encode
from tests.access import Company, allow
from tests.console import Caller, Console, Statements
from tests.customers import add_group, assert_counted, contacts, ids, members
from tests.graph.bulk_task import errors

ADD = """
mutation ($input: CustomerAddInput!) {
  customerAdd(input: $input) {
    customerGroup { id name smsType memberCount }
    results { line value phone status message }
    added
    userErrors { code field message }
  }
}
"""
DELETE = """
mutation ($input: CustomerDeleteInput!) {
  customerDelete(input: $input) { deletedIds userErrors { code field message } }
}
"""
MOVE = """
mutation ($input: CustomerMoveInput!) {
  customerMove(input: $input) { movedIds mergedIds userErrors { code field message } }
}
"""
LIST = """
query ($search: String, $group: ID, $region: Region, $first: Int = 20, $after: String) {
  customers(search: $search, groupId: $group, region: $region, first: $first, after: $after) {
    nodes { id phone country region smsType groupId groupName createdAt }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""
ONE = """
query ($id: ID!) {
  customer(id: $id) { phone groupName }
  node(id: $id) { id ... on Customer { country } }
}
"""
WAY = "write 11 digits of Mainland China, or country code and number such as +85266661234"
US_WAY = "write 11 digits of Mainland China, or +12025550123 if its country code is 1"


def form(numbers: str, **target: Any) -> dict[str, Any]:
    """Fill in the form of the guide; into a new group "VIP" unless told otherwise."""
    wanted = target or {"newGroup": {"name": "VIP"}}
    return {"smsType": "REGULAR", "numbers": numbers, **wanted}


async def listed(caller: Caller, **arguments: Any) -> list[Any]:
    nodes: list[Any] = (await caller.run(LIST, **arguments))["customers"]["nodes"]
    return nodes


def shown(customer_ids: list[int]) -> list[str]:
    return [encode("Customer", each) for each in customer_ids]


async def test_customers_are_found_by_group_region_and_number(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    await root.run(ADD, input=form("13800138000\n13900139000\n85266661234"))
    other = form("13800138000\n12025550123", newGroup={"name": "other"})
    assert await errors(root, ADD, input=other) == [
        (
            "INVALID",
            ["input", "numbers"],
            f'line 2: mobile number "12025550123" is not a mobile number: {US_WAY}',
        )
    ]
    await root.run(ADD, input={**other, "numbers": "13800138000\n+12025550123"})
    group_id = encode("CustomerGroup", 1)
    near, near2, far, us = "+8613800138000", "+8613900139000", "+85266661234", "+12025550123"
    for arguments, phones in (
        ({}, [us, near, far, near2, near]),
        ({"group": group_id}, [far, near2, near]),
        ({"region": "GLOBAL"}, [us, far]),
        ({"region": "MAINLAND"}, [near, near, near2]),
        ({"region": "MAINLAND", "group": group_id}, [near, near2]),
        ({"search": "138"}, [near, near]),
        ({"search": "138", "group": group_id}, [near]),
        ({"search": "8"}, [far, near, near, near2]),
        ({"search": "+1"}, [us]),
        ({"search": "1", "region": "GLOBAL"}, [us]),
        ({"search": "77"}, []),
        ({"group": encode("CustomerGroup", 99)}, []),
    ):
        page = (await root.run(LIST, **arguments))["customers"]
        assert sorted(each["phone"] for each in page["nodes"]) == sorted(phones)
        if "search" in arguments or "region" in arguments:
            assert [each["phone"] for each in page["nodes"]] == sorted(phones)
        assert page["totalCount"] == len(phones)
        turned: list[str] = []
        after = None
        while len(turned) < len(phones):
            page = (await root.run(LIST, **arguments, first=1, after=after))["customers"]
            turned += [each["phone"] for each in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is False
        assert sorted(turned) == sorted(phones)
    answer = await root.ask(LIST, search="nobody")
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message == (
        'search "nobody" is no beginning of a mobile number: enter its first digits'
    )


async def test_a_page_takes_the_same_statements_however_long(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    for name in ("one", "two", "three"):
        await add_group(console.database, account.uin, name, contacts(20))
    lengths = []
    for first in (1, 50):
        with Statements(console.database) as run:
            assert len(await listed(root, first=first)) == first
        lengths.append(len(run))
    assert lengths[0] == lengths[1]


async def test_customers_are_moved_and_deleted_whole(console: Console, account: AccountRow) -> None:
    root, owner = console.root(account), account.uin
    source = await add_group(console.database, owner, "source", contacts(4))
    target = await add_group(console.database, owner, "target", contacts(1))
    adverts = await add_group(console.database, owner, "adverts", sms_type=SmsType.MARKETING)
    first, second, third, last = shown(await ids(console.database, source))
    group_id = encode("CustomerGroup", target)
    missing = encode("Customer", 99)
    before = await console.digest()
    for document, given, refused in (
        (DELETE, {"ids": []}, [("REQUIRED", ["input", "ids"])]),
        (DELETE, {"ids": [first] * 101}, [("TOO_LARGE", ["input", "ids"])]),
        (
            DELETE,
            {"ids": [first, missing, last, encode("Customer", 98)]},
            [("NOT_FOUND", ["input", "ids", "1"]), ("NOT_FOUND", ["input", "ids", "3"])],
        ),
        (DELETE, {"ids": [first, group_id]}, [("INVALID", ["input", "ids", "1"])]),
        (
            MOVE,
            {"ids": [first, missing], "groupId": group_id},
            [("NOT_FOUND", ["input", "ids", "1"])],
        ),
        (
            MOVE,
            {"ids": [first], "groupId": encode("CustomerGroup", 99)},
            [("NOT_FOUND", ["input", "groupId"])],
        ),
        (
            MOVE,
            {"ids": [first, last], "groupId": encode("CustomerGroup", adverts)},
            [("MISMATCH", ["input", "groupId"])],
        ),
    ):
        assert await root.refused(document, input=given) == refused
    assert await console.digest() == before
    moved = (await root.run(MOVE, input={"ids": [first, third], "groupId": group_id}))[
        "customerMove"
    ]
    assert moved == {"movedIds": [third], "mergedIds": [first], "userErrors": []}
    gone = await root.run(DELETE, input={"ids": [second, third, second]})
    assert gone["customerDelete"] == {"deletedIds": [second, third], "userErrors": []}
    phones = [contact.phone for contact in contacts(4)]
    assert await members(console.database, source) == [phones[3]]
    assert await members(console.database, target) == [phones[0]]
    await assert_counted(console.database, owner)


async def test_another_account_sees_and_changes_nothing(
    console: Console, account: AccountRow
) -> None:
    group = await add_group(console.database, account.uin, members=contacts(2))
    stranger = console.root(await console.add_account())
    customer_ids = shown(await ids(console.database, group))
    group_id = encode("CustomerGroup", group)
    before = await console.digest()
    assert await stranger.run(ONE, id=customer_ids[0]) == {"customer": None, "node": None}
    assert await listed(stranger) == await listed(stranger, group=group_id) == []
    assert await listed(stranger, group=group_id, search="138") == []
    for document, given, field in (
        (DELETE, {"ids": customer_ids[:1]}, ["ids", "0"]),
        (MOVE, {"ids": customer_ids[:1], "groupId": group_id}, ["groupId"]),
        (ADD, form("13800138000", groupId=group_id), ["groupId"]),
    ):
        assert await stranger.refused(document, input=given) == [("NOT_FOUND", ["input", *field])]
    assert await console.digest() == before


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("DescribeCustomers", "list"),
        ("AddSendMobileList", "add"),
        ("ModifyCustomers", "move"),
        ("DeleteCustomers", "delete"),
    ],
)
async def test_each_action_gives_its_own_field_and_denials_change_nothing(
    console: Console, action: str, allowed: str
) -> None:
    company = await Company.of(console)
    owner = company.account.uin
    group = await add_group(console.database, owner, members=contacts(1))
    target = await add_group(console.database, owner, "target")
    policy = await company.policy("customers", allow(f"name/sms:{action}"))
    caller = (await company.person("clerk", policy)).caller
    customer_ids = shown(await ids(console.database, group))
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "list": (LIST, {}),
        "add": (ADD, {"input": form("13800138000", newGroup={"name": "New"})}),
        "move": (
            MOVE,
            {"input": {"ids": customer_ids, "groupId": encode("CustomerGroup", target)}},
        ),
        "delete": (DELETE, {"input": {"ids": customer_ids}}),
    }
    for name, (document, given) in asked.items():
        before = await console.digest()
        answer = await caller.ask(document, **given)
        assert answer.code == (None if name == allowed else "FORBIDDEN")
        assert (await console.digest() == before) is (name != allowed or allowed == "list")
    await assert_counted(console.database, owner)
