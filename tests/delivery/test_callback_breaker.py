"""One URL slows no other, however it fails, and nothing is lost meanwhile (CFG-2, RPL-1)."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from db import callback_push, callback_setting
from db.callback_push import Claim
from db.session import Database
from delivery.callback.expiry import Expiry
from delivery.callback.pusher import LEASE, Pusher, PusherSettings
from domain.callback import Heard
from domain.callback_retry import SCHEDULE, TRIES
from tests import pushing
from tests.console import Clock
from tests.posting import TAKEN, Post, Posts
from tests.pushing import BROKEN, UIN, URL, VAULT, sids

DEAD = "https://dead.example/"


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    database = Database(request.getfixturevalue(request.param))
    yield database
    await database.close()


async def test_a_push_that_is_never_taken_is_parked_and_everything_else_arrives(
    database: Database, clock: Clock
) -> None:
    """One receipt the receiver chokes on costs the others nothing."""

    class Choking(Posts):
        async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Heard:
            await super().__call__(url, headers, body)
            return BROKEN if 13 in pushing.tells_of(body) else self.answer

    posts = Choking()
    await pushing.add_callback(database)
    await pushing.receipts(database, [13])
    await pushing.push(database, posts, clock)
    for number, pause in enumerate(SCHEDULE):
        await pushing.receipts(database, [100 + number])
        clock.advance(pause)
        await pushing.push(database, posts, clock)
    told = [sid for post in posts.all for sid in sids(post)]
    assert told.count(13) == TRIES
    assert [sid for sid in told if sid != 13] == [100 + number for number in range(len(SCHEDULE))]
    (push,) = await pushing.pushes(database)
    assert push.parked_at == clock.now
    (row,) = await pushing.callbacks(database)
    assert (row.failures, row.suspended_at) == (0, None)


async def test_a_dead_url_is_tried_less_and_less_and_then_suspended(
    database: Database, clock: Clock
) -> None:
    posts = Posts(BROKEN)
    await pushing.add_callback(database)
    await pushing.receipts(database, range(1_000))
    await pushing.push(database, posts, clock)
    assert len(posts.all) == 2
    for pause in SCHEDULE:
        clock.advance(pause)
        await pushing.push(database, posts, clock)
    assert len(posts.all) == 2 + len(SCHEDULE)
    (row,) = await pushing.callbacks(database)
    assert row.suspended_at == clock.now
    clock.advance(timedelta(days=3))
    await pushing.push(database, posts, clock)
    assert len(posts.all) == 2 + len(SCHEDULE)
    assert len(await pushing.events(database)) == 1_000


async def test_a_url_that_comes_back_gets_everything_and_each_message_in_order(
    database: Database, clock: Clock
) -> None:
    posts = Posts(BROKEN)
    await pushing.add_callback(database)
    for _ in range(3):
        await pushing.receipts(database, range(150))  # three events of each message
    await pushing.push(database, posts, clock)
    clock.advance(SCHEDULE[0])
    await pushing.push(database, posts, clock)
    tried = len(posts.all)
    posts.answer = Posts().answer
    clock.advance(SCHEDULE[1])
    await pushing.push(database, posts, clock)
    told = [sid for post in posts.all[tried:] for sid in sids(post)]
    assert sorted(told) == sorted(number for number in range(150) for _ in range(3))
    assert await pushing.events(database) == []


async def test_dead_urls_take_no_place_of_living_ones(database: Database, clock: Clock) -> None:
    """Three dead URLs hang, and the living one goes on meanwhile."""
    for number in range(1, 4):
        await pushing.add_callback(database, uin=UIN + number, url=f"{DEAD}{number}")
        await pushing.receipts(database, range(200), uin=UIN + number)
    posts = Posts()
    for number in range(1, 4):
        posts.answers[f"{DEAD}{number}"] = [BROKEN, BROKEN]
    await pushing.push(database, posts, clock, working=4)
    await pushing.add_callback(database)
    await pushing.receipts(database, range(1_000))
    clock.advance(SCHEDULE[0])
    released = asyncio.Event()
    taken: list[Post] = []

    async def send(url: str, headers: Mapping[str, str], body: bytes) -> Heard:
        if url.startswith(DEAD):
            await released.wait()
            return BROKEN
        taken.append(Post(url, headers, body))
        if len(taken) == 10:
            released.set()
        return posts.answer

    await pushing.push(database, send, clock, working=1, failing=2)
    assert [len(sids(post)) for post in taken] == [100] * 10


async def test_a_hundred_urls_share_the_places_there_are(database: Database, clock: Clock) -> None:
    for number in range(20):
        uin = UIN + number
        await pushing.add_callback(database, uin=uin, url=f"{URL}/{number}")
        await pushing.receipts(database, range(250), uin=uin)
    at_once = most = 0

    async def send(_url: str, _headers: Mapping[str, str], _body: bytes) -> Heard:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return Posts().answer

    await pushing.push(database, send, clock, working=4)
    assert await pushing.events(database) == []
    assert most == 4


async def test_one_url_is_never_pushed_to_twice_at_once_by_two_workers(
    database: Database, clock: Clock
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(1_000))
    busy = False
    told: list[int] = []

    async def send(url: str, headers: Mapping[str, str], body: bytes) -> Heard:
        nonlocal busy
        assert not busy
        busy = True
        await asyncio.sleep(0)
        told.extend(sids(Post(url, headers, body)))
        busy = False
        return Posts().answer

    for _ in range(3):
        await asyncio.gather(*(pushing.push(database, send, clock) for _ in range(2)))
    assert told == list(range(1_000))


async def test_a_worker_that_is_told_to_stop_finishes_what_is_under_way(
    database: Database, clock: Clock
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(300))
    pusher: Pusher

    async def send(_url: str, _headers: Mapping[str, str], _body: bytes) -> Heard:
        pusher.stop()
        return Posts().answer

    pusher = Pusher(database, VAULT, send, clock, PusherSettings())
    await pusher.run()
    assert len(await pushing.events(database)) == 200
    (row,) = await pushing.callbacks(database)
    assert row.claimed_by is None


async def test_a_killed_workers_pushes_are_taken_up_under_their_ids(
    database: Database, clock: Clock
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(150))
    sent: list[Post] = []
    reached = asyncio.Event()

    async def stuck(url: str, headers: Mapping[str, str], body: bytes) -> Heard:
        sent.append(Post(url, headers, body))
        reached.set()
        await asyncio.Event().wait()
        return BROKEN

    running = asyncio.create_task(Pusher(database, VAULT, stuck, clock, PusherSettings()).run())
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    posts = Posts()
    await pushing.push(database, posts, clock)
    assert posts.all == []
    clock.advance(timedelta(seconds=60))
    await pushing.push(database, posts, clock)
    again, new = posts.all
    assert again.headers["webhook-id"] == sent[0].headers["webhook-id"]
    assert again.body == sent[0].body
    assert sids(new) == list(range(100, 150))


async def test_where_one_worker_works_alone_it_takes_back_at_once_what_it_held(
    database: Database, clock: Clock
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    request = Claim(token="dead", working=1, failing=0, now=clock.now, lease=LEASE)
    async with database.write() as session:
        (lost,) = await callback_push.claim(session, request)
    posts = Posts()
    await pushing.push(database, posts, clock, alone=True)
    (post,) = posts.all
    assert post.headers["webhook-id"] == lost.pushes[0].webhook_id


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_fails_nothing_is_lost_and_each_message_stays_in_order(
    database: Database, clock: Clock, seed: int
) -> None:
    """Receipts come, pushes fail by chance, time passes, and users replay what was parked."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    happened: defaultdict[int, list[str]] = defaultdict(list)
    arrived: defaultdict[int, list[str]] = defaultdict(list)

    async def send(_url: str, _headers: Mapping[str, str], body: bytes) -> Heard:
        if chance.random() < share:
            return BROKEN
        for event in orjson.loads(body):
            arrived[pushing.message_of(event["sid"])].append(event["errmsg"])
        return TAKEN

    await pushing.add_callback(database)
    for step in range(25):
        share = chance.choice((0, 0.5, 1))
        batch = chance.choices(range(8), k=chance.randrange(12))
        for message_id in batch:
            code = f"{step}.{len(happened[message_id])}"
            happened[message_id].append(code)
            event = replace(pushing.receipt(message_id), code=code)
            await pushing.happen(database, event)
        await pushing.push(database, send, clock)
        clock.advance(chance.choice(SCHEDULE))
    share = 0
    async with database.write() as session:
        row = await callback_setting.changing(session, UIN, UIN)
        await callback_setting.replay(session, row, None, clock.now)
    while await pushing.events(database):
        clock.advance(timedelta(days=1))
        await pushing.push(database, send, clock)
    assert arrived == happened


async def test_old_events_of_dead_callbacks_are_dropped_in_bounded_steps(
    database: Database, clock: Clock
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, range(1_500))
    expiry = Expiry(database, clock, timedelta(days=30))
    clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert await expiry.step() > 0
    assert len(await pushing.events(database)) == 1_500
    clock.advance(timedelta(seconds=1))
    assert await expiry.step() == 0
    assert len(await pushing.events(database)) == 500
    assert await expiry.step() > 0
    assert await pushing.events(database) == []
