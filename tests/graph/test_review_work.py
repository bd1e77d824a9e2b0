"""Sharing out the queue, its history and its target, as operators meet them (REV-1, REV-2)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.console import START, Caller, Console, Statements
from tests.graph import signing as signatures
from tests.graph import test_template as templates
from tests.graph.test_review import APPROVE, REJECT, queue

CLAIMED = "reviewItem { claimedBy { uin name } claimedUntil } userErrors { code field message }"
CLAIM = f"mutation ($id: ID!) {{ reviewClaim(id: $id) {{ {CLAIMED} }} }}"
RELEASE = f"mutation ($id: ID!) {{ reviewRelease(id: $id) {{ {CLAIMED} }} }}"
LIST = """
query ($claim: ReviewClaim) {
  reviewQueue(claim: $claim) { totalCount nodes { id claimedBy { name } } }
}
"""
HISTORY = """
query ($where: ReviewHistoryFilter, $first: Int!, $after: String) {
  reviewHistory(where: $where, first: $first, after: $after) {
    nodes { kind verdict reason decidedBy { uin } subject { id } }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
"""
TARGET = """
{ reviewTarget { pending overdue oldestSubmittedAt decidedLast7Days withinTarget share } }
"""


def uin(operator: Caller) -> str:
    assert operator.principal is not None
    return str(operator.principal.uin)


def name(operator: Caller) -> str:
    assert operator.principal is not None
    return operator.principal.name


async def history(operator: Caller, where: Any = None, first: int = 20) -> Any:
    return (await operator.run(HISTORY, first=first, where=where))["reviewHistory"]


async def test_a_claimed_item_is_decided_by_nobody_else(console: Console) -> None:
    root = console.root(await console.add_account())
    one, other = await console.operator(), await console.operator()
    await templates.create(root)
    (item,) = (await queue(one))["nodes"]
    until = START + timedelta(minutes=15)
    assert (await one.run(CLAIM, id=item["id"]))["reviewClaim"] == {
        "reviewItem": {
            "claimedBy": {"uin": uin(one), "name": name(one)},
            "claimedUntil": until.isoformat(),
        },
        "userErrors": [],
    }
    refusal = {
        "code": "CONFLICT",
        "field": ["id"],
        "message": f'"{name(one)}" has claimed this template until '
        f'"{until.isoformat(timespec="seconds")}": choose another one',
    }
    before = await console.digest()
    for document in (CLAIM, RELEASE, APPROVE):
        (payload,) = (await other.run(document, id=item["id"])).values()
        assert (payload["reviewItem"], payload["userErrors"]) == (None, [refusal])
    (payload,) = (await other.run(REJECT, id=item["id"], reason="unclear")).values()
    assert payload["userErrors"] == [refusal]
    assert await console.digest() == before
    await one.run(RELEASE, id=item["id"])
    answer = (await other.run(APPROVE, id=item["id"]))["reviewApprove"]
    assert answer["reviewItem"]["verdict"] == "APPROVED"


async def test_the_lease_is_a_setting_and_ends_by_itself(console: Console) -> None:
    console.terms = replace(console.terms, review_lease=timedelta(minutes=1))
    root = console.root(await console.add_account())
    one, other = await console.operator(), await console.operator()
    await templates.create(root)
    (item,) = (await queue(one))["nodes"]
    await one.run(CLAIM, id=item["id"])
    console.clock.advance(timedelta(minutes=1))
    (shown,) = (await queue(other))["nodes"]
    assert (shown["claimedBy"], shown["claimedUntil"]) == (None, None)
    answer = (await other.run(CLAIM, id=item["id"]))["reviewClaim"]
    assert answer["reviewItem"]["claimedBy"]["name"] == name(other)


async def test_the_queue_is_narrowed_to_what_is_free_or_ones_own(console: Console) -> None:
    root = console.root(await console.add_account())
    one, other = await console.operator(), await console.operator()
    for _ in range(2):
        await templates.create(root)
        console.clock.advance(timedelta(seconds=1))
    first, second = [item["id"] for item in (await queue(one))["nodes"]]
    await one.run(CLAIM, id=first)

    async def listed(caller: Caller, claim: str | None) -> list[str]:
        found = (await caller.run(LIST, claim=claim))["reviewQueue"]
        assert found["totalCount"] == len(found["nodes"])
        return [node["id"] for node in found["nodes"]]

    assert await listed(one, None) == [first, second]
    assert await listed(one, "MINE") == [first]
    assert await listed(other, "MINE") == []
    assert await listed(other, "UNCLAIMED") == [second]


async def test_history_tells_who_decided_what_and_why(console: Console) -> None:
    root = console.root(await console.add_account())
    one, other = await console.operator(), await console.operator()
    signature = await signatures.create(root)
    template = await templates.create(root)
    items = {item["subject"]["id"]: item["id"] for item in (await queue(one))["nodes"]}
    console.clock.advance(timedelta(minutes=1))
    await one.run(APPROVE, id=items[signature])
    console.clock.advance(timedelta(minutes=1))
    await other.run(REJECT, id=items[template], reason="unclear")
    approved = {
        "kind": "SIGNATURE",
        "verdict": "APPROVED",
        "reason": "",
        "decidedBy": {"uin": uin(one)},
        "subject": {"id": signature},
    }
    rejected = {
        "kind": "TEMPLATE",
        "verdict": "REJECTED",
        "reason": "unclear",
        "decidedBy": {"uin": uin(other)},
        "subject": {"id": template},
    }
    assert (await history(one))["nodes"] == [rejected, approved]
    later = console.clock.now.isoformat()
    for where, expected in (
        ({"kind": "SIGNATURE"}, [approved]),
        ({"verdict": "REJECTED"}, [rejected]),
        ({"operator": uin(one)}, [approved]),
        ({"operator": "1"}, []),
        ({"decidedFrom": later}, [rejected]),
        ({"decidedUntil": later}, [approved]),
    ):
        found = await history(other, where)
        assert (found["nodes"], found["totalCount"]) == (expected, len(expected))
    page = await history(one, first=1)
    after = page["pageInfo"]["endCursor"]
    rest = (await one.run(HISTORY, first=1, after=after))["reviewHistory"]
    assert (page["pageInfo"]["hasNextPage"], rest["nodes"]) == (True, [approved])


async def test_a_filter_that_cannot_be_read_is_a_wrong_argument(console: Console) -> None:
    operator = await console.operator()
    for where in ({"operator": "me"}, {"decidedFrom": "2026-03-02T10:00:00"}):
        assert (await operator.ask(HISTORY, first=1, where=where)).code == "BAD_USER_INPUT"


async def test_a_page_of_history_costs_the_same_statements_however_long_it_is(
    console: Console,
) -> None:
    operator = await console.operator()

    async def decided() -> None:
        root = console.root(await console.add_account())
        await signatures.create(root)
        await templates.create(root)
        reviewer = await console.operator()
        for item in (await queue(operator))["nodes"]:
            await reviewer.run(APPROVE, id=item["id"])

    async def statements() -> int:
        with Statements(console.database) as counted:
            await history(operator, first=100)
        return len(counted)

    await decided()
    few = await statements()
    for _ in range(3):
        await decided()
    assert await statements() == few


async def test_the_target_is_measured_in_open_review_hours(console: Console) -> None:
    root, operator = console.root(await console.add_account()), await console.operator()
    assert await operator.run(TARGET) == {
        "reviewTarget": {
            "pending": 0,
            "overdue": 0,
            "oldestSubmittedAt": None,
            "decidedLast7Days": 0,
            "withinTarget": 0,
            "share": None,
        }
    }
    for _ in range(3):
        await templates.create(root)
    late, timely, _ = [item["id"] for item in (await queue(operator))["nodes"]]
    console.clock.advance(timedelta(hours=2))
    await operator.run(APPROVE, id=timely)
    console.clock.advance(timedelta(seconds=1))
    await operator.run(APPROVE, id=late)
    assert await operator.run(TARGET) == {
        "reviewTarget": {
            "pending": 1,
            "overdue": 1,
            "oldestSubmittedAt": START.isoformat(),
            "decidedLast7Days": 2,
            "withinTarget": 1,
            "share": 0.5,
        }
    }


async def test_only_operators_work_on_the_queue(console: Console) -> None:
    account = await console.add_account()
    root, operator = console.root(account), await console.operator()
    await templates.create(root)
    (item,) = (await queue(operator))["nodes"]
    full = await console.sub(account, "QcloudSMSFullAccess")
    before = await console.digest()
    for caller in (root, full):
        assert (await caller.ask(CLAIM, id=item["id"])).code == "FORBIDDEN"
        assert (await caller.ask(RELEASE, id=item["id"])).code == "FORBIDDEN"
        assert (await caller.ask(HISTORY, first=1)).code == "FORBIDDEN"
        assert (await caller.ask(TARGET)).code == "FORBIDDEN"
    assert await console.digest() == before
