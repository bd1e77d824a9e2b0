"""Versions of a custom policy, and presets that have none (CAM-2, CAM-3)."""

import json
from datetime import timedelta
from typing import Any

from tests.access import (
    FULL,
    POLICY_DELETE,
    POLICY_READ,
    POLICY_UPDATE,
    VERSION_ACTIVATE,
    VERSION_CREATE,
    VERSION_DELETE,
    Company,
    allow,
    can,
    deny,
    document,
)
from tests.console import Console


async def test_five_versions_one_in_force_and_back_again(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("P", allow("sms:AddApp"))
    ops = await company.person("ops", policy)
    given: dict[str, Any] = {"document": document(allow("sms:BuyPackage"))}
    payload = await company.done(VERSION_CREATE, id=policy, input=given)
    assert payload["policy"] == {
        "version": 2,
        "versions": [{"number": 2, "inForce": True}, {"number": 1, "inForce": False}],
    }
    assert [await can(ops.caller, name) for name in ("sms:AddApp", "sms:BuyPackage")] == [
        False,
        True,
    ]
    await company.done(VERSION_ACTIVATE, id=policy, version=1)
    assert await can(ops.caller, "sms:AddApp")
    for _ in range(3):
        await company.done(VERSION_CREATE, id=policy, input={**given, "inForce": False})
    assert await can(ops.caller, "sms:AddApp")
    assert await company.root.refused(VERSION_CREATE, id=policy, input=given) == [
        ("LIMIT_EXCEEDED", ["id"])
    ]
    assert await company.root.refused(POLICY_UPDATE, id=policy, input=given) == [
        ("LIMIT_EXCEEDED", ["id"])
    ]
    assert await company.root.refused(VERSION_DELETE, id=policy, version=1) == [
        ("WRONG_STATE", ["version"])
    ]
    payload = await company.done(VERSION_DELETE, id=policy, version=5)
    assert [each["number"] for each in payload["policy"]["versions"]] == [4, 3, 2, 1]
    payload = await company.done(VERSION_CREATE, id=policy, input=given)
    assert payload["policy"]["version"] == 6, "a number is never used again"
    assert await company.root.refused(VERSION_ACTIVATE, id=policy, version=5) == [
        ("NOT_FOUND", ["version"])
    ]


async def test_an_update_keeps_what_is_left_out(console: Console) -> None:
    company = await Company.of(console)
    policy = await company.policy("P", allow("sms:AddApp"))
    console.clock.advance(timedelta(hours=1))
    payload = await company.done(POLICY_UPDATE, id=policy, input={"description": "For ops"})
    assert payload["policy"] == {
        "description": "For ops",
        "document": document(allow("sms:AddApp")),
        "version": 1,
    }
    text = document(deny("sms:AddApp"))
    payload = await company.done(POLICY_UPDATE, id=policy, input={"document": text})
    assert payload["policy"] == {"description": "For ops", "document": text, "version": 2}


async def test_presets_are_shown_and_never_changed(console: Console) -> None:
    company = await Company.of(console)
    preset = (await company.root.run(POLICY_READ, id=FULL))["policy"]
    assert (preset["kind"], preset["description"], preset["versions"]) == (
        "PRESET",
        "Full access to SMS",
        [],
    )
    assert json.loads(preset["document"])["statement"] == [
        {"effect": "allow", "action": ["name/sms:*"], "resource": ["*"]}
    ]
    for mutation, more in (
        (POLICY_UPDATE, {"input": {"description": "x"}}),
        (VERSION_CREATE, {"input": {"document": document(allow("*"))}}),
        (VERSION_ACTIVATE, {"version": 1}),
        (VERSION_DELETE, {"version": 1}),
        (POLICY_DELETE, {}),
    ):
        (code, field) = (await company.root.refused(mutation, id=FULL, **more))[0]
        assert (code, field and field[-1]) == ("WRONG_STATE", "id")
