"""Ordering, listing and cancelling dumps through the schema (STA-8)."""

from collections.abc import Sequence
from typing import Any

import pytest

from db.account import AccountRow
from db.dump import DumpRow
from domain.dump import DumpKind, DumpStatus
from domain.region import Region
from graph.node import encode
from tests.console import START, Caller, Console, Statements

FIELDS = """
  id kind status region start end phone applicationId templateId bulkTaskId state
  createdAt createdBy rows size sha256 problem readyAt expiresAt endedAt
"""
ORDER = f"""
mutation ($input: DumpOrderInput!) {{
  dumpOrder(input: $input) {{ dump {{ {FIELDS} }} userErrors {{ code field message }} }}
}}
"""
CANCEL = """
mutation ($id: ID!) {
  dumpCancel(id: $id) { dump { status endedAt } userErrors { code field message } }
}
"""
LIST = """
query ($statuses: [DumpStatus!], $first: Int!, $after: String) {
  dumps(statuses: $statuses, first: $first, after: $after) {
    nodes { id status } totalCount pageInfo { hasNextPage endCursor }
  }
}
"""
LINK = "query ($id: ID!) { dumpDownload(id: $id) { url fileName expiresAt } }"
BAD_NUMBER = (
    'mobile number "12" is not a Mainland China mobile number: write 11 digits, such as 13800138000'
)
ONE = "query ($id: ID!) { dump(id: $id) { id } }"
YEAR = {"region": "MAINLAND", "from": "2025-03-03", "to": "2026-03-02"}


async def order(caller: Caller, **changes: Any) -> dict[str, Any]:
    payload = (await caller.run(ORDER, input={**YEAR, **changes}))["dumpOrder"]
    assert payload["userErrors"] == []
    dump: dict[str, Any] = payload["dump"]
    return dump


async def add(console: Console, account: AccountRow, status: DumpStatus) -> str:
    """Add a dump that stands so; gives its id."""
    row = DumpRow(
        account_uin=account.uin,
        kind=DumpKind.RECORDS,
        status=status,
        region=Region.MAINLAND,
        start=START,
        end=START,
        created_at=START,
        created_by=account.uin,
    )
    async with console.database.write() as session:
        session.add(row)
    return encode("Dump", row.id)


async def test_an_order_is_shown_as_it_was_given_until_now(console: Console) -> None:
    account = await console.add_account()
    filters = {
        "phone": "138 0013 8000",
        "applicationId": encode("Application", 1_400_000_000),
        "templateId": encode("Template", 3),
        "bulkTaskId": encode("BulkTask", 4),
        "state": "FAILED",
    }
    root = console.root(account)
    dump = await order(root, **filters)
    now = START.isoformat()
    assert dump == {
        "id": encode("Dump", 1),
        "kind": "RECORDS",
        "status": "WAITING",
        "region": "MAINLAND",
        "start": "2025-03-02T16:00:00+00:00",
        "end": now,
        **filters,
        "phone": "+8613800138000",
        "createdAt": now,
        "createdBy": str(account.uin),
        "rows": 0,
        **dict.fromkeys(("size", "sha256", "problem", "readyAt", "expiresAt", "endedAt")),
    }
    shown = await root.run(f"query ($id: ID!) {{ dump(id: $id) {{ {FIELDS} }} }}", id=dump["id"])
    assert shown["dump"] == dump
    node = await root.run("query ($id: ID!) { node(id: $id) { __typename id } }", id=dump["id"])
    assert node["node"] == {"__typename": "Dump", "id": dump["id"]}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"from": "2025-03-01"},
            [
                (
                    "OUT_OF_RANGE",
                    ["input", "to"],
                    '"2025-03-01" to "2026-03-02" is 367 days: ask for at most 366 at once',
                )
            ],
        ),
        (
            {"to": "2025-03-02"},
            [
                (
                    "OUT_OF_RANGE",
                    ["input", "to"],
                    '"2025-03-02" lies before "2025-03-03": give the later day as "to"',
                )
            ],
        ),
        (
            {"from": "2026-03-03", "to": "2026-03-03"},
            [
                (
                    "OUT_OF_RANGE",
                    ["input", "from"],
                    '"2026-03-03" is still to come: give a day that has begun',
                )
            ],
        ),
        (
            {"from": "1999-12-31", "to": "1999-12-31", "phone": "12"},
            [
                (
                    "INVALID",
                    ["input", "phone"],
                    BAD_NUMBER,
                ),
                (
                    "OUT_OF_RANGE",
                    ["input", "from"],
                    '"1999-12-31" is out of range: give a day from "2000-01-01" to "2999-12-31"',
                ),
            ],
        ),
        (
            {"kind": "REPLIES", "state": "FAILED", "bulkTaskId": encode("BulkTask", 1)},
            [
                (
                    "INVALID",
                    ["input", "bulkTaskId"],
                    "replies are not narrowed by it: leave it out",
                ),
                ("INVALID", ["input", "state"], "replies are not narrowed by it: leave it out"),
            ],
        ),
        (
            {"templateId": encode("Application", 1)},
            [
                (
                    "INVALID",
                    ["input", "templateId"],
                    '"QXBwbGljYXRpb246MQ" is the id of an Application, not of a Template',
                )
            ],
        ),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_with_every_reason(
    console: Console, changes: dict[str, str], told: Sequence[tuple[str, list[str], str]]
) -> None:
    root = console.root(await console.add_account())
    before = await console.digest()
    payload = (await root.run(ORDER, input={**YEAR, **changes}))["dumpOrder"]
    assert [(e["code"], e["field"], e["message"]) for e in payload["userErrors"]] == list(told)
    assert await console.digest() == before


async def test_five_at_a_time_and_cancelling_makes_room(console: Console) -> None:
    root = console.root(await console.add_account())
    ids = [(await order(root))["id"] for _ in range(5)]
    payload = (await root.run(ORDER, input=YEAR))["dumpOrder"]
    assert payload["userErrors"] == [
        {
            "code": "LIMIT_EXCEEDED",
            "field": None,
            "message": "at most 5 dumps of records in work or kept at the same time, and 1 more "
            "would pass that: cancel one, or wait",
        }
    ]
    cancelled = (await root.run(CANCEL, id=ids[0]))["dumpCancel"]
    assert cancelled["dump"] == {"status": "CANCELLED", "endedAt": START.isoformat()}
    await order(root)
    again = (await root.run(CANCEL, id=ids[0]))["dumpCancel"]
    assert again["userErrors"] == [
        {
            "code": "WRONG_STATE",
            "field": ["id"],
            "message": "dump is cancelled and cannot become cancelled: cancel is possible while it "
            "is waiting or running or ready",
        }
    ]


async def test_dumps_of_another_account_are_not_there(console: Console) -> None:
    account, other = await console.add_account(), await console.add_account()
    dump = await add(console, account, DumpStatus.READY)
    stranger = console.root(other)
    assert await stranger.refused(CANCEL, id=dump) == [("NOT_FOUND", ["id"])]
    assert await stranger.run(LINK, id=dump) == {"dumpDownload": None}
    assert (await stranger.run("query ($id: ID!) { dump(id: $id) { id } }", id=dump))[
        "dump"
    ] is None
    assert (await stranger.run(LIST, first=10))["dumps"]["totalCount"] == 0


async def test_the_list_is_paged_newest_first_in_one_statement(console: Console) -> None:
    account = await console.add_account()
    ids = [await add(console, account, status) for status in DumpStatus]
    root = console.root(account)
    first = (await root.run(LIST, first=4))["dumps"]
    rest = (await root.run(LIST, first=4, after=first["pageInfo"]["endCursor"]))["dumps"]
    assert [node["id"] for node in (*first["nodes"], *rest["nodes"])] == ids[::-1]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert first["totalCount"] == len(ids)
    held = (await root.run(LIST, first=10, statuses=["READY", "RUNNING", "READY"]))["dumps"]
    assert [node["status"] for node in held["nodes"]] == ["READY", "RUNNING"]
    with Statements(console.database) as few:
        await root.run(LIST.replace("totalCount", ""), first=1)
    with Statements(console.database) as many:
        await root.run(LIST.replace("totalCount", ""), first=6)
    assert len(few) == len(many)


@pytest.mark.parametrize("status", [each for each in DumpStatus if each is not DumpStatus.READY])
async def test_only_a_ready_dump_has_a_link(console: Console, status: DumpStatus) -> None:
    account = await console.add_account()
    dump = await add(console, account, status)
    answer = await console.root(account).ask(LINK, id=dump)
    assert answer.code == "BAD_USER_INPUT"
    way_out = "wait until it is ready" if status in {"waiting", "running"} else "order another"
    assert answer.errors[0].message == (
        f"the dump is {status} and has no file to download: {way_out}"
    )
