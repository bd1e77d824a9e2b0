"""Operators keep the table of routes."""

import asyncio
from typing import Any

import pytest

from db import route
from domain.route import Target
from domain.route_form import ROUTES_MOST, Conditions
from domain.route_form import Draft as RouteDraft
from graph.node import encode
from tests.console import START, Statements
from tests.graph.routing import (
    ANYTHING,
    CREATE,
    DELETE,
    DRY_RUN,
    LIST,
    MINUTE,
    MOVE,
    ONE,
    UPDATE,
    Office,
)


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


async def test_statements_do_not_grow_with_the_table(office: Office) -> None:
    async def cost(document: str, **given: Any) -> int:
        with Statements(office.console.database) as counted:
            await office.operator.run(document, **given)
        return len([text for text in counted.texts if "route" in text or "carrier" in text])

    costs = []
    for _ in range(2):
        for _ in range(5):
            await office.create(1, conditions={"country": "US"})
        costs.append((await cost(LIST), await cost(DRY_RUN, phone="13800138000")))
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
        (DRY_RUN, {"phone": "13800138000"}),
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
