"""Entering customers by GraphQL (CUS-2): of everywhere, all or none, into one group that fits."""

import pytest
from sqlmodel import col, update

from db.account import AccountRow
from db.quota import QuotaRow
from domain.quota import CUSTOMER_GROUPS, CUSTOMERS
from domain.region import SmsType
from graph.node import encode
from tests.console import Console, Statements
from tests.customers import add_group, assert_counted, contacts
from tests.graph.bulk_task import errors
from tests.graph.test_customer import ADD, ONE, WAY, form, listed


async def test_numbers_of_everywhere_go_into_a_new_group(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    text = "13800138000\n\n 8526666 1234\n+1 (202) 555-0123\n0086 138 0013 8000\n"
    text += "１３９００１３９０００"
    payload = (await root.run(ADD, input=form(text)))["customerAdd"]
    group_id = encode("CustomerGroup", 1)
    assert payload["userErrors"] == []
    assert payload["customerGroup"] == {
        "id": group_id,
        "name": "VIP",
        "smsType": "REGULAR",
        "memberCount": 4,
    }
    assert payload["added"] == 4
    assert [tuple(each.values()) for each in payload["results"]] == [
        (1, "13800138000", "+8613800138000", "ADDED", None),
        (3, "8526666 1234", "+85266661234", "ADDED", None),
        (4, "+1 (202) 555-0123", "+12025550123", "ADDED", None),
        (5, "0086 138 0013 8000", "+8613800138000", "REPEATED", "it repeats line 1"),
        (6, "１３９００１３９０００", "+8613900139000", "ADDED", None),
    ]
    rows = await listed(root, search="852")
    assert rows == [
        {
            "id": rows[0]["id"],
            "phone": "+85266661234",
            "country": "HK",
            "region": "GLOBAL",
            "smsType": "REGULAR",
            "groupId": group_id,
            "groupName": "VIP",
            "createdAt": console.clock.now.isoformat(),
        }
    ]
    found = await root.run(ONE, id=rows[0]["id"])
    assert found == {
        "customer": {"phone": "+85266661234", "groupName": "VIP"},
        "node": {"id": rows[0]["id"], "country": "HK"},
    }
    await assert_counted(console.database, account.uin)


async def test_what_the_group_has_already_is_told_and_no_error(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    group = await add_group(console.database, account.uin, members=contacts(1))
    phone = contacts(1)[0].phone
    given = form(f"{phone}\n13900139000", groupId=encode("CustomerGroup", group))
    payload = (await root.run(ADD, input=given))["customerAdd"]
    assert (payload["added"], payload["customerGroup"]["memberCount"]) == (1, 2)
    assert [(each["status"], each["message"]) for each in payload["results"]] == [
        ("MEMBER", "it is in the group already"),
        ("ADDED", None),
    ]
    payload = (await root.run(ADD, input=given))["customerAdd"]
    assert (payload["added"], payload["userErrors"]) == (0, [])
    await assert_counted(console.database, account.uin)


async def test_a_line_that_is_no_number_refuses_all_and_leaves_nothing(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    before = await console.digest()
    text = "13800138000\n1380013800\n\nnobody\n85212"
    assert await errors(root, ADD, input=form(text)) == [
        (
            "INVALID",
            ["input", "numbers"],
            f'line {line}: mobile number "{value}" is not a mobile number: {WAY}',
        )
        for line, value in ((2, "1380013800"), (4, "nobody"), (5, "85212"))
    ]
    assert await console.digest() == before


async def test_a_hundred_numbers_are_entered_at_once_and_no_more(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    text = "\n".join(contact.phone for contact in contacts(101))
    assert await errors(root, ADD, input=form(text)) == [
        (
            "LIMIT_EXCEEDED",
            ["input", "numbers"],
            "numbers has more than 100 entries: split the list",
        )
    ]
    assert await errors(root, ADD, input=form(" \n")) == [
        (
            "REQUIRED",
            ["input", "numbers"],
            "numbers is empty: enter 1 to 100 mobile numbers, one a line",
        )
    ]
    text = text[: text.rindex("\n")]
    with Statements(console.database) as many:
        assert (await root.run(ADD, input=form(text)))["customerAdd"]["added"] == 100
    with Statements(console.database) as few:
        await root.run(ADD, input=form("13900139000", newGroup={"name": "other"}))
    assert len(many) == len(few)


async def test_exactly_one_group_that_fits_is_named(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    group = await add_group(console.database, account.uin, sms_type=SmsType.MARKETING)
    group_id = encode("CustomerGroup", group)
    before = await console.digest()
    for target, code, field, message in (
        (
            {"groupId": None},
            "REQUIRED",
            ["groupId"],
            "no customer group is named: give groupId, or newGroup with a name",
        ),
        (
            {"groupId": group_id, "newGroup": {"name": "x"}},
            "MISMATCH",
            ["newGroup"],
            "both groupId and newGroup are given: leave one of them out",
        ),
        (
            {"groupId": group_id},
            "MISMATCH",
            ["groupId"],
            (
                'customer group "VIP" is for marketing messages, not for regular ones: '
                "choose a group of that type"
            ),
        ),
        (
            {"groupId": encode("CustomerGroup", 99)},
            "NOT_FOUND",
            ["groupId"],
            "there is no such customer group",
        ),
        (
            {"newGroup": {"name": "VIP"}},
            "TAKEN",
            ["newGroup", "name"],
            'group name "VIP" is taken: choose another, or add to that group',
        ),
        (
            {"newGroup": {"name": " "}},
            "REQUIRED",
            ["newGroup", "name"],
            "name is empty: enter 1 to 64 characters",
        ),
    ):
        given = form("13800138000", **target)
        assert await errors(root, ADD, input=given) == [(code, ["input", *field], message)]
    assert await console.digest() == before


@pytest.mark.parametrize(
    ("quota", "field"), [("CUSTOMERS", "numbers"), ("CUSTOMER_GROUPS", "newGroup")]
)
async def test_a_full_account_takes_neither_numbers_nor_the_new_group(
    console: Console, account: AccountRow, quota: str, field: str
) -> None:
    root = console.root(account)
    await root.run(ADD, input=form("13800138000"))
    limit = {each.name: each.limit for each in (CUSTOMERS, CUSTOMER_GROUPS)}[quota]
    async with console.database.write() as session:
        row = update(QuotaRow).where(col(QuotaRow.name) == quota)
        await session.exec(row.values(used=limit))
    before = await console.digest()
    given = form("13900139000", newGroup={"name": "other"})
    (found,) = await errors(root, ADD, input=given)
    assert found[:2] == ("LIMIT_EXCEEDED", ["input", field])
    assert await console.digest() == before
