"""Operators set carriers up, change, pause and delete them, and see how they do."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy

from db import carrier, carrier_state, route
from db.carrier import CarrierRow
from delivery.carriers.base import LiveState
from domain.carrier_form import Draft
from domain.carrier_settings import Smpp
from graph.node import encode
from tests.console import START, Caller, Console, Statements

SETTINGS = """
  host port tls tlsCa tlsVerify tlsName systemId systemType bindMode binds window throughput
  alphabet longMessages receipts receiptIds receiptZone senderId sourceTon sourceNpi destTon
  destNpi enquireLinkSeconds responseTimeoutSeconds extraTlvs { tag value }
"""
STATE = """
  state {
    binds bindsWanted window rate error errorAt
    workers { worker binds bindsWanted window rate error errorAt seenAt }
  }
"""
CARRIER = f"""
  id name kind paused note createdAt updatedAt smpp {{ {SETTINGS} }} {STATE}
"""
CREATE = f"""
mutation ($input: CarrierCreateInput!) {{
  carrierCreate(input: $input) {{
    carrier {{ {CARRIER} }} userErrors {{ code field message }}
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: CarrierUpdateInput!) {{
  carrierUpdate(id: $id, input: $input) {{
    carrier {{ {CARRIER} }} userErrors {{ code field message }}
  }}
}}
"""
SWITCH = """
mutation ($id: ID!) {
  %s(id: $id) { carrier { name paused updatedAt } userErrors { code field message } }
}
"""
PAUSE, RESUME = SWITCH % "carrierPause", SWITCH % "carrierResume"
DELETE = """
mutation ($id: ID!) { carrierDelete(id: $id) { deletedId userErrors { code field message } } }
"""
LIST = f"{{ carriers {{ {CARRIER} }} }}"
ONE = f"query ($id: ID!) {{ carrier(id: $id) {{ {CARRIER} }} }}"
SECRET = "s3cret-pw"
MINUTE = timedelta(minutes=1)


def form(**smpp: Any) -> dict[str, Any]:
    reach = {"host": "smsc.example.com", "port": 2775, "systemId": "console", "password": SECRET}
    return {"name": "acme", "note": "The first", "smpp": reach | smpp}


async def create(operator: Caller, name: str = "acme", **smpp: Any) -> Any:
    answer = await operator.run(CREATE, input=form(**smpp) | {"name": name})
    assert answer["carrierCreate"]["userErrors"] == []
    return answer["carrierCreate"]["carrier"]


async def password(console: Console, name: str = "acme") -> str:
    async with console.database.read() as session:
        (row,) = [row for row in await carrier.in_force(session) if row.name == name]
    return row.password(console.vault)


@pytest.fixture
async def operator(console: Console) -> Caller:
    """An operator of an installation that has its simulator."""
    async with console.database.write() as session:
        await carrier.ensure_default(session, console.clock.now)
    return await console.operator()


async def test_the_simulator_is_there_at_first(operator: Caller) -> None:
    assert (await operator.run(LIST))["carriers"] == [
        {
            "id": encode("Carrier", 1),
            "name": "simulator",
            "kind": "SIMULATOR",
            "paused": False,
            "note": "",
            "createdAt": START.isoformat(),
            "updatedAt": START.isoformat(),
            "smpp": None,
            "state": {
                "binds": 0,
                "bindsWanted": 0,
                "window": 0,
                "rate": 0.0,
                "error": "",
                "errorAt": None,
                "workers": [],
            },
        }
    ]


async def test_a_carrier_is_created_with_the_usual_settings(
    console: Console, operator: Caller
) -> None:
    made = await create(operator)
    assert (made["name"], made["kind"], made["note"]) == ("acme", "SMPP", "The first")
    assert made["smpp"] == {
        "host": "smsc.example.com",
        "port": 2775,
        "tls": False,
        "tlsCa": "",
        "tlsVerify": True,
        "tlsName": "",
        "systemId": "console",
        "systemType": "",
        "bindMode": "TRANSCEIVER",
        "binds": 1,
        "window": 10,
        "throughput": None,
        "alphabet": "GSM",
        "longMessages": "UDH",
        "receipts": True,
        "receiptIds": "SAME",
        "receiptZone": "UTC",
        "senderId": "",
        "sourceTon": None,
        "sourceNpi": None,
        "destTon": 1,
        "destNpi": 1,
        "enquireLinkSeconds": 30,
        "responseTimeoutSeconds": 20,
        "extraTlvs": [],
    }
    assert await password(console) == SECRET
    assert (await operator.run(ONE, id=made["id"]))["carrier"] == made
    assert [each["name"] for each in (await operator.run(LIST))["carriers"]] == [
        "acme",
        "simulator",
    ]
    node = await operator.run(
        "query ($id: ID!) { node(id: $id) { ... on Carrier { name } } }", id=made["id"]
    )
    assert node == {"node": {"name": "acme"}}


async def test_every_setting_can_be_given_and_changed(operator: Caller) -> None:
    given: dict[str, Any] = {
        "host": "192.0.2.7",
        "port": 3550,
        "tls": True,
        "tlsVerify": False,
        "tlsName": "smsc.example.com",
        "systemId": "other",
        "systemType": "SMPP",
        "bindMode": "SEPARATE",
        "binds": 3,
        "window": 50,
        "throughput": 100,
        "alphabet": "LATIN1",
        "longMessages": "PAYLOAD",
        "receipts": False,
        "receiptIds": "DECIMAL",
        "receiptZone": "Asia/Shanghai",
        "senderId": "Example",
        "sourceTon": 5,
        "sourceNpi": 0,
        "destTon": 2,
        "destNpi": 8,
        "enquireLinkSeconds": 60,
        "responseTimeoutSeconds": 5,
        "extraTlvs": [{"tag": "1400", "value": "00ff"}],
    }
    shown = {**given, "tlsCa": "", "extraTlvs": [{"tag": "0x1400", "value": "00ff"}]}
    made = await create(operator, **given)
    assert made["smpp"] == shown
    plain = await create(operator, "plain")
    answer = await operator.run(
        UPDATE, id=plain["id"], input={"smpp": {**given, "password": SECRET}}
    )
    assert answer["carrierUpdate"]["carrier"]["smpp"] == shown


async def test_what_is_left_out_of_an_update_stays(console: Console, operator: Caller) -> None:
    made = await create(operator, throughput=10, sourceTon=5, window=20)
    console.clock.advance(MINUTE)
    answer = await operator.run(UPDATE, id=made["id"], input={"smpp": {"port": 3550}})
    assert answer["carrierUpdate"] == {
        "carrier": {
            **made,
            "smpp": {**made["smpp"], "port": 3550},
            "updatedAt": (START + MINUTE).isoformat(),
        },
        "userErrors": [],
    }
    answer = await operator.run(
        UPDATE,
        id=made["id"],
        input={"note": "", "smpp": {"throughput": None, "sourceTon": None, "window": None}},
    )
    changed = answer["carrierUpdate"]["carrier"]
    assert changed["note"] == ""
    assert changed["smpp"] == {
        **made["smpp"],
        "port": 3550,
        "throughput": None,
        "sourceTon": None,
    }
    assert await password(console) == SECRET


async def test_a_password_changes_when_it_is_given(console: Console, operator: Caller) -> None:
    made = await create(operator)
    await operator.run(UPDATE, id=made["id"], input={"smpp": {"password": "other"}})
    assert await password(console) == "other"
    moved = {"smpp": {"host": "192.0.2.66"}}
    before = await console.digest()
    answer = await operator.run(UPDATE, id=made["id"], input=moved)
    assert answer["carrierUpdate"] == {
        "carrier": None,
        "userErrors": [
            {
                "code": "REQUIRED",
                "field": ["input", "smpp", "password"],
                "message": 'password is needed again: the old one was for "smsc.example.com"',
            }
        ],
    }
    assert await console.digest() == before
    moved["smpp"]["password"] = "third"
    answer = await operator.run(UPDATE, id=made["id"], input=moved)
    assert answer["carrierUpdate"]["carrier"]["smpp"]["host"] == "192.0.2.66"
    assert await password(console) == "third"


async def test_a_password_stands_nowhere_in_clear(
    console: Console, operator: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await create(operator)
    other = SECRET + "-2"
    answers = [
        await operator.run(UPDATE, id=made["id"], input={"smpp": {"password": other}}),
        await operator.run(CREATE, input=form()),
        await operator.run(CREATE, input=form(password=other * 10)),
        await operator.run(CREATE, input=form(password=f"{other}\u00e9")),
        await operator.run(LIST),
    ]
    assert SECRET not in str(answers)
    assert SECRET not in caplog.text
    async with console.database.read() as session:
        connection = await session.connection()
        for table in CarrierRow.metadata.sorted_tables:
            rows = (await connection.execute(sqlalchemy.select(table))).all()
            assert SECRET not in str(rows)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"smpp": form()["smpp"]},
            (
                "Variable '$input' has invalid value: Expected value of type "
                "'CarrierCreateInput' to include required field 'name'"
            ),
        ),
        (
            form(password=[SECRET]),
            (
                "Variable '$input' has invalid value at .smpp.password: String cannot represent "
                "a non string value"
            ),
        ),
        (
            form(pasword=SECRET),
            (
                "Variable '$input' has invalid value at .smpp: Expected value of type "
                "'SmppCreateInput' not to include unknown field 'pasword'. Did you mean "
                "'password'?"
            ),
        ),
        (
            {"name": "acme", "smpp": SECRET},
            (
                "Variable '$input' has invalid value at .smpp: Expected value of type "
                "'SmppCreateInput' to be an object"
            ),
        ),
    ],
)
async def test_an_input_that_cannot_be_read_is_not_quoted(
    operator: Caller, given: dict[str, Any], said: str
) -> None:
    answer = await operator.ask(CREATE, input=given)
    assert (answer.code, answer.errors[0].message) == ("BAD_USER_INPUT", said)


async def test_a_wrong_form_is_refused_field_by_field(console: Console, operator: Caller) -> None:
    before = await console.digest()
    wrong = form(port=0, senderId="much too long", extraTlvs=[{"tag": "zz", "value": ""}])
    answer = await operator.run(CREATE, input=wrong | {"name": "Acme"})
    assert answer["carrierCreate"]["carrier"] is None
    assert [(e["code"], e["field"]) for e in answer["carrierCreate"]["userErrors"]] == [
        ("INVALID", ["input", "name"]),
        ("OUT_OF_RANGE", ["input", "smpp", "port"]),
        ("TOO_LONG", ["input", "smpp", "senderId"]),
        ("INVALID", ["input", "smpp", "extraTlvs", "0", "tag"]),
    ]
    assert await console.digest() == before
    made = await create(operator)
    before = await console.digest()
    wrong = {"note": "n" * 201, "smpp": {"enquireLinkSeconds": 4, "password": ""}}
    assert await operator.refused(UPDATE, id=made["id"], input=wrong) == [
        ("TOO_LONG", ["input", "note"]),
        ("OUT_OF_RANGE", ["input", "smpp", "enquireLinkSeconds"]),
        ("REQUIRED", ["input", "smpp", "password"]),
    ]
    assert await console.digest() == before


async def test_the_simulator_has_a_note_and_no_settings(operator: Caller) -> None:
    simulator = encode("Carrier", 1)
    answer = await operator.run(UPDATE, id=simulator, input={"note": "For tests"})
    assert answer["carrierUpdate"]["carrier"]["note"] == "For tests"
    assert await operator.refused(UPDATE, id=simulator, input={"smpp": {"port": 1}}) == [
        ("INVALID", ["input", "smpp"])
    ]


async def test_a_name_is_given_once(operator: Caller) -> None:
    answers = await asyncio.gather(*(operator.run(CREATE, input=form()) for _ in range(3)))
    errors = [e for answer in answers for e in answer["carrierCreate"]["userErrors"]]
    taken = {
        "code": "TAKEN",
        "field": ["input", "name"],
        "message": 'name "acme" is taken: choose another',
    }
    assert errors == [taken, taken]
    assert len((await operator.run(LIST))["carriers"]) == 2
    answer = await operator.run(CREATE, input=form() | {"name": "simulator"})
    assert [e["code"] for e in answer["carrierCreate"]["userErrors"]] == ["TAKEN"]


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
