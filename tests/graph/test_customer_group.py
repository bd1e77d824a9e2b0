"""Customer groups by GraphQL (CUS-4): made, named, listed, deleted; nobody sees another's."""

from typing import Any

import pytest
from sqlmodel import col, update

from db.account import AccountRow
from db.job import JobKind
from db.quota import QuotaRow
from domain.quota import CUSTOMER_GROUPS
from domain.region import SmsType
from graph.node import encode
from tests import bulk
from tests.access import Company, allow
from tests.console import Caller, Console, Statements
from tests.customers import add_group, contacts, ids
from tests.graph.bulk_task import errors

GROUP = "{ id name smsType memberCount createdAt }"
CREATE = f"""
mutation ($input: CustomerGroupCreateInput!) {{
  customerGroupCreate(input: $input) {{
    customerGroup {GROUP} userErrors {{ code field message }}
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: CustomerGroupUpdateInput!) {{
  customerGroupUpdate(id: $id, input: $input) {{
    customerGroup {GROUP} userErrors {{ code field message }}
  }}
}}
"""
DELETE = """
mutation ($id: ID!) {
  customerGroupDelete(id: $id) {
    deletedId deletedCustomers userErrors { code field message }
  }
}
"""
LIST = f"""
query (
  $search: String, $type: SmsType, $by: CustomerGroupSort! = CREATED_AT,
  $direction: SortDirection! = DESC, $first: Int = 20, $after: String
) {{
  customerGroups(
    search: $search, smsType: $type, orderBy: {{field: $by, direction: $direction}},
    first: $first, after: $after
  ) {{
    nodes {GROUP} pageInfo {{ hasNextPage endCursor }} totalCount
  }}
}}
"""
ONE = f"query ($id: ID!) {{ customerGroup(id: $id) {GROUP} node(id: $id) {{ id }} }}"


def form(name: str = "VIP", sms_type: str = "REGULAR") -> dict[str, Any]:
    return {"smsType": sms_type, "name": name}


async def create(caller: Caller, **given: Any) -> Any:
    payload = (await caller.run(CREATE, input=form(**given)))["customerGroupCreate"]
    assert payload["userErrors"] == []
    return payload["customerGroup"]


async def listed(caller: Caller, **arguments: Any) -> Any:
    return (await caller.run(LIST, **arguments))["customerGroups"]


async def test_a_group_is_made_renamed_and_deleted(console: Console, account: AccountRow) -> None:
    root, now = console.root(account), console.clock.now
    group = await create(root, name=" VIP ", sms_type="MARKETING")
    assert group == {
        "id": encode("CustomerGroup", 1),
        "name": "VIP",
        "smsType": "MARKETING",
        "memberCount": 0,
        "createdAt": now.isoformat(),
    }
    payload = await root.run(UPDATE, id=group["id"], input={"name": "Gold"})
    assert payload["customerGroupUpdate"]["customerGroup"] == {**group, "name": "Gold"}
    found = await root.run(ONE, id=group["id"])
    assert found == {"customerGroup": {**group, "name": "Gold"}, "node": {"id": group["id"]}}
    payload = await root.run(DELETE, id=group["id"])
    assert payload["customerGroupDelete"] == {
        "deletedId": group["id"],
        "deletedCustomers": 0,
        "userErrors": [],
    }
    assert await root.run(ONE, id=group["id"]) == {"customerGroup": None, "node": None}
    (job,) = await bulk.open_jobs(console.database, now)
    assert (job.kind, job.subject_id) == (JobKind.ERASE_CUSTOMER_GROUP, 1)


async def test_what_a_group_may_not_be_is_told(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    group = await create(root)
    other = await create(root, name="New")
    taken = 'group name "VIP" is taken: choose another, or add to that group'
    field = ["input", "name"]
    for name, code, message in (
        ("VIP", "TAKEN", taken),
        ("", "REQUIRED", "name is empty: enter 1 to 64 characters"),
        (
            "x" * 65,
            "TOO_LONG",
            f'name "{"x" * 40}…" has 65 characters: shorten it to at most 64',
        ),
    ):
        assert await errors(root, CREATE, input=form(name)) == [(code, field, message)]
        given: dict[str, Any] = {"id": other["id"], "input": {"name": name}}
        assert await errors(root, UPDATE, **given) == [(code, field, message)]
    missing = encode("CustomerGroup", 99)
    for document, given in (
        (UPDATE, {"id": missing, "input": {"name": "x"}}),
        (DELETE, {"id": missing}),
    ):
        assert await errors(root, document, **given) == [
            ("NOT_FOUND", ["id"], "there is no such customer group")
        ]
    (wrong,) = await errors(root, DELETE, id=encode("Customer", 1))
    assert wrong[:2] == ("INVALID", ["id"])
    assert [each["id"] for each in (await listed(root))["nodes"]] == [other["id"], group["id"]]


async def test_lists_are_searched_sorted_and_paged(console: Console, account: AccountRow) -> None:
    root, owner = console.root(account), account.uin
    for name, number in (("Spring", 2), ("Autumn", 5), ("Summer", 0)):
        sms_type = SmsType.MARKETING if name == "Summer" else SmsType.REGULAR
        await add_group(console.database, owner, name, contacts(number), sms_type)

    async def names(**arguments: Any) -> list[str]:
        return [each["name"] for each in (await listed(root, **arguments))["nodes"]]

    assert await names() == ["Summer", "Autumn", "Spring"]
    assert await names(by="NAME", direction="ASC") == ["Autumn", "Spring", "Summer"]
    assert await names(by="MEMBERS") == ["Autumn", "Spring", "Summer"]
    assert await names(search="um") == ["Summer", "Autumn"]
    assert await names(type="MARKETING") == ["Summer"]
    page = await listed(root, by="MEMBERS", first=2)
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert [each["memberCount"] for each in page["nodes"]] == [5, 2]
    after = page["pageInfo"]["endCursor"]
    assert await names(by="MEMBERS", first=2, after=after) == ["Summer"]
    answer = await root.ask(LIST, by="NAME", after=after)
    assert answer.code == "BAD_USER_INPUT"
    with Statements(console.database) as few:
        await listed(root, first=1)
    with Statements(console.database) as many:
        await listed(root, first=20)
    assert len(few) == len(many)


async def test_the_last_group_of_the_quota_is_the_last(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    await create(root)
    async with console.database.write() as session:
        used = update(QuotaRow).where(col(QuotaRow.name) == CUSTOMER_GROUPS.name)
        await session.exec(used.values(used=CUSTOMER_GROUPS.limit - 1))
    last = await create(root, name="last")
    refusal = (
        "LIMIT_EXCEEDED",
        None,
        (
            "at most 500 customer groups in an account, and 1 more would pass that: "
            "delete what is no longer needed"
        ),
    )
    assert await errors(root, CREATE, input=form("one more")) == [refusal]
    await root.run(DELETE, id=last["id"])
    await create(root, name="one more")


async def test_another_account_sees_and_changes_nothing(
    console: Console, account: AccountRow
) -> None:
    group = await add_group(console.database, account.uin, members=contacts(2))
    stranger = console.root(await console.add_account())
    group_id = encode("CustomerGroup", group)
    before = await console.digest()
    assert await stranger.run(ONE, id=group_id) == {"customerGroup": None, "node": None}
    assert (await listed(stranger))["totalCount"] == 0
    for document, given in (
        (UPDATE, {"id": group_id, "input": {"name": "Mine"}}),
        (DELETE, {"id": group_id}),
    ):
        assert await stranger.refused(document, **given) == [("NOT_FOUND", ["id"])]
    assert await console.digest() == before


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("DescribeCustomerGroups", "list"),
        ("AddCustomerGroup", "create"),
        ("ModifyCustomerGroup", "rename"),
        ("DeleteCustomerGroup", "delete"),
    ],
)
async def test_each_action_gives_its_own_field_and_denials_change_nothing(
    console: Console, action: str, allowed: str
) -> None:
    company = await Company.of(console)
    group = await add_group(console.database, company.account.uin, members=contacts(1))
    policy = await company.policy("customers", allow(f"name/sms:{action}"))
    caller = (await company.person("clerk", policy)).caller
    group_id = encode("CustomerGroup", group)
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "list": (LIST, {}),
        "create": (CREATE, {"input": form("New")}),
        "rename": (UPDATE, {"id": group_id, "input": {"name": "Gold"}}),
        "delete": (DELETE, {"id": group_id}),
    }
    for name, (document, given) in asked.items():
        before = await console.digest()
        answer = await caller.ask(document, **given)
        assert answer.code == (None if name == allowed else "FORBIDDEN")
        assert (await console.digest() == before) is (name != allowed or allowed == "list")
    assert len(await ids(console.database, group)) == 1
