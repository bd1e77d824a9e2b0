"""Operators keep the table of routes, and ask where a number goes."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from db import carrier, carrier_state, route
from db.account import AccountRow
from db.vault import Vault
from delivery.carriers.base import LiveState
from domain.carrier_form import Draft
from domain.carrier_settings import Smpp
from domain.route import Target
from domain.route_form import ROUTES_MOST, Conditions
from domain.route_form import Draft as RouteDraft
from graph.node import encode
from tests.console import KEY, START, Caller, Console, Statements

ROUTE = """
  id position enabled note fallback createdAt updatedAt
  conditions { region country prefix smsType accountUin }
  targets { carrier weight }
"""
CREATE = f"""
mutation ($input: RouteCreateInput!) {{
  routeCreate(input: $input) {{ route {{ {ROUTE} }} userErrors {{ code field message }} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: RouteUpdateInput!) {{
  routeUpdate(id: $id, input: $input) {{ route {{ {ROUTE} }} userErrors {{ code field message }} }}
}}
"""
MOVE = f"""
mutation ($id: ID!, $position: Int!) {{
  routeMove(id: $id, position: $position) {{
    route {{ {ROUTE} }} userErrors {{ code field message }}
  }}
}}
"""
DELETE = """
mutation ($id: ID!) { routeDelete(id: $id) { deletedId userErrors { code field message } } }
"""
LIST = f"{{ routes {{ {ROUTE} }} }}"
ONE = f"query ($id: ID!) {{ route(id: $id) {{ {ROUTE} }} }}"
DRY_RUN = """
query ($number: String!, $smsType: SmsType = REGULAR, $accountUin: String) {
  routeDryRun(number: $number, smsType: $smsType, accountUin: $accountUin) {
    number country region code
    route { position }
    carriers { carrier weight share paused connected hasRoom }
    skipped { route { position } reasons }
  }
}
"""
ANYTHING = {
    "region": None,
    "country": None,
    "prefix": None,
    "smsType": None,
    "accountUin": None,
}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Office:
    """An operator of an installation with the simulator and three carriers, and an account."""

    console: Console
    operator: Caller
    account: AccountRow

    async def create(self, position: int = 1, **given: Any) -> Any:
        form = {"position": position, "targets": [{"carrier": "one"}], **given}
        payload = (await self.operator.run(CREATE, input=form))["routeCreate"]
        assert payload["userErrors"] == []
        return payload["route"]

    async def table(self) -> list[tuple[int, str]]:
        found = (await self.operator.run(LIST))["routes"]
        return [(row["position"], row["note"]) for row in found]

    async def dry_run(self, number: str, **given: Any) -> Any:
        return (await self.operator.run(DRY_RUN, number=number, **given))["routeDryRun"]


@pytest.fixture
async def office(console: Console) -> Office:
    account = await console.add_account()
    async with console.database.write() as session:
        await carrier.ensure_default(session, console.clock.now)
        smpp = Smpp(host="smsc", port=2775, system_id="x", window=10)
        for name in ("one", "two", "three"):
            await carrier.add(session, Draft(name, "", smpp, "s"), Vault(KEY), START)
    return Office(console, await console.operator(), account)


async def test_the_simulator_takes_everything_at_first(office: Office) -> None:
    assert (await office.operator.run(LIST))["routes"] == [
        {
            "id": encode("Route", 1),
            "position": 1,
            "enabled": True,
            "note": "",
            "fallback": None,
            "createdAt": START.isoformat(),
            "updatedAt": START.isoformat(),
            "conditions": ANYTHING,
            "targets": [{"carrier": "simulator", "weight": 1}],
        }
    ]


async def test_a_route_is_put_where_it_is_told_to(office: Office) -> None:
    conditions = {
        "region": "GLOBAL",
        "country": "HK",
        "prefix": "8526",
        "smsType": "MARKETING",
        "accountUin": str(office.account.uin),
    }
    targets = [{"carrier": "two", "weight": 70}, {"carrier": "one", "weight": 30}]
    made = await office.create(
        1, conditions=conditions, targets=targets, fallback="three", note="HK", enabled=False
    )
    assert made == {
        "id": made["id"],
        "position": 1,
        "enabled": False,
        "note": "HK",
        "fallback": "three",
        "createdAt": START.isoformat(),
        "updatedAt": START.isoformat(),
        "conditions": conditions,
        "targets": targets,
    }
    assert (await office.operator.run(ONE, id=made["id"]))["route"] == made
    await office.create(3, note="last")
    assert await office.table() == [(1, "HK"), (2, ""), (3, "last")]
    node = await office.operator.run(
        "query ($id: ID!) { node(id: $id) { ... on Route { note } } }", id=made["id"]
    )
    assert node == {"node": {"note": "HK"}}


async def test_an_update_replaces_conditions_and_targets_as_a_whole(office: Office) -> None:
    made = await office.create(
        conditions={"country": "HK", "smsType": "REGULAR"}, fallback="two", note="a"
    )
    office.console.clock.advance(MINUTE)
    later = {"updatedAt": office.console.clock.now.isoformat()}

    async def update(**given: Any) -> Any:
        payload = (await office.operator.run(UPDATE, id=made["id"], input=given))["routeUpdate"]
        assert payload["userErrors"] == []
        return payload["route"]

    assert await update() == made | later
    changed = {"enabled": False, "note": "b", "fallback": None}
    assert await update(enabled=False, note="b", fallback="") == made | later | changed
    conditions = {**ANYTHING, "prefix": "1"}
    found = await update(conditions={"prefix": "1"})
    assert found == made | later | changed | {"conditions": conditions}
    targets = [{"carrier": "three", "weight": 2}]
    found = await update(targets=targets, fallback="one", enabled=True)
    assert (found["targets"], found["fallback"], found["enabled"]) == (targets, "one", True)
    assert (await office.operator.run(ONE, id=made["id"]))["route"] == found


async def test_routes_move_and_go(office: Office) -> None:
    made = [await office.create(place, note=note) for place, note in enumerate("abc", 1)]
    office.console.clock.advance(MINUTE)
    answer = await office.operator.run(MOVE, id=made[0]["id"], position=4)
    assert answer["routeMove"] == {
        "route": made[0] | {"position": 4, "updatedAt": office.console.clock.now.isoformat()},
        "userErrors": [],
    }
    assert await office.table() == [(1, "b"), (2, "c"), (3, ""), (4, "a")]
    answer = await office.operator.run(DELETE, id=made[1]["id"])
    assert answer["routeDelete"] == {"deletedId": made[1]["id"], "userErrors": []}
    assert await office.table() == [(1, "c"), (2, ""), (3, "a")]
    for document, given in ((DELETE, {}), (MOVE, {"position": 1}), (UPDATE, {"input": {}})):
        refused = await office.operator.refused(document, id=made[1]["id"], **given)
        assert refused == [("NOT_FOUND", ["id"])]
    assert await office.operator.run(ONE, id=made[1]["id"]) == {"route": None}


@pytest.mark.parametrize("position", [0, 3, -1])
async def test_a_place_outside_the_table_is_refused(office: Office, position: int) -> None:
    before = await office.console.digest()
    form = {"position": position, "targets": [{"carrier": "one"}]}
    answer = (await office.operator.run(CREATE, input=form))["routeCreate"]
    assert answer["userErrors"] == [
        {
            "code": "OUT_OF_RANGE",
            "field": ["input", "position"],
            "message": f"position {position} is not in the table: enter 1 to 2",
        }
    ]
    moved = await office.operator.refused(MOVE, id=encode("Route", 1), position=position)
    assert moved == [("OUT_OF_RANGE", ["position"])]
    assert await office.console.digest() == before


async def test_a_wrong_form_is_refused_field_by_field(office: Office) -> None:
    made = await office.create()
    before = await office.console.digest()
    wrong = {
        "conditions": {"country": "XX", "prefix": "0", "accountUin": "x"},
        "targets": [{"carrier": "one", "weight": 101}, {"carrier": "one"}],
        "note": "n" * 201,
    }
    fields = [
        ("INVALID", ["input", "conditions", "country"]),
        ("INVALID", ["input", "conditions", "prefix"]),
        ("INVALID", ["input", "conditions", "accountUin"]),
        ("OUT_OF_RANGE", ["input", "targets", "0", "weight"]),
        ("INVALID", ["input", "targets", "1", "carrier"]),
        ("TOO_LONG", ["input", "note"]),
    ]
    assert await office.operator.refused(CREATE, input={"position": 1, **wrong}) == fields
    assert await office.operator.refused(UPDATE, id=made["id"], input=wrong) == fields
    assert await office.console.digest() == before


async def test_carriers_and_account_have_to_exist(office: Office) -> None:
    made = await office.create()
    before = await office.console.digest()
    wrong = {"targets": [{"carrier": "four"}], "fallback": "five"}
    fields = [
        ("NOT_FOUND", ["input", "targets", "0", "carrier"]),
        ("NOT_FOUND", ["input", "fallback"]),
    ]
    assert await office.operator.refused(CREATE, input={"position": 1, **wrong}) == fields
    assert await office.operator.refused(UPDATE, id=made["id"], input=wrong) == fields
    nobody = {"conditions": {"accountUin": "999"}}
    answer = (await office.operator.run(UPDATE, id=made["id"], input=nobody))["routeUpdate"]
    assert answer["userErrors"] == [
        {
            "code": "NOT_FOUND",
            "field": ["input", "conditions", "accountUin"],
            "message": 'there is no account "999"',
        }
    ]
    assert await office.console.digest() == before


async def test_the_table_holds_two_hundred_routes_of_ten_targets(office: Office) -> None:
    async with office.console.database.write() as session:
        await route.hold(session)
        for place in range(2, ROUTES_MOST):
            draft = RouteDraft(Conditions(), (Target("one", 1),), None, "")
            await route.add(session, draft, place, START)
    last, over = await asyncio.gather(
        *(
            office.operator.run(CREATE, input={"position": 1, "targets": [{"carrier": "one"}]})
            for _ in range(2)
        )
    )
    codes = [e["code"] for answer in (last, over) for e in answer["routeCreate"]["userErrors"]]
    assert codes == ["LIMIT_EXCEEDED"]
    assert len(await office.table()) == ROUTES_MOST
    many = {"targets": [{"carrier": f"c{number}"} for number in range(11)]}
    refused = await office.operator.refused(UPDATE, id=encode("Route", 1), input=many)
    assert refused == [("LIMIT_EXCEEDED", ["input", "targets"])]


async def test_changes_at_the_same_time_keep_the_table_whole(office: Office) -> None:
    made = [await office.create(1, note=note) for note in "abcd"]
    await asyncio.gather(
        office.operator.run(MOVE, id=made[0]["id"], position=1),
        office.operator.run(MOVE, id=made[3]["id"], position=5),
        office.operator.run(DELETE, id=made[1]["id"]),
        office.create(2, note="e"),
    )
    table = await office.table()
    assert [position for position, _ in table] == [1, 2, 3, 4, 5]
    assert sorted(note for _, note in table) == ["", "a", "c", "d", "e"]


async def test_a_dry_run_says_who_takes_a_number_and_why_not_those_before(office: Office) -> None:
    uin = str(office.account.uin)
    await office.create(1, conditions={"country": "US"}, note="US")
    await office.create(2, conditions={"prefix": "8526", "accountUin": uin}, enabled=False)
    targets = [{"carrier": "one", "weight": 30}, {"carrier": "two", "weight": 10}]
    await office.create(3, conditions={"accountUin": uin}, targets=targets, fallback="three")
    now = office.console.clock.now
    states = {
        "one": LiveState(binds=1, binds_wanted=1, window=9, rate=1),
        "two": LiveState(binds=1, binds_wanted=1, window=10, rate=1),
        "three": LiveState(binds=0, binds_wanted=1, window=0, rate=0),
    }
    async with office.console.database.write() as session:
        await carrier_state.write(session, "w1", states, now)
    there = {"paused": False, "connected": True}
    away = {"paused": False, "connected": False, "hasRoom": False}
    found = await office.dry_run("852 6666 1234", accountUin=uin)
    assert found == {
        "number": "+85266661234",
        "country": "HK",
        "region": "GLOBAL",
        "code": None,
        "route": {"position": 3},
        "carriers": [
            {"carrier": "one", "weight": 30, "share": 0.75, **there, "hasRoom": True},
            {"carrier": "two", "weight": 10, "share": 0.25, **there, "hasRoom": False},
            {"carrier": "three", "weight": None, "share": None, **away},
        ],
        "skipped": [
            {"route": {"position": 1}, "reasons": ["COUNTRY"]},
            {"route": {"position": 2}, "reasons": ["DISABLED"]},
        ],
    }
    other = await office.dry_run("13800138000", smsType="MARKETING")
    assert (other["number"], other["country"], other["region"]) == (
        "+8613800138000",
        "CN",
        "MAINLAND",
    )
    assert (other["route"], other["carriers"]) == (
        {"position": 4},
        [{"carrier": "simulator", "weight": 1, "share": 1.0, **away}],
    )
    assert [skip["reasons"] for skip in other["skipped"]] == [
        ["COUNTRY"],
        ["DISABLED", "PREFIX", "ACCOUNT"],
        ["ACCOUNT"],
    ]


async def test_a_carrier_has_room_when_one_worker_has(office: Office) -> None:
    await office.create(1)
    full = LiveState(binds=1, binds_wanted=1, window=10, rate=1)
    free = LiveState(binds=1, binds_wanted=2, window=4, rate=1)

    async def room() -> Any:
        (found,) = (await office.dry_run("13800138000"))["carriers"]
        return (found["hasRoom"], found["paused"])

    async def report(worker: str, state: LiveState) -> None:
        async with office.console.database.write() as session:
            await carrier_state.write(session, worker, {"one": state}, office.console.clock.now)

    assert await room() == (False, False)
    await report("w1", full)
    assert await room() == (False, False)
    await report("w2", free)
    assert await room() == (True, False)
    await office.operator.run(
        "mutation ($id: ID!) { carrierPause(id: $id) { userErrors { code } } }",
        id=encode("Carrier", 2),
    )
    assert await room() == (False, True)


async def test_a_number_without_a_route_is_refused_and_the_dry_run_says_so(office: Office) -> None:
    await office.operator.run(DELETE, id=encode("Route", 1))
    await office.create(1, conditions={"region": "MAINLAND"})
    found = await office.dry_run("+85266661234")
    assert (found["route"], found["carriers"], found["code"]) == (None, [], "NOROUTE")
    assert found["skipped"] == [{"route": {"position": 1}, "reasons": ["REGION"]}]


async def test_a_dry_run_of_no_number_is_a_wrong_argument(office: Office) -> None:
    answer = await office.operator.ask(DRY_RUN, number="12345")
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message.startswith('mobile number "12345" is not a mobile number')
    assert answer.errors[0].extensions["argument"] == "number"
    answer = await office.operator.ask(DRY_RUN, number="13800138000", accountUin="acme")
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message == '"accountUin" must be a uin such as 12345678, not "acme"'


async def test_statements_do_not_grow_with_the_table(office: Office) -> None:
    async def cost(document: str, **given: Any) -> int:
        with Statements(office.console.database) as counted:
            await office.operator.run(document, **given)
        return len([text for text in counted.texts if "route" in text or "carrier" in text])

    costs = []
    for _ in range(2):
        for _ in range(5):
            await office.create(1, conditions={"country": "US"})
        costs.append((await cost(LIST), await cost(DRY_RUN, number="13800138000")))
    assert costs == [(2, 4), (2, 4)]
    first = encode("Route", 1)
    assert await cost(MOVE, id=first, position=1) <= 5
    assert await cost(UPDATE, id=first, input={"note": "x"}) <= 7
    form = {"position": 1, "targets": [{"carrier": "one"}, {"carrier": "two"}]}
    assert await cost(CREATE, input=form) <= 6
    assert await cost(DELETE, id=first) <= 5


async def test_nobody_of_an_account_sees_or_changes_a_route(office: Office) -> None:
    console, identity = office.console, {"id": encode("Route", 1)}
    callers = [
        console.root(office.account),
        await console.sub(office.account, "QcloudSMSFullAccess", "QcloudCamFullAccess"),
    ]
    calls: list[tuple[str, dict[str, Any]]] = [
        (LIST, {}),
        (ONE, identity),
        (DRY_RUN, {"number": "13800138000"}),
        (CREATE, {"input": {"position": 1, "targets": [{"carrier": "one"}]}}),
        (UPDATE, {**identity, "input": {"enabled": False}}),
        (MOVE, {**identity, "position": 1}),
        (DELETE, identity),
    ]
    before = await console.digest()
    for caller in callers:
        for document, given in calls:
            assert (await caller.ask(document, **given)).code == "FORBIDDEN"
    for document, given in calls:
        assert (await console.anybody().ask(document, **given)).code == "UNAUTHENTICATED"
    assert await console.digest() == before
