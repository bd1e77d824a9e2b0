"""Operators set carriers up and change them."""

import asyncio
from typing import Any

from graph.node import encode
from tests.console import START, Caller, Console
from tests.graph.carriers import (
    CREATE,
    LIST,
    MINUTE,
    ONE,
    SECRET,
    UPDATE,
    create,
    form,
    password,
)


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
