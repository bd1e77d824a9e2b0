"""The pusher: whatever happens is pushed, signed, in order, and one URL slows no other (CFG-2)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from db import callback_setting
from db.session import Database
from delivery.callback.expiry import Expiry
from delivery.callback.pusher import Pusher, PusherSettings
from delivery.callback.sender import HttpSender
from domain.callback import Heard
from domain.callback_retry import SCHEDULE, TRIES
from domain.callback_signature import new_secret
from domain.callback_url import networks
from tests import pushing, receiving
from tests.console import START, Clock
from tests.posting import Post, Posts
from tests.pushing import BROKEN, SECRET, UIN, URL, VAULT, sids

OTHER = UIN + 1
DEAD = "https://dead.example/"


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    database = Database(request.getfixturevalue(request.param))
    yield database
    await database.close()


def read(post: Post, secret: str, *, skew: timedelta) -> object:
    """Verify a push with the Standard Webhooks library, whose clock is the machine's."""
    headers = dict(post.headers)
    assert headers["webhook-timestamp"] == str(int((START + skew).timestamp()))
    return Webhook(secret).verify(post.body, headers)


async def test_ten_thousand_receipts_are_pushed_in_a_hundred_requests(
    database: Database, clock: Clock
) -> None:
    """By a real server over HTTP, each event once and in its order."""
    async with receiving.receiving() as receiver:
        await pushing.add_callback(database, url=receiver.url("/status"))
        for first in range(0, 10_000, 2_000):
            await pushing.receipts(database, range(first, first + 2_000))
        sender = HttpSender(networks("127.0.0.1/32"))
        await pushing.push(database, sender, clock)
        await sender.close()
        told = [event["sid"] for got in receiver.received for event in orjson.loads(got.body)]
    assert len(receiver.received) == 100
    assert told == [str(number) for number in range(10_000)]
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 100
    assert receiver.connections == 1
    assert await pushing.events(database) == []
    assert await pushing.pushes(database) == []


async def test_a_push_is_signed_at_the_moment_it_is_sent(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    posts = Posts(BROKEN)
    await pushing.push(database, posts, clock)
    clock.advance(SCHEDULE[0])
    posts.answer = Posts().answer
    await pushing.push(database, posts, clock)
    first, second = posts.all
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    monkeypatch.setattr(Webhook, "_Webhook__verify_timestamp", lambda _, text: _moment(text))
    assert read(first, SECRET, skew=timedelta(0)) == orjson.loads(first.body)
    assert read(second, SECRET, skew=SCHEDULE[0]) == orjson.loads(first.body)


async def test_a_secret_that_was_replaced_signs_for_a_day_beside_the_new_one(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Webhook, "_Webhook__verify_timestamp", lambda _, text: _moment(text))
    await pushing.add_callback(database)
    new = new_secret()
    async with database.write() as session:
        row = await callback_setting.changing(session, UIN, UIN)
        callback_setting.rotate(row, VAULT, new, START)
    posts = Posts()
    for pause in (timedelta(hours=23, minutes=59), timedelta(minutes=1)):
        clock.advance(pause)
        await pushing.receipts(database, [1])
        await pushing.push(database, posts, clock)
    both, alone = posts.all
    for secret in (SECRET, new):
        Webhook(secret).verify(both.body, dict(both.headers))
    Webhook(new).verify(alone.body, dict(alone.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(alone.body, dict(alone.headers))


async def test_replies_are_pushed_one_by_one_in_their_order(
    database: Database, clock: Clock
) -> None:
    """RPL-1."""
    await pushing.add_callback(database, replies=True)
    await pushing.happen(database, *(pushing.reply(n // 2, f"reply {n}") for n in range(60)))
    posts = Posts()
    await pushing.push(database, posts, clock)
    told = pushing.texts(posts.all)
    assert sorted(told) == sorted(f"reply {n}" for n in range(60))
    for message in range(30):
        earlier, later = f"reply {2 * message}", f"reply {2 * message + 1}"
        assert told.index(earlier) < told.index(later)


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (BROKEN, "the URL answered 500"),
        (Heard(status=200), "the URL answered 200 without a body"),
        (Heard(status=200, body=b'{"result":1}'), "not the number 0"),
        (Heard(error="the connection was refused"), "the connection was refused"),
    ],
)
async def test_a_push_that_is_not_taken_is_kept_with_the_reason(
    database: Database, clock: Clock, heard: Heard, told: str
) -> None:
    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    await pushing.push(database, Posts(heard), clock)
    (push,) = await pushing.pushes(database)
    assert told in push.error
    assert (push.tries, push.due_at) == (1, clock.now + SCHEDULE[0])
    assert len(await pushing.events(database)) == 1


async def test_a_fault_of_the_sender_is_a_failure_and_no_endless_repetition(
    database: Database, clock: Clock
) -> None:
    async def faulty(_url: str, _headers: Mapping[str, str], _body: bytes) -> Heard:
        raise ValueError("13800138000")

    await pushing.add_callback(database)
    await pushing.receipts(database, [1])
    await pushing.push(database, faulty, clock)
    (push,) = await pushing.pushes(database)
    assert (push.tries, push.error) == (1, "the push failed on our side")


async def test_a_secret_that_does_not_open_is_told(database: Database, clock: Clock) -> None:
    await pushing.add_callback(database)
    async with database.write() as session:
        row = await callback_setting.changing(session, UIN, UIN)
        row.sealed_secret = VAULT.seal(SECRET, "elsewhere")
    await pushing.receipts(database, [1])
    posts = Posts()
    await pushing.push(database, posts, clock)
    assert posts.all == []
    (push,) = await pushing.pushes(database)
    assert push.error.startswith("the secret cannot be opened")


async def test_a_push_that_is_never_taken_is_parked_and_everything_else_arrives(
    database: Database, clock: Clock
) -> None:
    """One receipt the receiver chokes on costs the others nothing."""

    class Choking(Posts):
        async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Heard:
            await super().__call__(url, headers, body)
            return BROKEN if b'"sid":"13"' in body else self.answer

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
    told = [event["sid"] for post in posts.all[tried:] for event in orjson.loads(post.body)]
    assert sorted(told) == sorted(str(number) for number in range(150) for _ in range(3))
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


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)
