"""Asking back what was deleted, as accounts and operators meet it (APP-6, SIG-6, TPL-4, REV-1)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from db import quota as quotas
from delivery.purge import Purge
from delivery.step import Tools
from domain import quota
from graph.node import encode
from tests.console import START, Caller, Console, Statements
from tests.graph import signing as signatures
from tests.graph import test_application as applications
from tests.graph import test_template as templates
from tests.graph.test_review import APPROVE, REJECT
from tests.graph.test_review_work import history

LIST = """
query ($first: Int!, $after: String) {
  restorables(first: $first, after: $after) {
    nodes {
      id kind objectId name deletedAt restorableUntil
      request { status reason justification }
    }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
"""
SHOWN = "id kind name deletedAt justification status reason region object { id }"
REQUEST = f"""
mutation ($id: ID!, $reason: String!) {{
  restoreRequest(input: {{id: $id, reason: $reason}}) {{
    restoreRequest {{ {SHOWN} expectedDecisionAt }}
    userErrors {{ code field message }}
  }}
}}
"""
READ = f"query ($id: ID!) {{ restoreRequest(id: $id) {{ {SHOWN} reviews {{ verdict }} }} }}"
QUEUE = """
{
  reviewQueue(kind: RESTORE) {
    nodes {
      id
      subject {
        id
        ... on RestoreRequest {
          kind name justification
          object {
            id
            ... on Application { sdkAppId name status }
            ... on Signature { content certificate { url } }
            ... on Template { content }
          }
        }
      }
    }
  }
}
"""


async def deleted(console: Console, caller: Caller) -> list[Any]:
    """Delete one of each kind and give what is listed, last deleted first."""
    app = await applications.disabled(console, caller)
    signature = await signatures.create(caller)
    template = await templates.create(caller)
    for document, identity in (
        (applications.DELETE, app),
        (signatures.DELETE, signature),
        (templates.DELETE, template),
    ):
        console.clock.advance(timedelta(seconds=1))
        await caller.run(document, id=identity)
    nodes: list[Any] = (await caller.run(LIST, first=10))["restorables"]["nodes"]
    return nodes


async def ask(caller: Caller, restorable: str, reason: str = "by mistake") -> str:
    answer = (await caller.run(REQUEST, id=restorable, reason=reason))["restoreRequest"]
    assert answer["userErrors"] == []
    identity: str = answer["restoreRequest"]["id"]
    return identity


async def decide(console: Console, document: str = APPROVE, **more: Any) -> Any:
    operator = await console.operator()
    (item,) = (await operator.run(QUEUE))["reviewQueue"]["nodes"]
    (payload,) = (await operator.run(document, id=item["id"], **more)).values()
    return payload["userErrors"]


async def test_what_was_deleted_is_listed_with_the_time_that_is_left(console: Console) -> None:
    root = console.root(await console.add_account())
    template, signature, app = await deleted(console, root)
    assert [node["kind"] for node in (template, signature, app)] == [
        "TEMPLATE",
        "SIGNATURE",
        "APPLICATION",
    ]
    first_deleted = START + timedelta(minutes=5, seconds=1)
    assert app == {
        "id": app["id"],
        "kind": "APPLICATION",
        "objectId": encode("Application", 1_400_000_000),
        "name": "Shop",
        "deletedAt": first_deleted.isoformat(),
        "restorableUntil": (first_deleted + timedelta(days=30)).isoformat(),
        "request": None,
    }
    page = (await root.run(LIST, first=2))["restorables"]
    rest = await root.run(LIST, first=2, after=page["pageInfo"]["endCursor"])
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert [node["id"] for node in rest["restorables"]["nodes"]] == [app["id"]]
    console.clock.now = first_deleted + timedelta(days=30)
    assert (await root.run(LIST, first=10))["restorables"]["totalCount"] == 2
    assert await root.refused(REQUEST, id=app["id"], reason="late") == [
        ("NOT_FOUND", ["input", "id"])
    ]


async def test_a_request_is_decided_in_the_queue_and_brings_it_back(console: Console) -> None:
    root = console.root(await console.add_account())
    _, _, app = await deleted(console, root)
    answer = await root.run(REQUEST, id=app["id"], reason=" by mistake ")
    shown = answer["restoreRequest"]["restoreRequest"]
    expected = console.clock.now + timedelta(hours=2)
    assert shown.pop("expectedDecisionAt") == expected.isoformat()
    assert shown == {
        "id": shown["id"],
        "kind": "APPLICATION",
        "name": "Shop",
        "deletedAt": app["deletedAt"],
        "justification": "by mistake",
        "status": "PENDING",
        "reason": "",
        "region": None,
        "object": None,
    }
    assert (await root.run(READ, id=shown["id"]))["restoreRequest"] == {
        **shown,
        "reviews": [{"verdict": None}],
    }
    listed = (await root.run(LIST, first=10))["restorables"]["nodes"][-1]
    assert listed["request"] == {"status": "PENDING", "reason": "", "justification": "by mistake"}
    assert await decide(console) == []
    back = (await root.run(applications.READ, id=app["objectId"]))["application"]
    assert (back["name"], back["status"], back["effectiveAt"]) == ("Shop", "DISABLED", None)
    assert (await root.run(LIST, first=10))["restorables"]["totalCount"] == 2
    assert (await root.run(READ, id=shown["id"]))["restoreRequest"]["status"] == "APPROVED"


async def test_an_operator_sees_what_is_to_come_back(console: Console) -> None:
    root = console.root(await console.add_account())
    nodes = await deleted(console, root)
    for node in reversed(nodes):
        await ask(root, node["id"])
    found = (await (await console.operator()).run(QUEUE))["reviewQueue"]["nodes"]
    app, signature, template = [item["subject"] for item in found]
    assert app["object"] == {
        "id": encode("Application", 1_400_000_000),
        "sdkAppId": "1400000000",
        "name": "Shop",
        "status": "DISABLED",
    }
    assert (signature["name"], signature["object"]["content"]) == ("腾讯云", "腾讯云")
    assert signature["object"]["certificate"]["url"].startswith("http://console.test/files/")
    assert template["object"]["content"] == templates.form()["content"]
    assert template["justification"] == "by mistake"


async def test_a_rejection_gives_the_reason_and_it_may_be_asked_for_again(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    template, *_ = await deleted(console, root)
    await ask(root, template["id"])
    assert await root.refused(REQUEST, id=template["id"], reason="again") == [
        ("WRONG_STATE", ["input", "id"])
    ]
    assert await decide(console, REJECT, reason="It was spam.") == []
    (listed, *_) = (await root.run(LIST, first=10))["restorables"]["nodes"]
    assert (listed["request"]["status"], listed["request"]["reason"]) == (
        "REJECTED",
        "It was spam.",
    )
    await ask(root, template["id"], "it was not")
    assert await decide(console) == []
    shown = await templates.read(root, template["objectId"])
    assert (shown["status"], shown["reviews"]) == (
        "PENDING",
        [{"verdict": None}, {"verdict": "WITHDRAWN"}],
    )


async def test_a_full_account_is_told_to_the_operator_and_nothing_is_decided(
    console: Console,
) -> None:
    account = await console.add_account()
    root = console.root(account)
    _, _, app = await deleted(console, root)
    await ask(root, app["id"])
    async with console.database.write() as session:
        await quotas.take(session, account.uin, quota.APPLICATIONS, 500)
    before = await console.digest()
    (error,) = await decide(console)
    assert (error["code"], error["field"]) == ("LIMIT_EXCEEDED", ["id"])
    changed = {table for table, rows in (await console.digest()).items() if before[table] != rows}
    assert changed == {"user"}  # the operator who tried


async def test_a_sandbox_restores_by_itself(console: Console) -> None:
    console.terms = replace(console.terms, auto_review=True)
    root = console.root(await console.add_account())
    _, signature, _ = await deleted(console, root)
    await ask(root, signature["id"])
    assert (await signatures.read(root, signature["objectId"]))["status"] == "APPROVED"


async def test_after_its_time_it_is_gone_for_good_and_history_says_so_too(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    signature = await signatures.create(root)
    await signatures.decide(console, signature, signatures.REJECT, reason="unclear")
    await root.run(signatures.DELETE, id=signature)
    console.clock.advance(timedelta(days=30))
    await Purge(Tools(console.database, console.store, console.terms, console.clock)).step()
    assert (await root.run(LIST, first=10))["restorables"]["totalCount"] == 0
    assert signatures.stored(console) == 0
    (item,) = (await history(await console.operator()))["nodes"]
    assert (item["kind"], item["verdict"], item["subject"]) == ("SIGNATURE", "REJECTED", None)


async def test_a_reason_has_bounds(console: Console) -> None:
    root = console.root(await console.add_account())
    template, *_ = await deleted(console, root)
    before = await console.digest()
    for reason, code in ((" ", "REQUIRED"), ("x" * 501, "TOO_LONG")):
        assert await root.refused(REQUEST, id=template["id"], reason=reason) == [
            (code, ["input", "reason"])
        ]
    assert await console.digest() == before


async def test_a_page_costs_the_same_statements_however_long_it_is(console: Console) -> None:
    root, operator = console.root(await console.add_account()), await console.operator()

    async def statements() -> tuple[int, int]:
        with Statements(console.database) as listed:
            await root.run(LIST, first=100)
        with Statements(console.database) as queued:
            await operator.run(QUEUE)
        return len(listed), len(queued)

    for node in await deleted(console, root):
        await ask(root, node["id"])
    few = await statements()
    for _ in range(2):
        for node in (await deleted(console, root))[:3]:
            await ask(root, node["id"])
    assert await statements() == few


Attempt = Callable[[Caller, str, str], Awaitable[Any]]
ATTEMPTS: dict[str, Attempt] = {
    "list": lambda caller, _, __: caller.ask(LIST, first=1),
    "request": lambda caller, id, _: caller.ask(REQUEST, id=id, reason="mine"),  # noqa: A006 - the argument's name
    "read": lambda caller, _, request: caller.ask(READ, id=request),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_who_holds_nothing_neither_sees_nor_asks(console: Console, attempt: Attempt) -> None:
    account = await console.add_account()
    root = console.root(account)
    template, signature, _ = await deleted(console, root)
    request = await ask(root, signature["id"])
    nobody = await console.sub(account, name="nobody")
    operator = await console.operator()
    before = await console.digest()
    for caller in (nobody, operator):
        assert (await attempt(caller, template["id"], request)).code == "FORBIDDEN"
    assert (await attempt(console.anybody(), template["id"], request)).code == "UNAUTHENTICATED"
    assert await console.digest() == before


async def test_what_another_account_deleted_looks_like_nothing(console: Console) -> None:
    root = console.root(await console.add_account())
    stranger = console.root(await console.add_account())
    template, signature, _ = await deleted(console, root)
    request = await ask(root, signature["id"])
    before = await console.digest()
    assert (await stranger.run(LIST, first=1))["restorables"]["totalCount"] == 0
    assert await stranger.run(READ, id=request) == {"restoreRequest": None}
    absent = (await stranger.run(REQUEST, id=template["id"], reason="x"))["restoreRequest"]
    never = await stranger.run(REQUEST, id=encode("Restorable", 999), reason="x")
    assert absent["userErrors"] == never["restoreRequest"]["userErrors"]
    assert absent["userErrors"][0]["code"] == "NOT_FOUND"
    assert await console.digest() == before
