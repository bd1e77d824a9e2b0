"""Signatures, as a front-end meets them (SIG-4 to SIG-6, REV-2)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from db import quota as quotas
from domain import quota
from tests.console import START, Caller, Console, Statements
from tests.graph.signing import (
    CREATE,
    DELETE,
    LIST,
    QUEUE,
    READ,
    REJECT,
    UPDATE,
    create,
    decide,
    form,
    read,
    stored,
)
from tests.images import image, upload


async def test_an_application_shows_what_was_entered_and_when_to_expect_a_decision(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    answer = await root.run(CREATE, input=form(content=" 腾讯云 ", note="company"))
    shown = answer["signatureCreate"]["signature"]
    url = shown["certificate"].pop("url")
    assert shown == {
        "id": shown["id"],
        "signatureId": "1",
        "region": "MAINLAND",
        "content": "腾讯云",
        "signatureType": "COMPANY",
        "purpose": "SELF_USE",
        "certificateType": "BUSINESS_LICENCE",
        "note": "company",
        "status": "PENDING",
        "reason": "",
        "createdAt": START.isoformat(),
        "submittedAt": START.isoformat(),
        "expectedDecisionAt": (START + timedelta(hours=2)).isoformat(),
        "decidedAt": None,
        "certificate": {"mediaType": "image/png", "size": len(image())},
        "authorization": None,
    }
    assert url.startswith("http://console.test/files/")
    again = await read(root, shown["id"])
    assert again["reviews"] == [{"verdict": None, "automatic": False}]
    assert again["certificate"]["url"] == url


async def test_a_late_application_is_expected_to_be_decided_the_next_morning(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    console.clock.advance(timedelta(hours=12))  # 22:00 in Shanghai, an hour before closing
    shown = await read(root, await create(root))
    # One hour is left today, the other begins at 9:00.
    assert shown["expectedDecisionAt"] == (START + timedelta(days=1)).isoformat()


async def test_a_content_in_use_is_taken_and_the_stored_image_is_deleted(console: Console) -> None:
    root = console.root(await console.add_account())
    await create(root)
    assert stored(console) == 1
    assert await root.refused(CREATE, input=form()) == [("TAKEN", ["input", "content"])]
    assert stored(console) == 1


async def test_of_many_who_want_the_fiftieth_place_one_gets_it(console: Console) -> None:
    account = await console.add_account()
    async with console.database.write() as session:
        await quotas.take(session, account.uin, quota.SIGNATURES, 49)
    root = console.root(account)
    answers = await asyncio.gather(
        *(root.run(CREATE, input=form(content=f"签名{n}")) for n in range(8))
    )
    errors = [error for a in answers for error in a["signatureCreate"]["userErrors"]]
    assert len(errors) == 7
    assert errors[0] == {
        "code": "LIMIT_EXCEEDED",
        "field": None,
        "message": "at most 50 signatures in an account, and 1 more would pass that: "
        "delete what is no longer needed",
    }
    assert stored(console) == 1
    made = next(a for a in answers if a["signatureCreate"]["signature"])
    await root.run(DELETE, id=made["signatureCreate"]["signature"]["id"])
    await create(root, content="又一个")


async def test_editing_what_is_pending_submits_it_again(console: Console) -> None:
    root = console.root(await console.add_account())
    letter = {"purpose": "OTHERS", "authorization": upload()}
    identity = await create(root, **letter)
    before = await read(root, identity)
    console.clock.advance(timedelta(minutes=30))
    change = {"content": "腾讯", "purpose": "SELF_USE", "certificate": upload(image("JPEG"))}
    answer = (await root.run(UPDATE, id=identity, input=change))["signatureUpdate"]
    shown = answer["signature"]
    assert (shown["content"], shown["purpose"], shown["authorization"]) == (
        "腾讯",
        "SELF_USE",
        None,
    )
    assert shown["signatureType"] == "COMPANY"
    assert shown["createdAt"] == before["createdAt"]
    assert shown["submittedAt"] == console.clock.now.isoformat()
    assert shown["certificate"]["mediaType"] == "image/jpeg"
    assert shown["certificate"]["url"] != before["certificate"]["url"]
    assert stored(console) == 1  # what was replaced is gone
    reviews = (await read(root, identity))["reviews"]
    assert [review["verdict"] for review in reviews] == [None, "WITHDRAWN"]


async def test_an_edit_is_checked_as_a_whole_and_a_refused_one_keeps_what_was(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    before, files = await console.digest(), stored(console)
    wrong = {"purpose": "OTHERS", "signatureType": "TRADEMARK", "certificate": upload(b"GIF89a")}
    assert await root.refused(UPDATE, id=identity, input=wrong) == [
        ("MISMATCH", ["input", "certificateType"]),
        ("REQUIRED", ["input", "authorization"]),
        ("INVALID", ["input", "certificate"]),
    ]
    await create(root, content="别的")
    taken = {"content": "别的", "certificate": upload(image("JPEG"))}
    assert await root.refused(UPDATE, id=identity, input=taken) == [("TAKEN", ["input", "content"])]
    assert stored(console) == files + 1  # the other signature's
    assert (await read(root, identity))["content"] == "腾讯云"
    changed = {table for table, rows in (await console.digest()).items() if before[table] != rows}
    assert changed == {"file", "signature", "review_item", "quota_usage"}


async def test_a_rejected_signature_shows_the_reason_and_is_edited_into_the_queue_again(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    await decide(console, identity, REJECT, reason="The certificate is unreadable.")
    shown = await read(root, identity)
    assert (shown["status"], shown["reason"], shown["expectedDecisionAt"]) == (
        "REJECTED",
        "The certificate is unreadable.",
        None,
    )
    answer = await root.run(UPDATE, id=identity, input={"certificate": upload()})
    shown = answer["signatureUpdate"]["signature"]
    assert (shown["status"], shown["reason"], shown["decidedAt"]) == ("PENDING", "", None)
    await decide(console, identity)
    assert (await read(root, identity))["status"] == "APPROVED"


async def test_an_approved_signature_cannot_be_modified(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    await decide(console, identity)
    before, files = await console.digest(), stored(console)
    answer = await root.run(UPDATE, id=identity, input={"certificate": upload(), "content": "别"})
    assert answer["signatureUpdate"]["userErrors"] == [
        {
            "code": "WRONG_STATE",
            "field": ["id"],
            "message": "signature is approved and cannot be modified: create another one",
        }
    ]
    assert (await console.digest(), stored(console)) == (before, files)


async def test_a_deleted_signature_is_gone_for_its_account(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    await decide(console, identity)
    assert await root.run(DELETE, id=identity) == {
        "signatureDelete": {"deletedId": identity, "userErrors": []}
    }
    assert await read(root, identity) is None
    assert await root.refused(DELETE, id=identity) == [("NOT_FOUND", ["id"])]
    assert await root.refused(UPDATE, id=identity, input={"note": "x"}) == [("NOT_FOUND", ["id"])]
    await create(root)  # its content may be applied for anew


async def test_the_list_filters_pages_and_counts(console: Console) -> None:
    root = console.root(await console.add_account())
    for content in ("甲公司", "乙公司", "丙公司"):
        await create(root, content=content)
        console.clock.advance(timedelta(seconds=1))
    worldwide = await create(root, content="Example Inc", region="GLOBAL")
    await decide(console, worldwide)

    async def listed(**filters: Any) -> list[str]:
        answer = (await root.run(LIST, first=10, **filters))["signatures"]
        assert answer["totalCount"] == len(answer["nodes"])
        return [node["content"] for node in answer["nodes"]]

    assert await listed() == ["Example Inc", "丙公司", "乙公司", "甲公司"]
    assert await listed(region="MAINLAND") == ["丙公司", "乙公司", "甲公司"]
    assert await listed(status="APPROVED") == ["Example Inc"]
    assert await listed(search="乙") == ["乙公司"]
    page = (await root.run(LIST, first=3))["signatures"]
    assert page["pageInfo"]["hasNextPage"]
    rest = (await root.run(LIST, first=3, after=page["pageInfo"]["endCursor"]))["signatures"]
    assert [node["content"] for node in rest["nodes"]] == ["甲公司"]


@pytest.mark.parametrize("search", ["a\ud800", "a\0b", "x" * 101])
async def test_a_search_no_database_takes_is_a_wrong_argument(
    console: Console, search: str
) -> None:
    root = console.root(await console.add_account())
    answer = await root.ask(LIST, first=1, search=search)
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message.startswith('search "')
    assert (await root.run(LIST, first=1, search="x" * 100))["signatures"]["nodes"] == []


async def test_a_page_costs_the_same_statements_however_long_it_is(console: Console) -> None:
    root = console.root(await console.add_account())

    async def statements() -> int:
        with Statements(console.database) as counted:
            await root.run(LIST, first=100)
        return len(counted)

    await create(root)
    one = await statements()
    for number in range(5):
        await create(root, content=f"签名{number}")
    assert await statements() == one


async def test_a_sandbox_approves_by_itself_and_says_so(console: Console) -> None:
    console.terms = replace(console.terms, auto_review=True)
    root = console.root(await console.add_account())
    shown = await read(root, await create(root))
    assert (shown["status"], shown["expectedDecisionAt"]) == ("APPROVED", None)
    assert shown["reviews"] == [{"verdict": "APPROVED", "automatic": True}]
    assert (await (await console.operator()).run(QUEUE))["reviewQueue"]["nodes"] == []


Attempt = Callable[[Caller, str], Awaitable[Any]]
WRITES: dict[str, Attempt] = {
    "create": lambda caller, _: caller.ask(CREATE, input=form(content="别人")),
    "update": lambda caller, id: caller.ask(UPDATE, id=id, input={"note": "mine"}),  # noqa: A006 - the argument's name
    "delete": lambda caller, id: caller.ask(DELETE, id=id),  # noqa: A006 - the argument's name
}


@pytest.mark.parametrize("attempt", WRITES.values(), ids=WRITES)
async def test_who_may_only_read_changes_nothing(console: Console, attempt: Attempt) -> None:
    account = await console.add_account()
    identity = await create(console.root(account))
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess", name="reader")
    nobody = await console.sub(account, name="nobody")
    before, files = await console.digest(), stored(console)
    assert (await read(reader, identity))["content"] == "腾讯云"
    assert (await nobody.ask(READ, id=identity)).code == "FORBIDDEN"
    for caller in (reader, nobody, await console.operator()):
        assert (await attempt(caller, identity)).code == "FORBIDDEN"
    assert (await attempt(console.anybody(), identity)).code == "UNAUTHENTICATED"
    after = await console.digest()
    changed = {table for table in after if before[table] != after[table]}
    assert changed == {"user"}  # the operator who tried
    assert stored(console) == files


async def test_another_accounts_signature_looks_like_none(console: Console) -> None:
    mine, other = await console.add_account(), await console.add_account()
    identity = await create(console.root(mine))
    stranger: Caller = console.root(other)
    before = await console.digest()
    assert await read(stranger, identity) is None
    absent = (await stranger.run(DELETE, id=identity))["signatureDelete"]["userErrors"]
    never = await stranger.run(DELETE, id="U2lnbmF0dXJlOjk5OQ")  # Signature:999
    assert absent == never["signatureDelete"]["userErrors"]
    assert await stranger.refused(UPDATE, id=identity, input={"note": "x"}) == [
        ("NOT_FOUND", ["id"])
    ]
    assert (await stranger.run(LIST, first=10))["signatures"]["totalCount"] == 0
    assert await console.digest() == before
