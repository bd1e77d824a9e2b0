"""Posting to URLs of users: bounded in time and size, and never into a closed network (CFG-2).

Each test speaks to a real server. Names are resolved by the test, and checked and connected to by
what is tested.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
import trustme

from delivery.callback.sender import ANSWER_MOST, HttpSender
from domain.callback import Heard
from domain.callback_url import networks
from tests import receiving
from tests.receiving import OK, Receiver

HERE = networks("127.0.0.1/32")
QUICKLY = timedelta(seconds=0.3)


async def post(sender: HttpSender, url: str, body: bytes = b"[]") -> Heard:
    """Post once and close."""
    try:
        return await sender(url, {"webhook-id": "msg_1"}, body)
    finally:
        await sender.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving.receiving() as receiver:
        yield receiver


async def test_a_push_arrives_as_it_is(receiver: Receiver) -> None:
    body = '[{"text":"你好"}]'.encode()
    heard = await post(HttpSender(HERE), receiver.url("/a?b=1"), body)
    assert (heard.status, heard.body, heard.error) == (200, OK, "")
    assert heard.took > timedelta(0)
    (got,) = receiver.received
    assert got.line == "POST /a?b=1 HTTP/1.1"
    assert got.body == body
    assert got.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "user-agent": "sms-console",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-length": str(len(body)),
        "webhook-id": "msg_1",
    }


async def test_a_connection_serves_many_pushes(receiver: Receiver) -> None:
    sender = HttpSender(HERE)
    for _ in range(5):
        assert (await sender(receiver.url(), {}, b"[]")).error == ""
    await sender.close()
    assert (len(receiver.received), receiver.connections) == (5, 1)


async def test_an_error_status_is_told_as_it_is(receiver: Receiver) -> None:
    receiver.answer = receiving.answer(500, b"oops")
    heard = await post(HttpSender(HERE), receiver.url())
    assert (heard.status, heard.body, heard.error) == (500, b"oops", "")


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answer = receiving.answer(302, b"", location=receiver.url("/elsewhere"))
    heard = await post(HttpSender(HERE), receiver.url())
    assert heard.status == 302
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "badly",
    [receiving.silence, receiving.endless(b" ", 0.02)],
    ids=["never answers", "answers a byte at a time"],
)
async def test_time_is_bounded(receiver: Receiver, badly: receiving.Answer) -> None:
    receiver.answer = badly
    heard = await post(HttpSender(HERE, within=QUICKLY), receiver.url())
    assert heard.error == "the URL did not answer within 0.3 s"
    assert heard.took < timedelta(seconds=2)


async def test_a_name_that_never_resolves_is_bounded_too(receiver: Receiver) -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    sender = HttpSender(HERE, resolve=never, within=QUICKLY)
    heard = await post(sender, receiver.url(host="slow.example"))
    assert heard.error == "the URL did not answer within 0.3 s"


@pytest.mark.parametrize("size", [ANSWER_MOST, ANSWER_MOST + 1])
async def test_the_answer_is_bounded(receiver: Receiver, size: int) -> None:
    receiver.answer = receiving.answer(200, b"x" * size)
    heard = await post(HttpSender(HERE), receiver.url())
    assert heard.body == b"x" * ANSWER_MOST
    assert heard.error == ("" if size == ANSWER_MOST else "the answer is larger than 64 KiB")


async def test_an_endless_answer_is_cut_off(receiver: Receiver) -> None:
    receiver.answer = receiving.endless()
    heard = await post(HttpSender(HERE), receiver.url())
    assert heard.error == "the answer is larger than 64 KiB"


async def test_a_compressed_answer_is_refused_unread(receiver: Receiver) -> None:
    receiver.answer = receiving.answer(200, b"\x1f\x8b", content_encoding="gzip")
    heard = await post(HttpSender(HERE), receiver.url())
    assert heard.error == "the answer is compressed, which was not asked for"


async def test_a_connection_that_is_closed_is_told(receiver: Receiver) -> None:
    receiver.answer = receiving.hang_up
    heard = await post(HttpSender(HERE), receiver.url())
    assert heard.status is None
    assert heard.error == "the connection was closed too early"


async def test_garbage_is_told(receiver: Receiver) -> None:
    async def garbage(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()

    receiver.answer = garbage
    heard = await post(HttpSender(HERE), receiver.url())
    assert (heard.status, heard.body, heard.error) == (None, b"", "the answer is not HTTP")


async def test_half_an_answer_is_none(receiver: Receiver) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\n" + OK[:-1])
        await writer.drain()
        writer.close()

    receiver.answer = half
    heard = await post(HttpSender(HERE), receiver.url())
    assert (heard.body, heard.error) == (b"", "the connection was closed too early")


async def test_a_port_that_nobody_listens_on_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        heard = await post(HttpSender(HERE), url)
    assert heard.error == "the connection was refused"


async def test_a_name_that_is_not_known_is_told() -> None:
    async def unknown(host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, host)

    heard = await post(HttpSender(resolve=unknown), "http://nobody.example/")
    assert heard.error == 'the name "nobody.example" is not known'


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_posted_to_however_it_is_spelled(
    receiver: Receiver, host: str
) -> None:
    heard = await post(HttpSender(), receiver.url(host=host))
    assert "which is loopback: nothing is pushed there" in heard.error
    assert receiver.connections == 0


async def test_a_name_that_leads_into_a_closed_network_is_not_posted_to(
    receiver: Receiver,
) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return ["169.254.169.254", "10.0.0.1", "127.0.0.1"]

    heard = await post(HttpSender(resolve=inside), receiver.url(host="sneaky.example"))
    assert heard.error == (
        '"sneaky.example" leads to 127.0.0.1, which is loopback: nothing is pushed there'
    )
    assert receiver.connections == 0


async def test_a_name_that_changes_its_mind_is_looked_up_once(receiver: Receiver) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    asked = 0

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["192.0.2.1"] if asked == 1 else ["127.0.0.1"]

    opened = networks("192.0.2.0/24")  # the first answer may be connected to, and leads nowhere
    sender = HttpSender(opened, resolve=rebinding, within=QUICKLY)
    heard = await sender(receiver.url(host="rebinding.example"), {}, b"[]")
    assert heard.error
    assert (asked, receiver.connections) == (1, 0)
    heard = await post(sender, receiver.url(host="rebinding.example"))
    assert "which is loopback" in heard.error
    assert receiver.connections == 0


async def test_the_addresses_that_may_be_posted_to_are_tried_in_turn(receiver: Receiver) -> None:
    async def mixed(_host: str, _port: int) -> Sequence[str]:
        return ["10.0.0.1", "127.0.0.2", "127.0.0.1"]

    opened = networks("127.0.0.0/8")
    heard = await post(HttpSender(opened, resolve=mixed), receiver.url(host="two.example"))
    assert heard.body == OK
    assert receiver.received[0].headers["host"] == f"two.example:{receiver.port}"


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await post(HttpSender(HERE), receiver.url())).body == OK


async def test_tls_is_verified_against_the_name_and_not_the_address() -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(served)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)

    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with receiving.receiving(served) as receiver:
        url = receiver.url(host="hooks.example", scheme="https")
        known = await post(HttpSender(HERE, resolve=here, trust=trusted), url)
        assert (known.status, known.error) == (200, "")
        another = receiver.url(host="other.example", scheme="https")
        wrong = await post(HttpSender(HERE, resolve=here, trust=trusted), another)
        assert wrong.error.startswith("the certificate is not trusted: Hostname mismatch")
        stranger = await post(HttpSender(HERE, resolve=here), url)
        assert stranger.error.startswith("the certificate is not trusted: ")
        assert len(receiver.received) == 1
