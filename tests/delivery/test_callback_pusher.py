"""The pusher: what happens is pushed in batches and in order, signed, with its reason when not."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from db import callback_setting
from db.session import Database
from delivery.callback.pusher import Pusher, PusherSettings
from delivery.callback.sender import HttpSender
from domain.callback import Heard
from domain.callback_retry import SCHEDULE
from domain.callback_signature import new_secret
from domain.callback_url import networks
from tests import pushing, receiving
from tests.console import START, Clock
from tests.posting import Post, Posts
from tests.pushing import BROKEN, SECRET, UIN, VAULT


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
        told = [sid for got in receiver.received for sid in pushing.tells_of(got.body)]
    assert len(receiver.received) == 100
    assert told == list(range(10_000))
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 100
    assert receiver.connections == 1
    assert await pushing.events(database) == []
    assert await pushing.pushes(database) == []


async def test_what_the_log_calls_it_says_what_it_is(database: Database, clock: Clock) -> None:
    pusher = Pusher(database, VAULT, Posts(), clock, PusherSettings())
    assert pusher.name == "the pusher"


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


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)
