"""Event callback of an application (CFG-2) and reply callback of an account (RPL-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from db import callback_setting
from db.application import ApplicationRow
from db.callback import REPLIES
from domain.callback import Heard
from domain.callback_retry import SCHEDULE
from domain.callback_url import networks
from domain.terms import Terms
from graph.node import encode
from tests import pushing, sending
from tests.console import START, Caller, Console
from tests.posting import TAKEN
from tests.pushing import BROKEN, UIN, VAULT

SHOWN = """
callback { url enabled state changedAt oldSecretUntil pushedAt failingSince nextTryAt error errorAt
  waiting oldestWaitingAt parked }
"""
ERRORS = "userErrors { field code message }"
URL = "https://hooks.example/sms"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two callbacks, by the names of its fields."""

    name: str
    first: str
    app_id: int

    def argument(self, more: str = "") -> str:
        """Write the arguments of a field."""
        given = [f'applicationId: "{encode("Application", self.app_id)}"'] if self.app_id else []
        given += [more] if more else []
        return f"({', '.join(given)})" if given else ""

    async def set(self, caller: Caller, *, first: bool = False, **given: object) -> Any:
        """Set URL and switch."""
        field = self.first if first else f"{self.name}Update"
        document = (
            f"mutation ($input: CallbackInput!) {{ {field}{self.argument('input: $input')} "
            f"{{ secret {SHOWN} {ERRORS} }} }}"
        )
        return (await caller.run(document, input=given))[field]

    async def change(self, caller: Caller, what: str, shown: str, more: str = "") -> Any:
        """Run another mutation."""
        field = f"{self.name}{what}"
        document = f"mutation {{ {field}{self.argument(more)} {{ {shown} {ERRORS} }} }}"
        return (await caller.run(document))[field]

    async def test(self, caller: Caller) -> Any:
        """Push a sample."""
        shown = "result { succeeded problem status body milliseconds }"
        return await self.change(caller, "Test", shown)

    async def get(self, caller: Caller) -> Any:
        """Read it."""
        shown = SHOWN.partition("{")[2]
        return (await caller.run(f"{{ {self.name}{self.argument()} {{ {shown} }}"))[self.name]

    async def parked(self, caller: Caller) -> Any:
        """List what is parked."""
        field = f"{self.name}Parked"
        shown = "totalCount nodes { id webhookId events tries createdAt parkedAt error }"
        return (await caller.run(f"{{ {field}{self.argument()} {{ {shown} }} }}"))[field]


EVENTS = Side("eventCallback", "eventCallbackUpdate", UIN)
REPLY = Side("replyCallback", "replyCallbackAdd", REPLIES)


def code_of(answer: Mapping[str, Any]) -> tuple[str, list[str] | None]:
    """Give code and field of the only problem."""
    (error,) = answer["userErrors"]
    return error["code"], error["field"]


@pytest.fixture(params=[EVENTS, REPLY], ids=["event callback", "reply callback"])
def side(request: pytest.FixtureRequest) -> Side:
    """Both, one after the other."""
    found: Side = request.param
    return found


@pytest.fixture
async def root(console: Console) -> Caller:
    """The root user of the account whose application has the account's number."""
    account = await console.add_account()
    assert account.uin == UIN
    async with console.database.write() as session:
        session.add(
            ApplicationRow(
                id=UIN, account_uin=UIN, name="Shop", overview="", sealed_key="", created_at=START
            )
        )
    return console.root(account)


async def happen(console: Console, side: Side, *messages: int) -> None:
    """Let receipts, or replies, come."""
    make = pushing.reply if side is REPLY else pushing.receipt
    await pushing.happen(console.database, *(make(message) for message in messages))


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
    assert sample.get("sid", "0") == "0"
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


async def park(console: Console, side: Side, root: Caller) -> None:
    """Let a callback fail with two pushes until both are parked, and it is suspended."""
    await side.set(root, first=True, url=URL)
    console.send.answer = BROKEN
    for message in (1, 2):
        await happen(console, side, message)
        await pushing.push(console.database, console.send, console.clock)
    for pause in (*SCHEDULE, *SCHEDULE):
        console.clock.advance(pause)
        await pushing.push(console.database, console.send, console.clock)


async def test_what_waits_and_why_is_shown(console: Console, root: Caller, side: Side) -> None:
    await side.set(root, first=True, url=URL)
    console.send.answer = BROKEN
    for message in (1, 2):
        await happen(console, side, message)
        await pushing.push(console.database, console.send, console.clock)
    await happen(console, side, 3)
    shown = await side.get(root)
    assert (shown["state"], shown["waiting"], shown["parked"]) == ("FAILING", 3, 0)
    assert shown["oldestWaitingAt"] == shown["failingSince"] == START.isoformat()
    assert shown["nextTryAt"] == (START + SCHEDULE[0]).isoformat()
    assert (shown["error"], shown["errorAt"]) == ("the URL answered 500", START.isoformat())


async def test_what_was_given_up_is_listed_and_replayed(
    console: Console, root: Caller, side: Side
) -> None:
    await park(console, side, root)
    shown = await side.get(root)
    assert (shown["state"], shown["nextTryAt"]) == ("SUSPENDED", None)
    listed = await side.parked(root)
    assert listed["totalCount"] == shown["parked"] >= 1
    (first, *_) = listed["nodes"]
    assert (first["events"], first["tries"], first["error"]) == (1, 8, "the URL answered 500")
    console.send.answer = TAKEN
    replayed = await side.change(root, "Replay", f"replayed {SHOWN}")
    assert replayed["replayed"] == listed["totalCount"]
    assert (replayed["callback"]["state"], replayed["callback"]["parked"]) == ("WORKING", 0)
    before = len(console.send.all)
    await pushing.push(console.database, console.send, console.clock)
    told = [orjson.loads(post.body) for post in console.send.all[before:]]
    assert len(told) == 2
    assert await pushing.events(console.database) == []
    assert (await side.get(root))["pushedAt"] == console.clock.now.isoformat()


async def test_single_pushes_are_replayed_by_their_ids(
    console: Console, root: Caller, side: Side
) -> None:
    await park(console, side, root)
    ((node, *_), total) = ((found := await side.parked(root))["nodes"], found["totalCount"])
    more = f'input: {{ ids: ["{node["id"]}"] }}'
    assert (await side.change(root, "Replay", "replayed", more))["replayed"] == 1
    assert (await side.parked(root))["totalCount"] == total - 1
    again = await side.change(root, "Replay", "replayed", more)
    assert (again["replayed"], code_of(again)) == (0, ("NOT_FOUND", ["input", "ids", "0"]))
    for ids in ("", ", ".join(['"x"'] * 101)):
        refused = await side.change(root, "Replay", "", f"input: {{ ids: [{ids}] }}")
        assert code_of(refused) == ("OUT_OF_RANGE", ["input", "ids"])
    wrong = await side.change(root, "Replay", "", 'input: { ids: ["x"] }')
    assert code_of(wrong)[0] == "INVALID"


@pytest.mark.parametrize("given", [{"url": "https://b.example/"}, {"enabled": True}])
async def test_another_url_or_switching_on_begins_anew(
    console: Console, root: Caller, side: Side, given: dict[str, object]
) -> None:
    await park(console, side, root)
    await side.set(root, enabled=False)
    assert (await side.get(root))["state"] == "OFF"
    await side.set(root, enabled=True, **{key: given[key] for key in given if key != "enabled"})
    shown = await side.get(root)
    assert (shown["state"], shown["failingSince"]) == ("WORKING", None)


async def test_what_waits_is_kept_while_it_is_off_and_nothing_is_added(
    console: Console, root: Caller, side: Side
) -> None:
    await side.set(root, first=True, url=URL)
    await happen(console, side, 1)
    await side.set(root, enabled=False)
    await happen(console, side, 2)
    await pushing.push(console.database, console.send, console.clock)
    assert console.send.all == []
    assert (await side.get(root))["waiting"] == 1
    await side.set(root, enabled=True)
    await pushing.push(console.database, console.send, console.clock)
    assert len(console.send.all) == 1


async def test_receipts_of_a_real_send_arrive_at_the_callback_of_their_application(
    console: Console,
) -> None:
    """CFG-2's effect: from the carrier's receipt to the user's URL."""
    await pushing.add_callback(console.database, url=URL)
    await sending.add_task(console.database, START, sending.phones(3))
    taken = await sending.claim(console.database)
    await sending.record(console.database, *map(sending.accepted, taken))
    codes = ("DELIVRD", "MK:1008", "DELIVRD")
    receipts = [sending.receipt_of(one, code) for one, code in zip(taken, codes, strict=True)]
    await sending.bring(console.database, *receipts, *receipts)
    await pushing.push(console.database, console.send, console.clock)
    (post,) = console.send.all
    told = orjson.loads(post.body)
    assert [event["sid"] for event in told] == [str(one.id) for one in taken]
    assert [event["errmsg"] for event in told] == list(codes)
    assert [event["report_status"] for event in told] == ["SUCCESS", "FAIL", "SUCCESS"]
