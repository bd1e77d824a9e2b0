"""Operators pause, resume and delete carriers, and see how they do."""

from typing import Any

from db import carrier, carrier_state, route
from delivery.carriers.base import LiveState
from domain.carrier_form import Draft
from domain.carrier_settings import Smpp
from graph.node import encode
from tests.console import START, Caller, Console, Statements
from tests.graph.carriers import (
    CREATE,
    DELETE,
    LIST,
    MINUTE,
    ONE,
    PAUSE,
    RESUME,
    UPDATE,
    create,
    form,
)


async def test_a_paused_carrier_is_resumed(console: Console, operator: Caller) -> None:
    made = await create(operator)
    console.clock.advance(MINUTE)
    paused = {"name": "acme", "paused": True, "updatedAt": console.clock.now.isoformat()}
    for _ in range(2):
        answer = await operator.run(PAUSE, id=made["id"])
        assert answer["carrierPause"] == {"carrier": paused, "userErrors": []}
        console.clock.advance(MINUTE)
    answer = await operator.run(RESUME, id=made["id"])
    assert answer["carrierResume"]["carrier"] == {
        **paused,
        "paused": False,
        "updatedAt": console.clock.now.isoformat(),
    }


async def test_a_carrier_is_deleted_once_no_route_names_it(
    console: Console, operator: Caller
) -> None:
    made = await create(operator)
    create_route = """
    mutation ($input: RouteCreateInput!) {
      routeCreate(input: $input) { route { id } userErrors { message } }
    }
    """
    target = {"position": 1, "targets": [{"carrier": "acme"}]}
    named = (await operator.run(create_route, input=target))["routeCreate"]["route"]["id"]
    before = await console.digest()
    answer = await operator.run(DELETE, id=made["id"])
    assert answer["carrierDelete"] == {
        "deletedId": None,
        "userErrors": [
            {
                "code": "WRONG_STATE",
                "field": ["id"],
                "message": 'carrier "acme" is named by route 1: take it out of them first',
            }
        ],
    }
    assert await console.digest() == before
    await operator.run("mutation ($id: ID!) { routeDelete(id: $id) { deletedId } }", id=named)
    answer = await operator.run(DELETE, id=made["id"])
    assert answer["carrierDelete"] == {"deletedId": made["id"], "userErrors": []}
    assert (await operator.run(ONE, id=made["id"])) == {"carrier": None}
    for document in (DELETE, PAUSE, RESUME):
        assert await operator.refused(document, id=made["id"]) == [("NOT_FOUND", ["id"])]
    assert await operator.refused(UPDATE, id=made["id"], input={}) == [("NOT_FOUND", ["id"])]
    assert await operator.refused(CREATE, input=form()) == [("TAKEN", ["input", "name"])]


async def test_the_simulator_is_not_deleted(console: Console, operator: Caller) -> None:
    before = await console.digest()
    assert await operator.refused(DELETE, id=encode("Carrier", 1)) == [("NOT_PERMITTED", ["id"])]
    assert await console.digest() == before


async def test_how_a_carrier_does_is_summed_over_workers(
    console: Console, operator: Caller
) -> None:
    made = await create(operator, binds=2)
    failed = START - MINUTE
    reports = {
        "w1": LiveState(binds=2, binds_wanted=2, window=7, rate=20.5),
        "w2": LiveState(
            binds=1, binds_wanted=2, window=3, rate=4.5, error="bind refused", error_at=failed
        ),
    }
    for worker, state in reports.items():
        async with console.database.write() as session:
            await carrier_state.write(session, worker, {"acme": state}, console.clock.now)
    one, two = (
        {
            "worker": worker,
            "binds": state.binds,
            "bindsWanted": 2,
            "window": state.window,
            "rate": state.rate,
            "error": state.error,
            "errorAt": state.error_at and failed.isoformat(),
            "seenAt": START.isoformat(),
        }
        for worker, state in reports.items()
    )
    shown = (await operator.run(ONE, id=made["id"]))["carrier"]["state"]
    assert shown == {
        "binds": 3,
        "bindsWanted": 4,
        "window": 10,
        "rate": 25.0,
        "error": "bind refused",
        "errorAt": failed.isoformat(),
        "workers": [one, two],
    }
    console.clock.advance(MINUTE)
    shown = (await operator.run(ONE, id=made["id"]))["carrier"]["state"]
    assert (shown["binds"], shown["workers"]) == (0, [])


async def test_the_list_costs_the_same_statements_however_long_it_is(
    console: Console, operator: Caller
) -> None:
    counts = []
    for number in range(0, 60, 30):
        async with console.database.write() as session:
            for each in range(number, number + 30):
                smpp = Smpp(host="smsc", port=1, system_id="x")
                draft = Draft(f"c{each}", "", smpp, "s")
                await carrier.add(session, draft, console.vault, START)
        with Statements(console.database) as counted:
            await operator.run(LIST)
        counts.append(len([text for text in counted.texts if "carrier" in text]))
    assert counts == [2, 2]


async def test_each_change_costs_few_statements(console: Console, operator: Caller) -> None:
    made = await create(operator)
    costs = {}
    for name, document, given in (
        ("create", CREATE, {"input": form() | {"name": "other"}}),
        ("update", UPDATE, {"id": made["id"], "input": {"smpp": {"port": 1}}}),
        ("pause", PAUSE, {"id": made["id"]}),
        ("delete", DELETE, {"id": made["id"]}),
    ):
        with Statements(console.database) as counted:
            await operator.run(document, **given)
        texts = [text for text in counted.texts if "carrier" in text or "rout" in text]
        costs[name] = len(texts)
    assert costs == {"create": 5, "update": 4, "pause": 3, "delete": 4}


async def test_workers_learn_of_every_change(console: Console, operator: Caller) -> None:
    async def version() -> int:
        async with console.database.read() as session:
            return await route.version(session)

    seen = [await version()]
    made = await create(operator)
    seen.append(await version())
    for document, given in (
        (UPDATE, {"input": {"note": "x"}}),
        (PAUSE, {}),
        (RESUME, {}),
        (DELETE, {}),
    ):
        await operator.run(document, id=made["id"], **given)
        seen.append(await version())
    assert seen == list(range(seen[0], seen[0] + 6))


async def test_nobody_of_an_account_sees_or_changes_a_carrier(
    console: Console, operator: Caller
) -> None:
    made = await create(operator)
    account = await console.add_account()
    callers = [
        console.root(account),
        await console.sub(account, "QcloudSMSFullAccess", "QcloudCamFullAccess"),
    ]
    identity = {"id": made["id"]}
    calls: list[tuple[str, dict[str, Any]]] = [
        (LIST, {}),
        (ONE, identity),
        (CREATE, {"input": form() | {"name": "other"}}),
        (UPDATE, {**identity, "input": {"note": "x", "smpp": {"password": "x"}}}),
        (PAUSE, identity),
        (RESUME, identity),
        (DELETE, identity),
    ]
    before = await console.digest()
    for caller in callers:
        for document, given in calls:
            assert (await caller.ask(document, **given)).code == "FORBIDDEN"
    for document, given in calls:
        assert (await console.anybody().ask(document, **given)).code == "UNAUTHENTICATED"
    assert await console.digest() == before
