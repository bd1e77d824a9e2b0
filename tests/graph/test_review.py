"""The operators' queue (REV-1, REV-2)."""

import asyncio
from datetime import timedelta
from typing import Any

from domain.review import REASON_MOST, REJECT_REASONS
from tests.console import START, Caller, Console, Statements
from tests.graph import signing as signatures
from tests.graph import test_template as templates
from tests.images import image, upload

QUEUE = """
query ($kind: ReviewKind, $region: Region, $accountUin: String, $first: Int!, $after: String) {
  reviewQueue(kind: $kind, region: $region, accountUin: $accountUin, first: $first, after: $after) {
    nodes {
      id kind submittedAt dueAt verdict decidedBy { uin }
      claimedBy { name } claimedUntil
      account { uin name identity verification }
      subject {
        id status expectedDecisionAt reviews { verdict reason automatic }
        ... on Signature { content certificate { url mediaType } authorization { url } }
        ... on Template { name content }
      }
    }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
"""
DECIDED = """
  reviewItem { id verdict reason decidedAt decidedBy { uin } subject { status reason } }
  userErrors { code field message }
"""
APPROVE = f"mutation ($id: ID!) {{ reviewApprove(id: $id) {{ {DECIDED} }} }}"
REJECT = f"""
mutation ($id: ID!, $reason: String!) {{
  reviewReject(id: $id, input: {{reason: $reason}}) {{ {DECIDED} }}
}}
"""
ITEM = "query ($id: ID!) { reviewItem(id: $id) { verdict decidedBy { uin } subject { status } } }"


async def queue(operator: Caller, **filters: Any) -> Any:
    return (await operator.run(QUEUE, **{"first": 20, **filters}))["reviewQueue"]


async def test_an_item_shows_all_that_a_reviewer_needs(console: Console) -> None:
    account = await console.add_account()
    root, operator = console.root(account), await console.operator()
    letter = {"purpose": "OTHERS", "authorization": upload(image("JPEG"))}
    identity = await signatures.create(root, **letter)
    (item,) = (await queue(operator))["nodes"]
    certificate, authorization = (
        item["subject"].pop("certificate"),
        item["subject"].pop("authorization"),
    )
    assert item == {
        "id": item["id"],
        "kind": "SIGNATURE",
        "submittedAt": START.isoformat(),
        "dueAt": (START + timedelta(hours=2)).isoformat(),
        "verdict": None,
        "decidedBy": None,
        "claimedBy": None,
        "claimedUntil": None,
        "account": {
            "uin": str(account.uin),
            "name": account.name,
            "identity": "ORGANIZATION",
            "verification": "VERIFIED",
        },
        "subject": {
            "id": identity,
            "status": "PENDING",
            "expectedDecisionAt": (START + timedelta(hours=2)).isoformat(),
            "reviews": [{"verdict": None, "reason": "", "automatic": False}],
            "content": "腾讯云",
        },
    }
    assert certificate["mediaType"] == "image/png"
    assert authorization["url"] != certificate["url"]


async def test_the_queue_is_oldest_first_over_all_accounts_and_kinds(console: Console) -> None:
    one, other = await console.add_account(), await console.add_account()
    operator = await console.operator()
    await signatures.create(console.root(one))
    console.clock.advance(timedelta(seconds=1))
    await templates.create(console.root(other))
    console.clock.advance(timedelta(seconds=1))
    await templates.create(console.root(one), region="MAINLAND", name="Mine")

    async def listed(**filters: Any) -> list[tuple[str, str]]:
        found = await queue(operator, **filters)
        assert found["totalCount"] == len(found["nodes"])
        return [(item["kind"], item["account"]["uin"]) for item in found["nodes"]]

    mine, theirs = str(one.uin), str(other.uin)
    everything = [("SIGNATURE", mine), ("TEMPLATE", theirs), ("TEMPLATE", mine)]
    assert await listed() == everything
    assert await listed(kind="TEMPLATE") == everything[1:]
    assert await listed(region="GLOBAL") == [("TEMPLATE", theirs)]
    assert await listed(accountUin=mine) == [everything[0], everything[2]]
    assert await listed(accountUin="1") == []
    page = await queue(operator, first=2)
    assert page["pageInfo"]["hasNextPage"]
    rest = await queue(operator, first=2, after=page["pageInfo"]["endCursor"])
    assert [item["subject"]["name"] for item in rest["nodes"]] == ["Mine"]


async def test_an_account_that_is_no_number_is_a_wrong_argument(console: Console) -> None:
    operator = await console.operator()
    for wrong in ("acme", "", "-1", "9" * 19, "\N{ARABIC-INDIC DIGIT ONE}"):
        answer = await operator.ask(QUEUE, first=1, accountUin=wrong)
        assert answer.code == "BAD_USER_INPUT"
        assert '"accountUin" must be a uin such as 12345678' in answer.errors[0].message


async def test_a_page_costs_the_same_statements_however_long_it_is(console: Console) -> None:
    operator = await console.operator()
    for _ in range(2):
        root = console.root(await console.add_account())
        await signatures.create(root)
        await templates.create(root)

    async def statements() -> int:
        with Statements(console.database) as counted:
            await queue(operator, first=100)
        return len(counted)

    few = await statements()
    for _ in range(3):
        root = console.root(await console.add_account())
        await signatures.create(root, purpose="OTHERS", authorization=upload())
        await templates.create(root)
    assert await statements() == few


async def test_approving_takes_effect_and_is_remembered_with_its_operator(
    console: Console,
) -> None:
    root, operator = console.root(await console.add_account()), await console.operator()
    identity = await signatures.create(root)
    (item,) = (await queue(operator))["nodes"]
    console.clock.advance(timedelta(minutes=5))
    answer = (await operator.run(APPROVE, id=item["id"]))["reviewApprove"]
    assert operator.principal is not None
    assert answer == {
        "reviewItem": {
            "id": item["id"],
            "verdict": "APPROVED",
            "reason": "",
            "decidedAt": console.clock.now.isoformat(),
            "decidedBy": {"uin": str(operator.principal.uin)},
            "subject": {"status": "APPROVED", "reason": ""},
        },
        "userErrors": [],
    }
    assert (await queue(operator))["nodes"] == []
    assert (await signatures.read(root, identity))["decidedAt"] == console.clock.now.isoformat()
    kept = (await operator.run(ITEM, id=item["id"]))["reviewItem"]
    assert kept["verdict"] == "APPROVED"
    node = await operator.run(
        "query ($id: ID!) { node(id: $id) { ... on ReviewItem { verdict } } }", id=item["id"]
    )
    assert node == {"node": {"verdict": "APPROVED"}}


async def test_a_rejection_needs_a_reason_of_bounded_length(console: Console) -> None:
    root, operator = console.root(await console.add_account()), await console.operator()
    await templates.create(root)
    (item,) = (await queue(operator))["nodes"]
    before = await console.digest()
    answer = (await operator.run(REJECT, id=item["id"], reason=" "))["reviewReject"]
    assert answer == {
        "reviewItem": None,
        "userErrors": [
            {
                "code": "REQUIRED",
                "field": ["input", "reason"],
                "message": f"reason is empty: enter 1 to {REASON_MOST} characters",
            }
        ],
    }
    long = "x" * (REASON_MOST + 1)
    assert await operator.refused(REJECT, id=item["id"], reason=long) == [
        ("TOO_LONG", ["input", "reason"])
    ]
    assert await console.digest() == before
    answer = (await operator.run(REJECT, id=item["id"], reason=long[1:]))["reviewReject"]
    assert answer["reviewItem"]["subject"] == {"status": "REJECTED", "reason": long[1:]}


async def test_two_reviewers_at_once_decide_once(console: Console) -> None:
    root = console.root(await console.add_account())
    await signatures.create(root)
    first, second = await console.operator(), await console.operator()
    (item,) = (await queue(first))["nodes"]
    answers = await asyncio.gather(
        first.run(APPROVE, id=item["id"]), second.run(REJECT, id=item["id"], reason="unclear")
    )
    errors = [error for a in answers for p in a.values() for error in p["userErrors"]]
    (decided,) = [p["reviewItem"] for a in answers for p in a.values() if p["reviewItem"]]
    verdict = decided["verdict"].lower()
    assert errors == [
        {
            "code": "CONFLICT",
            "field": ["id"],
            "message": f"this signature was {verdict} already: read the queue again",
        }
    ]
    kept = (await first.run(ITEM, id=item["id"]))["reviewItem"]
    assert (kept["verdict"], kept["decidedBy"]) == (decided["verdict"], decided["decidedBy"])


async def test_an_item_the_applicant_has_changed_is_not_decided(console: Console) -> None:
    root, operator = console.root(await console.add_account()), await console.operator()
    identity = await templates.create(root)
    (item,) = (await queue(operator))["nodes"]
    await root.run(templates.UPDATE, id=identity, input={"content": "Something else {1}"})
    answer = (await operator.run(APPROVE, id=item["id"]))["reviewApprove"]
    assert [(error["code"], error["message"]) for error in answer["userErrors"]] == [
        (
            "CONFLICT",
            "the applicant changed or deleted this template meanwhile: read the queue again",
        )
    ]
    assert (await templates.read(root, identity))["status"] == "PENDING"
    await root.run(templates.DELETE, id=identity)
    assert (await queue(operator))["nodes"] == []
    kept = (await operator.run(ITEM, id=item["id"]))["reviewItem"]
    assert kept["verdict"] == "WITHDRAWN"


async def test_an_item_that_never_was_is_not_found(console: Console) -> None:
    operator = await console.operator()
    never = "UmV2aWV3SXRlbTo5OTk"  # ReviewItem:999
    assert await operator.run(ITEM, id=never) == {"reviewItem": None}
    assert await operator.refused(APPROVE, id=never) == [("NOT_FOUND", ["id"])]
    signature = "U2lnbmF0dXJlOjE"  # Signature:1
    assert await operator.refused(APPROVE, id=signature) == [("INVALID", ["id"])]


async def test_reviewers_choose_from_a_catalogue_of_reasons(console: Console) -> None:
    answer = await (await console.operator()).run("{ reviewReasons { key text } }")
    assert answer["reviewReasons"] == [
        {"key": reason.key, "text": reason.text} for reason in REJECT_REASONS
    ]


async def test_only_operators_review(console: Console) -> None:
    account = await console.add_account()
    root, operator = console.root(account), await console.operator()
    await signatures.create(root)
    (item,) = (await queue(operator))["nodes"]
    full = await console.sub(account, "QcloudSMSFullAccess")
    before = await console.digest()
    for caller in (root, full):
        assert (await caller.ask(QUEUE, first=1)).code == "FORBIDDEN"
        assert (await caller.ask(ITEM, id=item["id"])).code == "FORBIDDEN"
        assert (await caller.ask(APPROVE, id=item["id"])).code == "FORBIDDEN"
        assert (await caller.ask(REJECT, id=item["id"], reason="x")).code == "FORBIDDEN"
        assert (await caller.ask("{ reviewReasons { key } }")).code == "FORBIDDEN"
    assert (await console.anybody().ask(APPROVE, id=item["id"])).code == "UNAUTHENTICATED"
    assert await console.digest() == before
