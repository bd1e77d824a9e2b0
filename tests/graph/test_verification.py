"""Identity verification, as applicants and operators meet it (ACC-1, ACC-2, REV-1)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from db.account import AccountRow
from domain.region import IdentityKind, Verification
from tests.console import START, Caller, Console, Statements
from tests.graph.signing import stored
from tests.graph.test_review import APPROVE, REJECT
from tests.images import image, upload

SHOWN = """
  id name kind documentNumber document { url mediaType size } region
  status reason createdAt submittedAt expectedDecisionAt decidedAt
"""
REQUEST = f"""
mutation ($input: VerificationRequestInput!) {{
  verificationRequest(input: $input) {{
    verificationRequest {{ {SHOWN} }}
    userErrors {{ code field message }}
  }}
}}
"""
READ = f"""
query ($id: ID!) {{
  verificationRequest(id: $id) {{ {SHOWN} reviews {{ verdict reason automatic }} }}
}}
"""
LIST = """
query ($status: ReviewStatus, $first: Int!, $after: String) {
  verificationRequests(status: $status, first: $first, after: $after) {
    nodes { id status reason document { url } reviews { verdict } }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
"""
ACCOUNT = "{ account { name identity verification } }"
QUEUE = """
{
  reviewQueue(kind: IDENTITY) {
    nodes {
      id kind subject {
        id region
        ... on VerificationRequest { name kind documentNumber document { url } }
      }
    }
  }
}
"""


def form(**fields: Any) -> dict[str, Any]:
    """Fill in the form for an organization."""
    return {
        "name": "Acme Ltd",
        "kind": "ORGANIZATION",
        "documentNumber": "91440300708461136T",
        "document": upload(),
        **fields,
    }


async def unverified(console: Console) -> AccountRow:
    return await console.add_account(
        identity=IdentityKind.INDIVIDUAL, verification=Verification.UNVERIFIED
    )


async def request(caller: Caller, **fields: Any) -> str:
    answer = (await caller.run(REQUEST, input=form(**fields)))["verificationRequest"]
    assert answer["userErrors"] == []
    identity: str = answer["verificationRequest"]["id"]
    return identity


async def decide(console: Console, document: str = APPROVE, **more: Any) -> None:
    operator = await console.operator()
    (item,) = (await operator.run(QUEUE))["reviewQueue"]["nodes"]
    (payload,) = (await operator.run(document, id=item["id"], **more)).values()
    assert payload["userErrors"] == []


async def standing(caller: Caller) -> Any:
    return (await caller.run(ACCOUNT))["account"]


async def test_a_request_shows_what_was_entered_and_when_to_expect_a_decision(
    console: Console,
) -> None:
    account = await unverified(console)
    root = console.root(account)
    answer = await root.run(REQUEST, input=form(name=" Acme Ltd "))
    shown = answer["verificationRequest"]["verificationRequest"]
    url = shown["document"].pop("url")
    assert url.startswith("http://console.test/files/")
    assert shown == {
        "id": shown["id"],
        "name": "Acme Ltd",
        "kind": "ORGANIZATION",
        "documentNumber": "91440300708461136T",
        "document": {"mediaType": "image/png", "size": len(image())},
        "region": None,
        "status": "PENDING",
        "reason": "",
        "createdAt": START.isoformat(),
        "submittedAt": START.isoformat(),
        "expectedDecisionAt": (START + timedelta(hours=2)).isoformat(),
        "decidedAt": None,
    }
    shown["document"]["url"] = url
    assert (await root.run(READ, id=shown["id"]))["verificationRequest"] == {
        **shown,
        "reviews": [{"verdict": None, "reason": "", "automatic": False}],
    }
    node = await root.run(
        "query ($id: ID!) { node(id: $id) { ... on VerificationRequest { kind } } }", id=shown["id"]
    )
    assert node == {"node": {"kind": "ORGANIZATION"}}
    assert await standing(root) == {
        "name": account.name,
        "identity": "INDIVIDUAL",
        "verification": "PENDING",
    }


async def test_an_operator_sees_the_document_and_approves(console: Console) -> None:
    root = console.root(await unverified(console))
    identity = await request(root)
    operator = await console.operator()
    (item,) = (await operator.run(QUEUE))["reviewQueue"]["nodes"]
    url = item["subject"]["document"].pop("url")
    assert url == (await root.run(READ, id=identity))["verificationRequest"]["document"]["url"]
    assert item["kind"] == "IDENTITY"
    assert item["subject"] == {
        "id": identity,
        "region": None,
        "name": "Acme Ltd",
        "kind": "ORGANIZATION",
        "documentNumber": "91440300708461136T",
        "document": {},
    }
    await decide(console)
    assert await standing(root) == {
        "name": "Acme Ltd",
        "identity": "ORGANIZATION",
        "verification": "VERIFIED",
    }


async def test_a_rejection_gives_the_reason_and_may_be_followed_by_another_request(
    console: Console,
) -> None:
    account = await unverified(console)
    root = console.root(account)
    first = await request(root)
    await decide(console, REJECT, reason="The document has expired.")
    shown = (await root.run(READ, id=first))["verificationRequest"]
    assert (shown["status"], shown["reason"]) == ("REJECTED", "The document has expired.")
    assert await standing(root) == {
        "name": account.name,
        "identity": "INDIVIDUAL",
        "verification": "UNVERIFIED",
    }
    console.clock.advance(timedelta(hours=1))
    second = await request(root)
    listed = (await root.run(LIST, first=10))["verificationRequests"]
    assert [(node["id"], node["status"]) for node in listed["nodes"]] == [
        (second, "PENDING"),
        (first, "REJECTED"),
    ]
    assert listed["totalCount"] == 2
    page = (await root.run(LIST, first=1))["verificationRequests"]
    rest = await root.run(LIST, first=1, after=page["pageInfo"]["endCursor"])
    assert [node["id"] for node in rest["verificationRequests"]["nodes"]] == [first]
    only = (await root.run(LIST, first=10, status="REJECTED"))["verificationRequests"]
    assert [node["id"] for node in only["nodes"]] == [first]


async def test_one_request_waits_at_a_time_and_a_refused_one_stores_nothing(
    console: Console,
) -> None:
    root = console.root(await unverified(console))
    await request(root)
    before, files = await console.digest(), stored(console)
    assert await root.refused(REQUEST, input=form()) == [("WRONG_STATE", None)]
    assert (await console.digest(), stored(console)) == (before, files)


async def test_a_verified_individual_becomes_an_organization_by_a_new_request(
    console: Console,
) -> None:
    account = await console.add_account(identity=IdentityKind.INDIVIDUAL)
    root = console.root(account)
    assert await root.refused(REQUEST, input=form(kind="INDIVIDUAL")) == [
        ("WRONG_STATE", ["input", "kind"])
    ]
    await request(root)
    waiting = await standing(root)
    assert (waiting["identity"], waiting["verification"]) == ("INDIVIDUAL", "VERIFIED")
    await decide(console)
    assert (await standing(root))["identity"] == "ORGANIZATION"
    assert await root.refused(REQUEST, input=form(kind="INDIVIDUAL")) == [("WRONG_STATE", None)]


async def test_every_problem_of_the_form_is_told_at_once(console: Console) -> None:
    root = console.root(await unverified(console))
    before = await console.digest()
    wrong = form(name="", documentNumber="9" * 41, document=upload(b"%PDF-1.7"))
    assert await root.refused(REQUEST, input=wrong) == [
        ("REQUIRED", ["input", "name"]),
        ("TOO_LONG", ["input", "documentNumber"]),
        ("INVALID", ["input", "document"]),
    ]
    assert (await console.digest(), stored(console)) == (before, 0)


async def test_the_number_may_be_left_out(console: Console) -> None:
    root = console.root(await unverified(console))
    identity = await request(root, documentNumber="")
    shown = (await root.run(READ, id=identity))["verificationRequest"]
    assert shown["documentNumber"] == ""


async def test_a_sandbox_verifies_by_itself_and_says_so(console: Console) -> None:
    console.terms = replace(console.terms, auto_review=True)
    root = console.root(await unverified(console))
    identity = await request(root)
    shown = (await root.run(READ, id=identity))["verificationRequest"]
    assert shown["reviews"] == [{"verdict": "APPROVED", "reason": "", "automatic": True}]
    assert (await standing(root))["verification"] == "VERIFIED"


async def test_a_page_costs_the_same_statements_however_long_it_is(console: Console) -> None:
    root = console.root(await unverified(console))

    async def rejected() -> None:
        await request(root)
        await decide(console, REJECT, reason="again")

    async def statements() -> int:
        with Statements(console.database) as counted:
            await root.run(LIST, first=100)
        return len(counted)

    await rejected()
    one = await statements()
    for _ in range(3):
        await rejected()
    assert await statements() == one


Attempt = Callable[[Caller, str], Awaitable[Any]]
ATTEMPTS: dict[str, Attempt] = {
    "request": lambda caller, _: caller.ask(REQUEST, input=form()),
    "read": lambda caller, id: caller.ask(READ, id=id),  # noqa: A006 - the argument's name
    "list": lambda caller, _: caller.ask(LIST, first=1),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_who_holds_nothing_neither_sees_nor_requests(
    console: Console, attempt: Attempt
) -> None:
    account = await unverified(console)
    identity = await request(console.root(account))
    nobody = await console.sub(account, name="nobody")
    operator = await console.operator()
    before, files = await console.digest(), stored(console)
    for caller in (nobody, operator):
        assert (await attempt(caller, identity)).code == "FORBIDDEN"
    assert (await attempt(console.anybody(), identity)).code == "UNAUTHENTICATED"
    assert (await console.digest(), stored(console)) == (before, files)


async def test_who_may_only_read_requests_nothing(console: Console) -> None:
    account = await unverified(console)
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess", name="reader")
    assert (await reader.ask(REQUEST, input=form())).code == "FORBIDDEN"
    assert (await reader.run(LIST, first=1))["verificationRequests"]["nodes"] == []


async def test_another_accounts_request_looks_like_none(console: Console) -> None:
    mine, other = await unverified(console), await unverified(console)
    identity = await request(console.root(mine))
    stranger = console.root(other)
    assert await stranger.run(READ, id=identity) == {"verificationRequest": None}
    assert (await stranger.run(LIST, first=1))["verificationRequests"]["totalCount"] == 0
