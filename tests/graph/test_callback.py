"""Event callback of an application (CFG-2) and reply callback of an account (RPL-1)."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from db import callback_setting
from domain.callback import Heard
from domain.callback_url import networks
from domain.terms import Terms
from tests import pushing
from tests.console import START, Caller, Console
from tests.graph.calling_back import EVENTS, REPLY, SHOWN, URL, Side, code_of
from tests.pushing import BROKEN, UIN, VAULT


async def test_it_is_set_once_and_then_changed(console: Console, root: Caller, side: Side) -> None:
    assert await side.get(root) is None
    assert await side.parked(root) is None
    made = await side.set(root, first=True, url=f" {URL} ")
    assert made["secret"].startswith("whsec_")
    assert made["callback"] == {
        "url": URL,
        "enabled": True,
        "state": "WORKING",
        "changedAt": START.isoformat(),
        "oldSecretUntil": None,
        "pushedAt": None,
        "failingSince": None,
        "nextTryAt": None,
        "error": "",
        "errorAt": None,
        "waiting": 0,
        "oldestWaitingAt": None,
        "parked": 0,
    }
    assert await side.get(root) == made["callback"]
    off = await side.set(root, enabled=False)
    assert off["secret"] is None
    assert (off["callback"]["url"], off["callback"]["state"]) == (URL, "OFF")
    moved = await side.set(root, url="https://other.example/")
    assert (moved["callback"]["url"], moved["callback"]["enabled"]) == (
        "https://other.example/",
        False,
    )
    (row,) = await pushing.callbacks(console.database)
    assert made["secret"] not in repr(row)
    assert callback_setting.sealed(row).signers(VAULT, START) == [made["secret"]]


async def test_it_can_be_set_up_before_it_is_switched_on(root: Caller, side: Side) -> None:
    made = await side.set(root, first=True, url=URL, enabled=False)
    assert made["callback"]["state"] == "OFF"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "REQUIRED"),
        ({"url": "  "}, "REQUIRED"),
        ({"url": "ftp://hooks.example/"}, "INVALID"),
        ({"url": "http://127.0.0.1/"}, "INVALID"),
        ({"url": URL + "x" * 1_000}, "TOO_LONG"),
    ],
)
async def test_a_url_that_will_not_do_is_refused_by_name(
    console: Console, root: Caller, side: Side, given: dict[str, object], code: str
) -> None:
    answer = await side.set(root, first=True, **given)
    assert code_of(answer) == (code, ["input", "url"])
    assert (answer["secret"], answer["callback"]) == (None, None)
    assert await pushing.callbacks(console.database) == []


async def test_an_operator_opens_a_network(console: Console, root: Caller, side: Side) -> None:
    console.terms = Terms(callback_networks=networks("10.0.0.0/8"))
    made = await side.set(root, first=True, url="http://10.1.2.3/sms")
    assert made["userErrors"] == []


async def test_an_account_has_one_reply_callback(root: Caller) -> None:
    assert code_of(await REPLY.set(root, url=URL)) == ("NOT_FOUND", None)
    await REPLY.set(root, first=True, url=URL)
    assert code_of(await REPLY.set(root, first=True, url=URL)) == ("TAKEN", None)


@pytest.mark.parametrize("what", ["Test", "SecretRotate", "Replay"])
async def test_nothing_is_done_to_a_callback_that_is_not_there(
    root: Caller, side: Side, what: str
) -> None:
    assert code_of(await side.change(root, what, "")) == ("NOT_FOUND", None)


async def test_the_callback_of_another_account_is_not_there(
    console: Console, root: Caller, side: Side
) -> None:
    await side.set(root, first=True, url=URL)
    stranger = console.root(await console.add_account())
    assert await side.get(stranger) is None
    assert code_of(await side.test(stranger))[0] == "NOT_FOUND"


async def test_a_test_pushes_a_signed_sample_and_tells_the_answer(
    console: Console, root: Caller, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await side.set(root, first=True, url=URL, enabled=False)
    console.send.answer = Heard(
        status=200, body=b'{"result":0}' + b" " * 2_000, took=timedelta(milliseconds=12.7)
    )
    result = (await side.test(root))["result"]
    assert (result["succeeded"], result["problem"], result["status"]) == (True, "", 200)
    assert (len(result["body"]), result["milliseconds"]) == (1_024, 12)
    (post,) = console.send.all
    assert post.url == URL
    monkeypatch.setattr(Webhook, "_Webhook__verify_timestamp", lambda *_: START)
    read = Webhook(made["secret"]).verify(post.body, dict(post.headers))
    sample = read[0] if side is EVENTS else read
    assert (sample["nationcode"], sample["mobile"]) == ("86", "13800138000")
    if side is EVENTS:
        assert pushing.message_of(sample["sid"]) == 0  # which no message has
    assert await pushing.events(console.database) == []


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (BROKEN, ("the URL answered 500", 500)),
        (Heard(status=204), ("the URL answered 204 without a body", 204)),
        (Heard(error="the connection was refused"), ("the connection was refused", None)),
    ],
)
async def test_a_test_tells_why_an_answer_does_not_count(
    console: Console, root: Caller, side: Side, heard: Heard, told: tuple[str, int | None]
) -> None:
    await side.set(root, first=True, url=URL)
    console.send.answer = heard
    result = (await side.test(root))["result"]
    assert (result["succeeded"], result["status"]) == (False, told[1])
    assert result["problem"].startswith(told[0])


async def test_tests_are_five_seconds_apart_in_the_whole_account(
    console: Console, root: Caller
) -> None:
    await EVENTS.set(root, first=True, url=URL)
    await REPLY.set(root, first=True, url=URL)
    await EVENTS.test(root)
    for side in (EVENTS, REPLY):
        assert code_of(await side.test(root)) == ("TOO_MANY_ATTEMPTS", None)
    console.clock.advance(timedelta(seconds=5))
    assert (await REPLY.test(root))["userErrors"] == []
    assert len(console.send.all) == 2


async def test_nothing_is_held_in_the_database_while_a_url_is_waited_for(
    console: Console, root: Caller, side: Side
) -> None:
    await side.set(root, first=True, url=URL)
    written = False

    async def send(_url: str, _headers: Mapping[str, str], _body: bytes) -> Heard:
        nonlocal written
        async with console.database.write() as session:
            await callback_setting.tested_at(session, UIN)
            written = True
        return BROKEN

    console.send = send  # type: ignore[assignment]  # - any sender will do
    await side.test(root)
    assert written


async def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(
    console: Console, root: Caller, side: Side
) -> None:
    made = await side.set(root, first=True, url=URL)
    rotated = await side.change(root, "SecretRotate", f"secret {SHOWN}")
    until = START + timedelta(hours=24)
    assert rotated["secret"] != made["secret"]
    assert rotated["callback"]["oldSecretUntil"] == until.isoformat()
    (row,) = await pushing.callbacks(console.database)
    both = [rotated["secret"], made["secret"]]
    assert callback_setting.sealed(row).signers(VAULT, until - timedelta(seconds=1)) == both
    console.clock.advance(timedelta(hours=24))
    assert (await side.get(root))["oldSecretUntil"] is None
    assert callback_setting.sealed(row).signers(VAULT, until) == both[:1]
