"""Body templates, as a front-end meets them (TPL-1 to TPL-4, ACC-3)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from db import quota as quotas
from domain import quota
from domain.region import IdentityKind
from tests.console import START, Caller, Console, Statements
from tests.graph import signing as signatures

SHOWN = """
  id templateId region name smsType content remarks variables
  status reason createdAt submittedAt expectedDecisionAt decidedAt
"""
CREATE = f"""
mutation ($input: TemplateCreateInput!) {{
  templateCreate(input: $input) {{ template {{ {SHOWN} }} userErrors {{ code field message }} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: TemplateUpdateInput!) {{
  templateUpdate(id: $id, input: $input) {{
    template {{ {SHOWN} }} userErrors {{ code field message }}
  }}
}}
"""
DELETE = "mutation ($id: ID!) { templateDelete(id: $id) { deletedId userErrors { code field } } }"
READ = f"query ($id: ID!) {{ template(id: $id) {{ {SHOWN} reviews {{ verdict }} }} }}"
LIST = """
query ($region: Region, $status: ReviewStatus, $type: SmsType, $search: String, $first: Int!) {
  templates(region: $region, status: $status, smsType: $type, search: $search, first: $first) {
    nodes { name reviews { verdict } }
    totalCount
  }
}
"""


def form(**fields: Any) -> dict[str, Any]:
    """Fill in the form for a Global notification."""
    return {
        "region": "GLOBAL",
        "name": "Parcel",
        "smsType": "REGULAR",
        "content": "Your parcel {1} arrives on {2}.",
        **fields,
    }


async def create(caller: Caller, **fields: Any) -> str:
    answer = (await caller.run(CREATE, input=form(**fields)))["templateCreate"]
    assert answer["userErrors"] == []
    identity: str = answer["template"]["id"]
    return identity


async def read(caller: Caller, template_id: str) -> Any:
    return (await caller.run(READ, id=template_id))["template"]


async def test_an_application_shows_what_was_entered(console: Console) -> None:
    root = console.root(await console.add_account())
    answer = await root.run(CREATE, input=form(name=" Parcel ", remarks="to buyers"))
    shown = answer["templateCreate"]["template"]
    assert shown == {
        "id": shown["id"],
        "templateId": "1",
        "region": "GLOBAL",
        "name": "Parcel",
        "smsType": "REGULAR",
        "content": "Your parcel {1} arrives on {2}.",
        "remarks": "to buyers",
        "variables": 2,
        "status": "PENDING",
        "reason": "",
        "createdAt": START.isoformat(),
        "submittedAt": START.isoformat(),
        "expectedDecisionAt": (START + timedelta(hours=2)).isoformat(),
        "decidedAt": None,
    }
    assert await read(root, shown["id"]) == {**shown, "reviews": [{"verdict": None}]}


async def test_a_mainland_template_comes_after_a_signature(console: Console) -> None:
    root = console.root(await console.add_account())
    before = await console.digest()
    answer = (await root.run(CREATE, input=form(region="MAINLAND")))["templateCreate"]
    assert answer["userErrors"] == [
        {
            "code": "WRONG_STATE",
            "field": ["input", "region"],
            "message": "a template for Mainland China needs a signature to be sent with, "
            "and this account has none there: apply for a signature first",
        }
    ]
    assert await console.digest() == before
    await signatures.create(root)
    shown = await read(root, await create(root, region="MAINLAND"))
    assert shown["region"] == "MAINLAND"


async def test_all_problems_are_told_at_once(console: Console) -> None:
    root = console.root(await console.add_account(identity=IdentityKind.INDIVIDUAL))
    before = await console.digest()
    wrong = form(name="", smsType="MARKETING", content="{1}{3}", remarks="x" * 501)
    answer = (await root.run(CREATE, input=wrong))["templateCreate"]
    assert [(error["code"], error["field"][1]) for error in answer["userErrors"]] == [
        ("REQUIRED", "name"),
        ("NOT_PERMITTED", "smsType"),
        ("INVALID", "content"),
        ("INVALID", "content"),
        ("INVALID", "content"),
        ("TOO_LONG", "remarks"),
    ]
    assert answer["template"] is None
    assert await console.digest() == before


@pytest.mark.parametrize("region", ["MAINLAND", "GLOBAL"])
async def test_marketing_is_for_organizations_and_offers_a_way_out(
    console: Console, region: str
) -> None:
    root = console.root(await console.add_account())
    await signatures.create(root)
    marketing = form(region=region, smsType="MARKETING", content="Everything half price")
    answer = (await root.run(CREATE, input=marketing))["templateCreate"]
    assert answer["userErrors"] == [
        {
            "code": "INVALID",
            "field": ["input", "content"],
            "message": 'content "Everything half price" is marketing and offers no way to '
            'unsubscribe: end it like "回T退订" or "Reply T to unsubscribe"',
        }
    ]
    await create(root, **{**marketing, "content": "Half price! Reply with T to unsubscribe"})


async def test_content_has_fewer_than_five_hundred_characters(console: Console) -> None:
    root = console.root(await console.add_account())
    await create(root, content="x" * 499)
    assert await root.refused(CREATE, input=form(content="x" * 500)) == [
        ("TOO_LONG", ["input", "content"])
    ]


async def test_editing_submits_again_until_it_is_approved(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    await signatures.decide(console, identity, signatures.REJECT, reason="unclear")
    assert (await read(root, identity))["reason"] == "unclear"
    answer = (await root.run(UPDATE, id=identity, input={"content": "Parcel {1} is here."}))[
        "templateUpdate"
    ]
    assert (answer["template"]["status"], answer["template"]["reason"]) == ("PENDING", "")
    assert (answer["template"]["variables"], answer["template"]["name"]) == (1, "Parcel")
    refused = await root.refused(UPDATE, id=identity, input={"content": "{1}"})
    assert refused == [("INVALID", ["input", "content"])]
    await signatures.decide(console, identity)
    before = await console.digest()
    assert await root.refused(UPDATE, id=identity, input={"name": "x"}) == [("WRONG_STATE", ["id"])]
    assert await console.digest() == before
    reviews = (await read(root, identity))["reviews"]
    assert [review["verdict"] for review in reviews] == ["APPROVED", "REJECTED"]


async def test_a_deleted_template_is_gone_for_its_account(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    answer = (await root.run(DELETE, id=identity))["templateDelete"]
    assert answer == {"deletedId": identity, "userErrors": []}
    assert await read(root, identity) is None
    assert await root.refused(DELETE, id=identity) == [("NOT_FOUND", ["id"])]


async def test_of_many_who_want_the_thousandth_place_one_gets_it(console: Console) -> None:
    account = await console.add_account()
    async with console.database.write() as session:
        await quotas.take(session, account.uin, quota.TEMPLATES, 999)
    root = console.root(account)
    answers = await asyncio.gather(*(root.run(CREATE, input=form()) for _ in range(10)))
    codes = [error["code"] for a in answers for error in a["templateCreate"]["userErrors"]]
    assert codes == ["LIMIT_EXCEEDED"] * 9


async def test_the_list_filters_and_costs_the_same_statements_however_long(
    console: Console,
) -> None:
    root = console.root(await console.add_account())

    async def listed(**filters: Any) -> list[str]:
        answer = (await root.run(LIST, first=100, **filters))["templates"]
        assert answer["totalCount"] == len(answer["nodes"])
        return [node["name"] for node in answer["nodes"]]

    await create(root)
    with Statements(console.database) as one:
        await listed()
    await create(root, name="Sale", smsType="MARKETING", content="Reply T to unsubscribe")
    console.clock.advance(timedelta(seconds=1))
    await signatures.create(root)
    login = await create(root, region="MAINLAND", name="登录", content="验证码{1}")
    await signatures.decide(console, login)
    with Statements(console.database) as many:
        assert (await listed())[0] == "登录"
    assert len(many) == len(one)
    assert await listed(region="MAINLAND") == ["登录"]
    assert await listed(status="APPROVED") == ["登录"]
    assert await listed(type="MARKETING") == ["Sale"]
    assert await listed(search="arrives") == ["Parcel"]


async def test_a_sandbox_approves_templates_by_itself(console: Console) -> None:
    console.terms = replace(console.terms, auto_review=True)
    root = console.root(await console.add_account())
    assert (await read(root, await create(root)))["status"] == "APPROVED"


async def test_who_may_only_read_changes_nothing_and_strangers_see_nothing(
    console: Console,
) -> None:
    account = await console.add_account()
    identity = await create(console.root(account))
    stranger = console.root(await console.add_account())
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess")
    before = await console.digest()
    assert (await read(reader, identity))["name"] == "Parcel"
    assert (await reader.ask(CREATE, input=form())).code == "FORBIDDEN"
    assert (await reader.ask(UPDATE, id=identity, input={"name": "x"})).code == "FORBIDDEN"
    assert (await reader.ask(DELETE, id=identity)).code == "FORBIDDEN"
    assert (await console.anybody().ask(READ, id=identity)).code == "UNAUTHENTICATED"
    assert await read(stranger, identity) is None
    assert await stranger.refused(UPDATE, id=identity, input={"name": "x"}) == [
        ("NOT_FOUND", ["id"])
    ]
    assert await stranger.refused(DELETE, id=identity) == [("NOT_FOUND", ["id"])]
    assert await console.digest() == before
