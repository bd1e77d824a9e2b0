"""Applications, as a front-end meets them (APP-1, APP-2, APP-3, APP-4, APP-5, APP-6, CAM-2)."""

import asyncio
from datetime import timedelta

import pytest

from db import quota as quotas
from db.account import AccountRow
from domain import quota
from domain.region import Verification
from tests.console import START, Caller, Console, Statements

CREATE = """
mutation ($name: String!, $overview: String!) {
  applicationCreate(input: {name: $name, overview: $overview}) {
    application { id sdkAppId name overview status effectiveAt createdAt }
    appKey
    userErrors { code field message }
  }
}
"""
READ = "query ($id: ID!) { application(id: $id) { id name overview status effectiveAt } }"
DISABLE = """
mutation ($id: ID!) {
  applicationDisable(id: $id) {
    application { status effectiveAt }
    userErrors { code field message }
  }
}
"""
ENABLE = """
mutation ($id: ID!) {
  applicationEnable(id: $id) { application { status effectiveAt } userErrors { code field } }
}
"""
DELETE = (
    "mutation ($id: ID!) { applicationDelete(id: $id) { deletedId userErrors { code field } } }"
)
LIST = """
query ($search: String, $first: Int!, $after: String, $order: ApplicationOrder) {
  applications(search: $search, first: $first, after: $after, orderBy: $order) {
    nodes { id name sdkAppId }
    totalCount
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""


async def create(caller: Caller, name: str = "Shop") -> str:
    answer = await caller.run(CREATE, name=name, overview="")
    identity: str = answer["applicationCreate"]["application"]["id"]
    return identity


async def disabled(console: Console, caller: Caller) -> str:
    identity = await create(caller)
    await caller.run(DISABLE, id=identity)
    console.clock.advance(timedelta(minutes=5))
    return identity


async def test_a_new_application_gets_an_appid_and_a_key_shown_once(console: Console) -> None:
    root = console.root(await console.add_account())
    made = (await root.run(CREATE, name=" Shop ", overview="Order news"))["applicationCreate"]
    assert made["userErrors"] == []
    assert made["application"] == {
        "id": made["application"]["id"],
        "sdkAppId": "1400000000",
        "name": "Shop",
        "overview": "Order news",
        "status": "ENABLED",
        "effectiveAt": None,
        "createdAt": START.isoformat(),
    }
    assert len(made["appKey"]) == 32
    again = await root.run(CREATE, name="Shop", overview="")
    assert again["applicationCreate"]["application"]["sdkAppId"] == "1400000001"


async def test_every_problem_of_the_input_is_told_at_once(console: Console) -> None:
    root = console.root(await console.add_account())
    assert await root.refused(CREATE, name="", overview="x" * 201) == [
        ("REQUIRED", ["input", "name"]),
        ("TOO_LONG", ["input", "overview"]),
    ]


async def test_an_unverified_account_is_told_why_it_gets_no_application(console: Console) -> None:
    account = await console.add_account(verification=Verification.UNVERIFIED)
    before = await console.digest()
    answer = await console.root(account).run(CREATE, name="Shop", overview="")
    (error,) = answer["applicationCreate"]["userErrors"]
    assert error["code"] == "NOT_PERMITTED"
    assert "verif" in error["message"]
    assert await console.digest() == before


async def test_five_hundred_parallel_creates_at_499_leave_exactly_500(console: Console) -> None:
    account = await console.add_account()
    async with console.database.write() as session:
        await quotas.take(session, account.uin, quota.APPLICATIONS, 499)
    root = console.root(account)
    answers = await asyncio.gather(
        *(root.run(CREATE, name=f"app {number}", overview="") for number in range(500))
    )
    made = [answer for answer in answers if answer["applicationCreate"]["application"]]
    codes = {
        error["code"] for answer in answers for error in answer["applicationCreate"]["userErrors"]
    }
    async with console.database.read() as session:
        used = await quotas.used(session, account.uin, quota.APPLICATIONS)
    assert (len(made), used, codes) == (1, 500, {"LIMIT_EXCEEDED"})


async def test_disabling_has_effect_five_minutes_later_and_so_has_enabling(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    effective = (START + timedelta(minutes=5)).isoformat()
    answer = (await root.run(DISABLE, id=identity))["applicationDisable"]
    assert answer["application"] == {"status": "DISABLING", "effectiveAt": effective}
    assert await root.refused(DELETE, id=identity) == [("WRONG_STATE", ["id"])]
    console.clock.advance(timedelta(minutes=5))
    assert (await root.run(READ, id=identity))["application"]["status"] == "DISABLED"
    answer = (await root.run(ENABLE, id=identity))["applicationEnable"]
    assert answer["application"]["status"] == "ENABLING"
    console.clock.advance(timedelta(minutes=5))
    assert (await root.run(READ, id=identity))["application"]["status"] == "ENABLED"


async def test_an_illegal_switch_names_both_states(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await disabled(console, root)
    (error,) = (await root.run(DISABLE, id=identity))["applicationDisable"]["userErrors"]
    assert error["code"] == "WRONG_STATE"
    assert "is disabled and cannot become disabled" in error["message"]


async def test_a_deleted_application_is_gone_and_its_place_is_free(console: Console) -> None:
    account = await console.add_account()
    root = console.root(account)
    identity = await disabled(console, root)
    assert (await root.run(DELETE, id=identity))["applicationDelete"]["deletedId"] == identity
    assert (await root.run(READ, id=identity))["application"] is None
    assert await root.refused(DELETE, id=identity) == [("NOT_FOUND", ["id"])]
    async with console.database.read() as session:
        assert await quotas.used(session, account.uin, quota.APPLICATIONS) == 0


async def test_an_enabled_application_is_not_deleted(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    before = await console.digest()
    assert await root.refused(DELETE, id=identity) == [("WRONG_STATE", ["id"])]
    assert await console.digest() == before


async def test_what_is_left_out_of_an_update_stays(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root, "Shop")
    update = """
    mutation ($id: ID!) {
      applicationUpdate(id: $id, input: {overview: "News"}) {
        application { name overview } userErrors { code }
      }
    }
    """
    answer = (await root.run(update, id=identity))["applicationUpdate"]
    assert answer == {"application": {"name": "Shop", "overview": "News"}, "userErrors": []}


async def test_a_rotated_key_replaces_the_old_one(console: Console) -> None:
    root = console.root(await console.add_account())
    made = (await root.run(CREATE, name="Shop", overview=""))["applicationCreate"]
    rotate = "mutation ($id: ID!) { applicationKeyRotate(id: $id) { appKey userErrors { code } } }"
    answer = (await root.run(rotate, id=made["application"]["id"]))["applicationKeyRotate"]
    assert answer["userErrors"] == []
    assert answer["appKey"] != made["appKey"]


async def test_another_accounts_application_looks_like_none(console: Console) -> None:
    owner, stranger = await console.add_account(), await console.add_account()
    identity = await create(console.root(owner))
    root = console.root(stranger)
    before = await console.digest()
    assert (await root.run(READ, id=identity))["application"] is None
    for document in (DISABLE, ENABLE, DELETE):
        assert await root.refused(document, id=identity) == [("NOT_FOUND", ["id"])]
    assert await console.digest() == before


async def test_the_list_is_paged_sorted_searched_and_counted(console: Console) -> None:
    root = console.root(await console.add_account())
    for name in ("banana", "apple", "cherry"):
        await create(root, name)
        console.clock.advance(timedelta(seconds=1))
    by_name = {"field": "NAME", "direction": "ASC"}
    page = (await root.run(LIST, first=2, order=by_name))["applications"]
    assert [node["name"] for node in page["nodes"]] == ["apple", "banana"]
    assert page["totalCount"] == 3
    cursor = page["pageInfo"]["endCursor"]
    rest = (await root.run(LIST, first=2, order=by_name, after=cursor))["applications"]
    assert [node["name"] for node in rest["nodes"]] == ["cherry"]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert rest["pageInfo"]["hasPreviousPage"] is True
    newest = (await root.run(LIST, first=1))["applications"]
    assert newest["nodes"][0]["name"] == "cherry"
    found = (await root.run(LIST, first=5, search="NAN"))["applications"]
    assert [node["name"] for node in found["nodes"]] == ["banana"]
    numbered = (await root.run(LIST, first=5, search="1400000001"))["applications"]
    assert [node["name"] for node in numbered["nodes"]] == ["apple"]


async def test_a_page_of_a_hundred_costs_as_few_statements_as_a_page_of_one(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    for number in range(3):
        await create(root, f"app {number}")
    with Statements(console.database) as one:
        await root.run("{ applications(first: 1) { nodes { id name } } }")
    with Statements(console.database) as many:
        await root.run("{ applications(first: 100) { nodes { id name } } }")
    assert (len(one), len(many)) == (1, 1)


async def test_an_unreadable_page_or_id_is_an_input_error(console: Console) -> None:
    root = console.root(await console.add_account())
    for document in (
        "{ applications(first: 101) { nodes { id } } }",
        "{ applications(first: 0) { nodes { id } } }",
        '{ applications(after: "%%%") { nodes { id } } }',
        '{ applications(after: "WzEsMl0") { nodes { id } } }',
        '{ application(id: "nonsense") { id } }',
        '{ application(id: "U2lnbmF0dXJlOjE") { id } }',
    ):
        assert (await root.ask(document)).code == "BAD_USER_INPUT", document


async def reader(console: Console, account: AccountRow) -> Caller:
    return await console.sub(account, "QcloudSMSReadOnlyAccess")


async def test_a_reader_sees_applications_and_changes_none(console: Console) -> None:
    account = await console.add_account()
    identity = await create(console.root(account))
    sub = await reader(console, account)
    assert (await sub.run(READ, id=identity))["application"]["name"] == "Shop"
    assert (await sub.run(LIST, first=5))["applications"]["totalCount"] == 1
    before = await console.digest()
    assert (await sub.ask(CREATE, name="x", overview="")).code == "FORBIDDEN"
    for document in (DISABLE, ENABLE, DELETE):
        assert (await sub.ask(document, id=identity)).code == "FORBIDDEN"
    assert await console.digest() == before


async def test_nobody_and_a_sub_account_without_policies_are_refused(console: Console) -> None:
    account = await console.add_account()
    identity = await create(console.root(account))
    nobody = console.anybody()
    bare = await console.sub(account)
    before = await console.digest()
    for caller, code in ((nobody, "UNAUTHENTICATED"), (bare, "FORBIDDEN")):
        assert (await caller.ask(READ, id=identity)).code == code
        assert (await caller.ask(LIST, first=1)).code == code
        assert (await caller.ask(CREATE, name="x", overview="")).code == code
        assert (await caller.ask(DELETE, id=identity)).code == code
    assert await console.digest() == before


async def test_a_fault_of_ours_is_masked_and_named_by_its_request(
    console: Console, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    root = console.root(await console.add_account())

    async def broken(*_: object, **__: object) -> None:
        raise ConnectionError("postgresql://console:topsecret@db/console")

    monkeypatch.setattr("db.application.owned", broken)
    identity = await create(root)
    (error,) = (await root.ask(READ, id=identity)).errors
    assert error.extensions == {
        "code": "INTERNAL_SERVER_ERROR",
        "requestId": "0123456789abcdef",
    }
    assert "topsecret" not in str(error.formatted)
    assert "request 0123456789abcdef failed" in caplog.text
