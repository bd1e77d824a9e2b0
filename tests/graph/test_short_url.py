"""Short URLs as a front-end meets them (URL-1, ACC-3), and templates that hold them (URL-3)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from db import quota as quotas
from db.account import AccountRow
from domain import quota
from domain.region import IdentityKind, Verification
from domain.terms import Terms
from graph.node import encode
from tests.console import Caller, Console, Statements
from tests.graph import test_template
from tests.graph.bulk_task import errors

SHOWN = """
  id name url originalUrl status createdAt expiresAt templates { id templateId name region }
"""
CREATE = f"""
mutation ($input: ShortUrlCreateInput!) {{
  shortUrlCreate(input: $input) {{ shortUrl {{ {SHOWN} }} userErrors {{ code field message }} }}
}}
"""
DELETE = """
mutation ($input: ShortUrlDeleteInput!) {
  shortUrlDelete(input: $input) { deletedId userErrors { code field message } }
}
"""
READ = f"query ($id: ID!) {{ shortUrl(id: $id) {{ {SHOWN} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ id ... on ShortUrl {{ {SHOWN} }} }} }}"
LIST = f"""
query ($search: String, $orderBy: ShortUrlOrder, $first: Int! = 20, $after: String) {{
  shortUrls(search: $search, orderBy: $orderBy, first: $first, after: $after) {{
    nodes {{ {SHOWN} }}
    pageInfo {{ hasNextPage endCursor }}
    totalCount
  }}
}}
"""


@pytest.fixture
async def account(console: Console) -> AccountRow:
    return await console.add_account()


async def create(caller: Caller, name: str = "Sale", **fields: Any) -> dict[str, Any]:
    form = {"name": name, "originalUrl": f"https://example.com/{name}", **fields}
    payload = (await caller.run(CREATE, input=form))["shortUrlCreate"]
    assert payload["userErrors"] == []
    shown: dict[str, Any] = payload["shortUrl"]
    return shown


async def test_a_short_url_is_shown_as_it_was_made(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    made = await create(root, originalUrl=" HTTPS://Example.com/a?b=路 ")
    code = made["url"].removeprefix("http://console.test/s/")
    assert len(code) == 8
    assert made == {
        "id": encode("ShortUrl", 1),
        "name": "Sale",
        "url": f"http://console.test/s/{code}",
        "originalUrl": "https://example.com/a?b=%E8%B7%AF",
        "status": "ACTIVE",
        "createdAt": console.clock.now.isoformat(),
        "expiresAt": (console.clock.now + timedelta(days=90)).isoformat(),
        "templates": [],
    }
    assert (await root.run(READ, id=made["id"]))["shortUrl"] == made
    assert (await root.run(NODE, id=made["id"]))["node"] == made
    assert (await root.run(LIST))["shortUrls"]["nodes"] == [made]
    console.clock.advance(timedelta(days=90))
    assert (await root.run(READ, id=made["id"]))["shortUrl"]["status"] == "EXPIRED"


async def test_address_and_validity_are_settings(console: Console, account: AccountRow) -> None:
    console.terms = Terms(short_url_base="https://s.example", short_url_lasts=timedelta(days=7))
    made = await create(console.root(account))
    assert made["url"].startswith("https://s.example/s/")
    assert made["expiresAt"] == (console.clock.now + timedelta(days=7)).isoformat()
    # What was sent keeps its address, whatever is set later.
    console.terms = Terms()
    found = (await console.root(account).run(READ, id=made["id"]))["shortUrl"]
    assert found["url"] == made["url"]


@pytest.mark.parametrize(
    ("identity", "verification", "reason"),
    [
        (
            IdentityKind.INDIVIDUAL,
            Verification.VERIFIED,
            (
                "creating short URLs is for organizations and this account is an individual's: "
                "request verification as an organization (verificationRequest)"
            ),
        ),
        (
            IdentityKind.ORGANIZATION,
            Verification.UNVERIFIED,
            (
                "creating short URLs needs a verified identity: "
                "request it (verificationRequest), or wait for the decision on the request"
            ),
        ),
    ],
)
async def test_others_than_verified_organizations_are_told_why_not(
    console: Console, identity: IdentityKind, verification: Verification, reason: str
) -> None:
    """ACC-3."""
    account = await console.add_account(identity=identity, verification=verification)
    form = {"name": "Sale", "originalUrl": "https://example.com"}
    before = await console.digest()
    found = await errors(console.root(account), CREATE, input=form)
    assert found == [("NOT_PERMITTED", None, reason)]
    assert await console.digest() == before


async def test_a_form_is_refused_with_every_problem_under_its_field(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    form = {"name": " ", "originalUrl": "ftp://example.com"}
    assert await errors(root, CREATE, input=form) == [
        ("REQUIRED", ["input", "name"], "name is empty: enter 1 to 60 characters"),
        (
            "INVALID",
            ["input", "originalUrl"],
            (
                'original url "ftp://example.com" does not begin '
                "with http:// or https://: enter the whole address"
            ),
        ),
    ]
    own = {"name": "Loop", "originalUrl": "http://console.test/s/abcdefgh"}
    assert await root.refused(CREATE, input=own) == [("INVALID", ["input", "originalUrl"])]
    async with console.database.read() as session:
        assert await quotas.used(session, account.uin, quota.SHORT_URLS) == 0


async def test_a_thousand_fit_and_a_deletion_makes_room(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    last = await create(root)
    async with console.database.write() as session:
        assert await quotas.take(session, account.uin, quota.SHORT_URLS, 999)
    form = {"name": "One more", "originalUrl": "https://example.com"}
    assert await errors(root, CREATE, input=form) == [
        (
            "LIMIT_EXCEEDED",
            None,
            (
                "at most 1000 short URLs in an account, and 1 more would pass that: "
                "delete what is no longer needed"
            ),
        )
    ]
    await root.run(DELETE, input={"id": last["id"], "confirm": True})
    await create(root, "More")


async def test_a_deletion_is_confirmed_and_for_good(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    made = await create(root)
    given = {"id": made["id"], "confirm": False}
    assert await root.refused(DELETE, input=given) == [("CONSENT_REQUIRED", ["input", "confirm"])]
    given["confirm"] = True
    payload = (await root.run(DELETE, input=given))["shortUrlDelete"]
    assert payload == {"deletedId": made["id"], "userErrors": []}
    assert (await root.run(READ, id=made["id"]))["shortUrl"] is None
    assert (await root.run(LIST))["shortUrls"]["totalCount"] == 0
    assert await root.refused(DELETE, input=given) == [("NOT_FOUND", ["input", "id"])]


async def test_two_who_delete_at_once_give_one_place_back(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    made = await create(root)
    await create(root, "Other")
    given = {"id": made["id"], "confirm": True}
    payloads = await asyncio.gather(*(root.run(DELETE, input=given) for _ in range(2)))
    assert sorted(len(each["shortUrlDelete"]["userErrors"]) for each in payloads) == [0, 1]
    async with console.database.read() as session:
        assert await quotas.used(session, account.uin, quota.SHORT_URLS) == 1


async def test_another_accounts_looks_absent(console: Console, account: AccountRow) -> None:
    made = await create(console.root(account))
    stranger = console.root(await console.add_account())
    assert (await stranger.run(READ, id=made["id"]))["shortUrl"] is None
    assert (await stranger.run(NODE, id=made["id"]))["node"] is None
    assert (await stranger.run(LIST))["shortUrls"]["totalCount"] == 0
    given = {"id": made["id"], "confirm": True}
    assert await stranger.refused(DELETE, input=given) == [("NOT_FOUND", ["input", "id"])]
    assert (await console.root(account).run(READ, id=made["id"]))["shortUrl"] == made


async def test_the_list_is_paged_searched_and_sorted(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    made = {}
    for name in ("Spring", "Autumn", "Winter"):
        made[name] = await create(root, name)
        console.clock.advance(timedelta(minutes=1))
    by_name = {"field": "NAME", "direction": "ASC"}
    for order, names in (
        (None, ["Winter", "Autumn", "Spring"]),
        (by_name, ["Autumn", "Spring", "Winter"]),
        ({"field": "EXPIRES_AT", "direction": "ASC"}, ["Spring", "Autumn", "Winter"]),
    ):
        seen, after = [], None
        while True:
            page = (await root.run(LIST, orderBy=order, first=2, after=after))["shortUrls"]
            seen += [node["name"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert seen == names
        assert page["totalCount"] == 3
    for search in ("aut", "example.com/aut", made["Autumn"]["url"]):
        found = (await root.run(LIST, search=search))["shortUrls"]
        assert [node["name"] for node in found["nodes"]] == ["Autumn"]
    answer = await root.ask(LIST, after="nonsense")
    assert answer.code == "BAD_USER_INPUT"


async def test_a_template_is_shown_on_the_short_url_it_holds(
    console: Console, account: AccountRow
) -> None:
    """URL-3."""
    root = console.root(account)
    made = await create(root)
    content = f"Sale, {{1}}: {made['url']} until Sunday."
    template = await test_template.create(root, content=content)
    found = (await root.run(READ, id=made["id"]))["shortUrl"]["templates"]
    assert found == [{"id": template, "templateId": "1", "name": "Parcel", "region": "GLOBAL"}]
    given = {"content": "Nothing any more, {1}."}
    assert await errors(root, test_template.UPDATE, id=template, input=given) == []
    assert (await root.run(READ, id=made["id"]))["shortUrl"]["templates"] == []


async def test_a_template_with_a_dead_link_is_refused_under_its_field(
    console: Console, account: AccountRow
) -> None:
    root = console.root(account)
    made = await create(root)
    foreign = await create(console.root(await console.add_account()))
    console.clock.advance(timedelta(days=90))
    await create(root, "Fresh")
    code, field = "NOT_FOUND", ["input", "content"]
    for url, expected in (
        (made["url"], [("WRONG_STATE", field)]),
        (foreign["url"], [(code, field)]),
        ("http://console.test/s/zzzzzzzz", [(code, field)]),
    ):
        form = test_template.form(content=f"See {url} {{1}}")
        assert await root.refused(test_template.CREATE, input=form) == expected
    (problem,) = await errors(
        root, test_template.CREATE, input=test_template.form(content=f"See {made['url']} {{1}}")
    )
    assert problem[2] == (
        f'content has the link "{made["url"]}", which expired on 2026-05-31: create a new short URL'
    )


async def test_a_long_list_costs_no_more_statements_than_a_short_one(
    console: Console, account: AccountRow
) -> None:
    root, counts = console.root(account), []
    for size in (1, 8):
        for number in range(size):
            made = await create(root, f"S{number}")
            await test_template.create(root, content=f"See {made['url']} {{1}}")
        with Statements(console.database) as statements:
            nodes = (await root.run(LIST))["shortUrls"]["nodes"]
        assert all(len(node["templates"]) == 1 for node in nodes)
        counts.append(len(statements))
    assert counts[0] == counts[1]
