"""Keeping a signature's messages from numbers, by GraphQL (BLO-1 to BLO-3)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from db.account import AccountRow
from db.signature import SignatureRow
from domain.review import ReviewStatus
from domain.terms import Terms
from graph.node import encode
from tests import sending
from tests.bulk import Parts
from tests.console import Caller, Console, Statements
from tests.graph.bulk_task import change, errors

ADD = """
mutation ($input: BlocklistAddInput!) {
  blocklistAdd(input: $input) {
    added
    results { line value phone status message }
    userErrors { code field message }
  }
}
"""
REMOVE = """
mutation ($input: BlocklistRemoveInput!) {
  blocklistRemove(input: $input) { deletedIds userErrors { code field message } }
}
"""
LIST = """
query ($phone: String, $signature: ID, $type: SmsType, $first: Int = 20, $after: String) {
  blocklist(
    phone: $phone, signatureId: $signature, smsType: $type, first: $first, after: $after
  ) {
    nodes { id phone signatureId signatureContent smsType status addedAt effectiveAt }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""
PHONES = sending.phones(1_000)


def form(parts: Parts, numbers: str, sms_type: str = "REGULAR") -> dict[str, Any]:
    return {
        "signatureId": encode("Signature", parts.signature_id),
        "smsType": sms_type,
        "numbers": numbers,
    }


async def add(caller: Caller, given: dict[str, Any]) -> Any:
    payload = (await caller.run(ADD, input=given))["blocklistAdd"]
    assert payload["userErrors"] == []
    return payload


async def listed(caller: Caller, **arguments: Any) -> list[Any]:
    nodes: list[Any] = (await caller.run(LIST, **arguments))["blocklist"]["nodes"]
    return nodes


async def test_a_paste_is_answered_entry_by_entry(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, form(parts, "13800138009"))
    paste = (
        "13800138000, 0086 13800138001\n\n１３８００１３８００２ 8613800138003\n"
        "+86 138 0013 8000；1380013800\n13800138009\n85266661234"
    )
    payload = await add(root, form(parts, paste))
    assert payload["added"] == 4
    assert [tuple(each.values()) for each in payload["results"]] == [
        (1, "13800138000", "+8613800138000", "ADDED", None),
        (1, "0086 13800138001", "+8613800138001", "ADDED", None),
        (3, "１３８００１３８００２", "+8613800138002", "ADDED", None),
        (3, "8613800138003", "+8613800138003", "ADDED", None),
        (4, "+86 138 0013 8000", "+8613800138000", "DUPLICATE", "it repeats line 1"),
        (
            4,
            "1380013800",
            None,
            "INVALID",
            (
                'mobile number "1380013800" is not a Mainland China mobile number: '
                "write 11 digits, such as 13800138000"
            ),
        ),
        (5, "13800138009", "+8613800138009", "DUPLICATE", "it is on the blocklist already"),
        (
            6,
            "85266661234",
            None,
            "INVALID",
            (
                'mobile number "85266661234" is registered in HK, outside Mainland China: '
                "use Global SMS for it"
            ),
        ),
    ]
    assert len(await listed(root)) == 5


async def test_a_list_of_nothing_valid_is_answered_and_adds_nothing(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    payload = await add(root, form(parts, "nobody"))
    assert (payload["added"], payload["results"][0]["status"]) == (0, "INVALID")
    assert await listed(root) == []


async def test_an_entry_shows_that_it_takes_five_minutes(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, now = console.root(account), console.clock.now
    await add(root, form(parts, "13800138000", "MARKETING"))
    (entry,) = await listed(root)
    assert entry == {
        "id": encode("BlocklistEntry", 1),
        "phone": "+8613800138000",
        "signatureId": encode("Signature", parts.signature_id),
        "signatureContent": "Shop0",
        "smsType": "MARKETING",
        "status": "PENDING",
        "addedAt": now.isoformat(),
        "effectiveAt": (now + timedelta(minutes=5)).isoformat(),
    }
    console.clock.advance(timedelta(minutes=4, seconds=59))
    assert (await listed(root))[0]["status"] == "PENDING"
    console.clock.advance(timedelta(seconds=1))
    assert (await listed(root))[0]["status"] == "EFFECTIVE"
    console.terms = Terms(blocklist_delay=timedelta(hours=1))
    assert (await listed(root))[0]["status"] == "PENDING"


async def test_global_signatures_and_those_not_approved_are_refused_by_name(
    console: Console, account: AccountRow, parts: Parts, far: Parts
) -> None:
    root = console.root(account)
    field = ["input", "signatureId"]
    assert await errors(root, ADD, input=form(far, "13800138000")) == [
        (
            "MISMATCH",
            field,
            (
                'signature "Shop1" is for Global SMS, which has no blocklist: '
                "choose one for Mainland China"
            ),
        )
    ]
    await change(console, SignatureRow, parts.signature_id, status=ReviewStatus.PENDING)
    ((code, where, message),) = await errors(root, ADD, input=form(parts, "13800138000"))
    assert (code, where) == ("WRONG_STATE", field)
    assert message == "signature is pending and cannot be sent with: choose an approved one"
    stranger = console.root(await console.add_account())
    assert await errors(stranger, ADD, input=form(parts, "13800138000")) == [
        ("NOT_FOUND", field, "there is no such signature")
    ]


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        (" \n ", ("REQUIRED", "numbers is empty: enter 1 to 1000 mobile numbers, one a line")),
        (
            "13800138000\n" * 1_001,
            ("LIMIT_EXCEEDED", "numbers has more than 1000 entries: split the list"),
        ),
    ],
)
async def test_a_list_is_bounded(
    console: Console, account: AccountRow, parts: Parts, numbers: str, problem: tuple[str, str]
) -> None:
    found = await errors(console.root(account), ADD, input=form(parts, numbers))
    assert found == [(problem[0], ["input", "numbers"], problem[1])]


async def test_of_many_who_want_the_last_places_nobody_passes_a_thousand(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, form(parts, "\n".join(PHONES[:990])))
    answers = await asyncio.gather(
        *(
            root.run(ADD, input=form(parts, "\n".join(PHONES[n : n + 4]), "MARKETING"))
            for n in range(0, 20, 4)
        )
    )
    payloads = [answer["blocklistAdd"] for answer in answers]
    assert sorted(payload["added"] for payload in payloads) == [0, 0, 0, 4, 4]
    (refused, *_) = [payload["userErrors"] for payload in payloads if payload["userErrors"]]
    assert [(each["code"], each["field"]) for each in refused] == [
        ("LIMIT_EXCEEDED", ["input", "numbers"])
    ]
    assert (await root.run(LIST, first=1))["blocklist"]["totalCount"] == 998
    assert (await add(root, form(parts, "\n".join(PHONES[:992]))))["added"] == 2


async def test_a_removal_is_confirmed_and_final(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, form(parts, "\n".join(PHONES[:3])))
    ids = [entry["id"] for entry in await listed(root)]
    assert await errors(root, REMOVE, input={"ids": ids, "confirm": False}) == [
        (
            "CONSENT_REQUIRED",
            ["input", "confirm"],
            (
                "a removal cannot be undone, and the numbers get messages again at once: "
                "confirm it with true"
            ),
        )
    ]
    assert len(await listed(root)) == 3
    given = {"ids": [ids[0], ids[2], ids[0]], "confirm": True}
    payload = (await root.run(REMOVE, input=given))["blocklistRemove"]
    assert payload == {"deletedIds": [ids[0], ids[2]], "userErrors": []}
    assert [entry["id"] for entry in await listed(root)] == [ids[1]]
    again = [ids[1], ids[2], ids[0]]
    message = "there is no such entry on the blocklist: read it again"
    assert await errors(root, REMOVE, input={"ids": again, "confirm": True}) == [
        ("NOT_FOUND", ["input", "ids", "1"], message),
        ("NOT_FOUND", ["input", "ids", "2"], message),
    ]
    assert [entry["id"] for entry in await listed(root)] == [ids[1]]
    assert (await add(root, form(parts, "\n".join(PHONES[:3]))))["added"] == 2


@pytest.mark.parametrize(("count", "codes"), [(0, ["REQUIRED"]), (101, ["TOO_LARGE"])])
async def test_a_removal_is_bounded(
    console: Console, account: AccountRow, count: int, codes: list[str]
) -> None:
    ids = [encode("BlocklistEntry", n) for n in range(1, count + 1)]
    found = await errors(console.root(account), REMOVE, input={"ids": ids, "confirm": True})
    assert [code for code, _, _ in found] == codes


async def test_the_list_is_searched_by_number_and_signature(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root = console.root(account)
    await add(root, form(parts, "13800138000 13800138001"))
    await add(root, form(parts, "13800138000", "MARKETING"))
    signature = encode("Signature", parts.signature_id)
    for written in ("13800138000", "+86 138 0013 8000", "００８６１３８００１３８０００"):
        found = await listed(root, phone=written, signature=signature)
        assert [each["smsType"] for each in found] == ["MARKETING", "REGULAR"]
    assert len(await listed(root, type="REGULAR")) == 2
    assert await listed(root, signature=encode("Signature", 999)) == []
    page = (await root.run(LIST, first=2))["blocklist"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert len(await listed(root, after=page["pageInfo"]["endCursor"])) == 1
    answer = await root.ask(LIST, phone="1380013800")
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message.startswith('mobile number "1380013800" is not a Mainland')


async def test_a_page_costs_the_same_statements_however_long_it_is(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, counts = console.root(account), []
    for numbers in (PHONES[:1], PHONES[:100]):
        await add(root, form(parts, "\n".join(numbers)))
        with Statements(console.database) as statements:
            assert len(await listed(root, first=100)) == len(numbers)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_long_list_costs_no_more_statements_than_a_short_one(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    root, counts = console.root(account), []
    for numbers in (PHONES[:2], PHONES[2:1_000]):
        with Statements(console.database) as statements:
            await add(root, form(parts, "\n".join(numbers)))
        counts.append(len(statements))
    assert counts[1] <= counts[0] + 1


async def test_who_may_only_read_changes_nothing_and_strangers_see_nothing(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    writer = await console.sub(account, "QcloudSMSFullAccess", name="writer")
    await add(writer, form(parts, "13800138000"))
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess", name="reader")
    (entry,) = await listed(reader)
    given = {"ids": [entry["id"]], "confirm": True}
    for caller, document, variables in (
        (reader, ADD, {"input": form(parts, "13800138001")}),
        (reader, REMOVE, {"input": given}),
    ):
        assert (await caller.ask(document, **variables)).code == "FORBIDDEN"
    stranger = console.root(await console.add_account())
    before = await console.digest()
    assert await listed(stranger) == []
    by_id = "query ($id: ID!) { blocklistEntry(id: $id) { phone } }"
    assert (await stranger.run(by_id, id=entry["id"]))["blocklistEntry"] is None
    assert [code for code, _, _ in await errors(stranger, REMOVE, input=given)] == ["NOT_FOUND"]
    assert await console.digest() == before
    assert (await reader.run(by_id, id=entry["id"]))["blocklistEntry"]["phone"] == "+8613800138000"
