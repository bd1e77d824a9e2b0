"""Operators ask where a number goes."""

from typing import Any

from db import carrier_state
from delivery.carriers.base import LiveState
from graph.node import encode
from tests.graph.routing import DELETE, DRY_RUN, Office


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
        "phone": "+85266661234",
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
    assert (other["phone"], other["country"], other["region"]) == (
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
    answer = await office.operator.ask(DRY_RUN, phone="12345")
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message.startswith('mobile number "12345" is not a mobile number')
    assert answer.errors[0].extensions["argument"] == "phone"
    answer = await office.operator.ask(DRY_RUN, phone="13800138000", accountUin="acme")
    assert answer.code == "BAD_USER_INPUT"
    assert answer.errors[0].message == '"accountUin" must be a uin such as 12345678, not "acme"'
