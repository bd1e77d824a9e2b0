"""Who may call, and what the endpoint says of requests that are not well (API-1)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import application
from db.session import Database
from server.api.rate import RateLimit
from server.api.v5 import body, endpoint
from server.app import PACKAGED_POLICIES
from tests import requesting
from tests.requesting import UIN, kept
from tests.server.api.v5.conftest import Program

TEL = {"nationcode": "86", "mobile": requesting.PHONES[0].removeprefix("+86")}


@pytest.mark.parametrize("path", ["", "nothing", "sendisms", "sendsms/", "SENDSMS"])
async def test_an_unknown_path_is_told(program: Program, path: str) -> None:
    assert (await program.ask(path, tel=TEL))["result"] == 1011


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"a": NaN}', b"[" * 5_000, b'{"a":"\\ud800"}']
)
async def test_a_body_that_is_no_object_is_told(program: Program, content: bytes) -> None:
    answer = await program.http.post("/v5/tlssmssvr/sendsms?sdkappid=1", content=content)
    assert answer.status_code == 200
    assert (answer.json()["result"], answer.json()["ext"]) == (1004, "")


async def test_a_body_is_bounded(program: Program) -> None:
    answer = await program.ask("sendsms", tel=TEL, ext="x" * 300_000)
    assert answer["result"] == 1004
    assert "larger than 262144 bytes" in answer["errmsg"]


async def test_a_body_that_does_not_come_is_told_as_such(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert body.SECONDS < endpoint.SECONDS
    monkeypatch.setattr(body, "SECONDS", 0.01)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await program.http.post("/v5/tlssmssvr/sendsms?sdkappid=1", content=stalled())
    assert answer.json()["errmsg"] == "the body did not come within 0.01 seconds"


async def test_what_is_not_proven_is_refused(program: Program, database: Database) -> None:
    query, body = program.signed({"tel": TEL, "tpl_id": program.parts.template_id})
    wrong = [
        (query, {**body, "sig": ""}, 1003),
        (query, {key: value for key, value in body.items() if key != "sig"}, 1003),
        (query, {**body, "sig": "0" * 64}, 1001),
        (query, {**body, "sig": 7}, 1003),
        (query, {**body, "tel": {**TEL, "mobile": "13900000000"}}, 1001),
        (query, {**body, "time": body["time"] + 1}, 1001),
        (query, {**body, "time": None}, 1004),
        (query, {**body, "time": True}, 1004),
        (query, {**body, "tel": None}, 1004),
        (query.replace("random=1", "random=2"), body, 1001),
        (query.replace("1400000000", "1400000001"), body, 1019),
        (query.replace("1400000000", "1400009999"), body, 1019),
        ("random=1", body, 1019),
        ("sdkappid=%00&random=1", body, 1019),
    ]
    for asked, given_body, result in wrong:
        assert (await program.post("sendsms", asked, given_body))["result"] == result
    program.clock.advance(timedelta(minutes=10, seconds=1))
    assert (await program.post("sendsms", query, body))["result"] == 1021
    assert await kept(database) == []


async def test_a_replaced_key_proves_nothing_any_more(program: Program, database: Database) -> None:
    from db.vault import Vault  # noqa: PLC0415 - only this story makes a key
    from tests.console import KEY  # noqa: PLC0415 - as above

    async with database.write() as session:
        row = await application.changing(session, UIN, program.parts.app_id)
        application.set_key(row, Vault(KEY), "0" * 32)
    assert (await program.send(TEL["mobile"]))["result"] == 1001
    program.key = "0" * 32
    assert (await program.send(TEL["mobile"]))["result"] == 0


async def test_an_application_that_was_deleted_has_no_key(
    program: Program, database: Database
) -> None:
    async with database.write() as session:
        row = await application.changing(session, UIN, program.parts.app_id)
        await application.remove(session, row, program.clock.now)
    assert (await program.send(TEL["mobile"]))["result"] == 1019


async def test_requests_are_as_many_a_second_as_published(program: Program) -> None:
    """Ten statistics a second (domain.md 1)."""
    hour = 2026030200
    told = [
        (await program.ask("pullsendstatus", begin_date=hour, end_date=hour))["result"]
        for _ in range(11)
    ]
    assert told == [0] * 10 + [1013]
    program.clock.advance(timedelta(seconds=0.1))
    answer = await program.ask("pullsendstatus", begin_date=hour, end_date=hour)
    assert answer["result"] == 0


async def test_the_policies_decide_and_a_site_may_deny(
    program: Program, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Default deny: without the preset's line nothing is allowed, whatever the key proves."""
    console = program.http._transport.app.state.console  # type: ignore[attr-defined]  # noqa: SLF001 - the app under test
    lines = (PACKAGED_POLICIES / "presets" / "AppKey.csv").read_text()
    assert "name/sms:SendSms" in lines
    rules = console.policies.snapshot
    names = ("role:app-key", f"account:{UIN}", "everyone")
    assert rules.allowed(names, "name/sms:SendSms", "*")
    assert not rules.allowed(names, "name/sms:SendMultiGlobalSms", "*")
    assert not rules.allowed(names, "name/cam:AddUser", "*")
    empty = type(rules).build((), (), "empty")
    monkeypatch.setattr(type(console.policies), "snapshot", property(lambda _: empty))
    answer = await program.send(TEL["mobile"])
    assert answer["result"] == 1006
    assert "name/sms:SendSms is not allowed" in answer["errmsg"]
    assert await kept(database) == []


async def test_a_failure_is_masked(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(RateLimit, "take", fail)
    answer = await program.send(TEL["mobile"])
    assert answer["result"] == 1007
    assert "secret" not in json.dumps(answer)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = (
    "tel sign tpl_id params extend ext type max begin_date end_date begin_time end_time mobile "
    "nationcode offset length sign_id pic text title remark international tpl_page msg"
)
names = st.sampled_from(NAMES.split())


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=st.sampled_from(sorted(endpoint.CALLS)), body=st.dictionaries(names, values))
async def test_no_body_gets_anything_but_an_answer(
    program: Program, path: str, body: dict[str, Any]
) -> None:
    text = json.dumps(body)
    try:
        query, signed = program.signed(json.loads(text))
    except (TypeError, KeyError):
        query, signed = "sdkappid=1400000000&random=1", {"time": 1, "sig": "x", **json.loads(text)}
    program.http._transport.app.state.rates = RateLimit(1_000_000)  # type: ignore[attr-defined]  # noqa: SLF001 - the app under test
    url = f"/v5/tlssmssvr/{path}?{query}"
    answer = await program.http.post(url, content=json.dumps(signed).encode())
    assert answer.status_code == 200
    read = answer.json()
    assert isinstance(read["result"], int)
    assert "ask its operator" not in read["errmsg"]
