"""One connection: what leaves together, what was sent, and what was not."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.carriers.smpp.command import Command
from delivery.carriers.smpp.field import LAST_SEQUENCE
from delivery.carriers.smpp.pdu import DeliverSm, Plain
from delivery.carriers.smpp.session import (
    IDLE_MOST,
    UNREAD_MOST,
    Failure,
    Owner,
    Response,
    Session,
)
from tests.delivery.smpp.hours import TIMEOUT, Hours
from tests.smsc_honest import DELIVER, ENQUIRE, HEADER, RESPONSE, pdu, receipt

WIRE = Plain(command=Command.ENQUIRE_LINK, sequence=1).encode()


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False
        self.unread = 0

    def get_write_buffer_size(self) -> int:
        return self.unread

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


class Ends:
    """A session on a wire, and what its owner is told."""

    def __init__(self, hours: Hours) -> None:
        self.reads: list[int] = []
        self.problems: list[str] = []
        self.answers: list[Response | Failure] = []
        owner = Owner(delivered=self._delivered, writable=lambda: None, lost=self._lost)
        self.wire, self.session = Wire(), Session(owner, hours.timing, TIMEOUT)
        self.session.connection_made(cast("asyncio.Transport", self.wire))

    def request(self) -> None:
        self.session.request(WIRE, self.answers.append)

    def _delivered(self, _session: Session, pdus: Sequence[DeliverSm]) -> None:
        self.reads.append(len(pdus))

    def _lost(self, _session: Session, problem: str) -> None:
        self.problems.append(problem)


@pytest.fixture
async def ends(hours: Hours) -> Ends:
    return Ends(hours)


async def test_what_is_written_in_one_turn_leaves_in_one_piece(ends: Ends) -> None:
    for _ in range(3):
        ends.request()
    ends.session.data_received(pdu(ENQUIRE, 0, 77))
    assert ends.wire.writes == []
    await asyncio.sleep(0)
    (data,) = ends.wire.writes
    headers = [HEADER.unpack_from(data, at) for at in range(0, len(data), 16)]
    assert [(command, sequence) for _, command, _, sequence in headers] == [
        (ENQUIRE, 1),
        (ENQUIRE, 2),
        (ENQUIRE, 3),
        (ENQUIRE | RESPONSE, 77),
    ]


async def test_the_deliver_sm_of_one_read_are_handed_over_together(ends: Ends) -> None:
    some = b"".join(pdu(DELIVER, 0, number, receipt("a")) for number in range(1, 6))
    ends.session.data_received(some[:-10])
    ends.session.data_received(some[-10:])
    assert ends.reads == [4, 1]


async def test_what_was_not_written_when_it_ended_was_not_sent(ends: Ends) -> None:
    ends.request()
    await asyncio.sleep(0)
    ends.request()
    ends.session.connection_lost(ConnectionResetError("reset by 13800138000"))
    ends.request()
    assert ends.answers == [Failure.UNANSWERED, Failure.UNSENT, Failure.UNSENT]
    assert ends.problems == ["the carrier ended the connection: ConnectionResetError"]
    await asyncio.sleep(0)
    assert len(ends.wire.writes) == 1


async def test_numbers_begin_again_after_the_last(ends: Ends) -> None:
    ends.session._sequence = LAST_SEQUENCE - 1  # noqa: SLF001 - two thousand million requests take too long
    ends.request()
    ends.request()
    await asyncio.sleep(0)
    data = ends.wire.writes[0]
    assert [HEADER.unpack_from(data, at)[3] for at in (0, 16)] == [LAST_SEQUENCE, 1]


async def test_no_requests_are_made_while_the_carrier_does_not_read(ends: Ends) -> None:
    ends.session.pause_writing()
    ends.request()
    assert ends.answers == [Failure.UNSENT]
    ends.session.resume_writing()
    assert ends.session.usable
    ends.session.close("over")
    ends.session.resume_writing()
    assert not ends.session.usable


async def test_who_asks_without_end_is_left(ends: Ends) -> None:
    ends.session.data_received(pdu(ENQUIRE, 0, 1) * IDLE_MOST + pdu(DELIVER, 0, 9, receipt("a")))
    assert (ends.wire.closed, ends.reads) == (False, [1])
    ends.session.data_received(pdu(ENQUIRE, 0, 1) * (IDLE_MOST + 1))
    assert ends.wire.closed
    ends.session.connection_lost(None)
    assert ends.problems == ["the carrier sent more than 2000 PDUs at once that are no messages"]


async def test_who_reads_no_answers_is_left(ends: Ends) -> None:
    for unread, closed in ((UNREAD_MOST, False), (UNREAD_MOST + 1, True)):
        ends.wire.unread = unread
        ends.session.data_received(pdu(ENQUIRE, 0, 1))
        await asyncio.sleep(0)
        assert ends.wire.closed is closed
    ends.session.connection_lost(None)
    assert ends.problems == ["the carrier does not read what it is answered"]


@given(
    chunks=st.lists(
        st.one_of(
            st.binary(max_size=64),
            st.builds(
                pdu,
                st.sampled_from([DELIVER, ENQUIRE, 0x103, 0x80000000, 0x80000003, 0x80000004, 9]),
                st.integers(0, 255),
                st.integers(0, 5),
                st.binary(max_size=48),
            ),
        ),
        max_size=12,
    )
)
async def test_whatever_comes_each_request_has_one_answer(chunks: list[bytes]) -> None:
    ends = Ends(Hours())
    for chunk in chunks:
        ends.request()
        if not ends.wire.closed:
            ends.session.data_received(chunk)
        await asyncio.sleep(0)
    ends.session.connection_lost(None)
    assert len(ends.answers) == len(chunks)
    assert len(ends.problems) == 1


async def test_responses_find_their_request_in_any_order(ends: Ends) -> None:
    ends.request()
    ends.request()
    ends.session.data_received(pdu(ENQUIRE | RESPONSE, 0, 2) + pdu(ENQUIRE | RESPONSE, 0, 99))
    ends.session.data_received(pdu(ENQUIRE | RESPONSE, 0, 1) + pdu(ENQUIRE | RESPONSE, 0, 1))
    assert [one.sequence for one in ends.answers if not isinstance(one, Failure)] == [2, 1]
