"""What waits, what was given up, and how it is pushed again (CFG-2, RPL-1)."""

from typing import Any

import orjson
import pytest

from domain.callback_retry import SCHEDULE
from domain.serial_no import serial_no
from tests import pushing, sending
from tests.console import START, Caller, Console
from tests.graph.calling_back import SHOWN, URL, Side, code_of, happen
from tests.posting import TAKEN
from tests.pushing import BROKEN


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


async def test_when_a_single_failure_is_tried_again_is_shown(
    console: Console, root: Caller, side: Side
) -> None:
    await side.set(root, first=True, url=URL)
    await happen(console, side, 1)
    console.send.answer = BROKEN
    await pushing.push(console.database, console.send, console.clock)
    shown = await side.get(root)
    assert (shown["state"], shown["nextTryAt"]) == (
        "FAILING",
        (START + SCHEDULE[0]).isoformat(),
    )
    await side.set(root, enabled=False)
    assert (await side.get(root))["nextTryAt"] is None


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


@pytest.mark.parametrize("given", [{"url": "https://b.example/"}, {}])
async def test_another_url_or_switching_on_begins_anew(
    console: Console, root: Caller, side: Side, given: dict[str, Any]
) -> None:
    await park(console, side, root)
    await side.set(root, enabled=False)
    assert (await side.get(root))["state"] == "OFF"
    await side.set(root, enabled=True, **given)
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
    assert [event["sid"] for event in told] == [serial_no(one.id, START) for one in taken]
    assert [event["errmsg"] for event in told] == list(codes)
    assert [event["report_status"] for event in told] == ["SUCCESS", "FAIL", "SUCCESS"]
