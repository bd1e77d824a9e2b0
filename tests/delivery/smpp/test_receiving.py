"""What a carrier brings is acknowledged when it is kept, and not before."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from delivery.carriers.base import Inbound
from delivery.carriers.smpp.inbox import ATTEMPTS, GROUPS_AT_ONCE, HELD_MOST
from domain.carrier import Answer, Receipt, Reply, Verdict
from domain.smpp import ReceiptIds
from tests.delivery.sinks import RecordingSink, SlowSink
from tests.delivery.smpp.hours import TIMEOUT, Hours, Submitting, connected, message, until
from tests.smsc import AnswersLate, ByteByByte, Peculiar, ReceiptFirst
from tests.smsc_honest import DELIVER, NACK, RESPONSE, Smsc, mobile_originated, pdu, receipt

DONE = datetime(2025, 1, 1, 0, 1, tzinfo=UTC)
PHONE = "+8613800138000"
TEMPORARY, REJECTED, INVALID_LENGTH, INVALID_COMMAND = 0x64, 0x66, 2, 3


class PickySink(RecordingSink):
    """Never keeps one of the receipts, nor what comes with it."""

    async def __call__(self, carrier: str, inbound: Inbound) -> None:
        """Take what a carrier brings, or all but that."""
        if "bad" in {one.reference for one in inbound.receipts}:
            self.failures = 1
        await super().__call__(carrier, inbound)


async def test_receipts_are_acknowledged_after_they_are_kept(hours: Hours) -> None:
    smsc, slow = Smsc(), SlowSink()
    async with connected(smsc, hours, slow):
        smsc.deliver(receipt("a"), receipt("b", state="UNDELIV"))
        await until(lambda: slow.sizes)
        await hours.advance(0)
        assert smsc.acknowledged() == []
        slow.let.set()
        await until(lambda: len(smsc.acknowledged()) == 2)
    assert slow.receipts == [
        Receipt("a", True, "DELIVRD", DONE, PHONE),
        Receipt("b", False, "UNDELIV", DONE, PHONE),
    ]


async def test_what_comes_during_a_commit_is_handed_over_for_the_next(hours: Hours) -> None:
    """So many groups may wait; what comes then is one group more, however much that is."""
    smsc, slow = Smsc(), SlowSink()
    async with connected(smsc, hours, slow, binds=2):
        one, other = smsc.links
        for number in range(GROUPS_AT_ONCE):
            smsc.deliver(receipt(f"one{number}"), first=1 + number, link=one)
            await slow.handed_over(number + 1)
        for number in range(10):
            smsc.deliver(receipt(f"other{number}"), first=1 + number, link=other)
            await hours.advance(0)
        assert slow.sizes == [1] * GROUPS_AT_ONCE
        slow.let.set()
        await until(lambda: len(smsc.acknowledged()) == GROUPS_AT_ONCE + 10)
    assert slow.sizes == [*[1] * GROUPS_AT_ONCE, 10]


async def test_groups_that_fail_together_are_tried_again_one_by_one(
    hours: Hours, sink: RecordingSink
) -> None:
    """A database that is away for a moment has no carrier bring its receipts again."""
    smsc, slow = Smsc(), SlowSink()
    slow.failures = GROUPS_AT_ONCE
    async with connected(smsc, hours, slow):
        for number in range(GROUPS_AT_ONCE):
            smsc.deliver(receipt(f"r{number}"), first=1 + number)
            await slow.handed_over(number + 1)
        slow.let.set()
        await hours.advance(30)
        assert sorted(smsc.acknowledged()) == list(range(1, GROUPS_AT_ONCE + 1))
        assert smsc.acknowledged(TEMPORARY) == []
    assert len(slow.receipts) == GROUPS_AT_ONCE


async def test_what_cannot_be_kept_is_tried_again_before_it_is_acknowledged(
    hours: Hours, sink: RecordingSink
) -> None:
    smsc, sink.failures = Smsc(), 2
    async with connected(smsc, hours, sink):
        smsc.deliver(receipt("a"))
        await hours.advance(0.25)
        assert (sink.calls, smsc.answers) == (2, [])
        await hours.advance(0.5)
        assert (sink.calls, smsc.acknowledged()) == (3, [1])
    assert [one.reference for one in sink.receipts] == ["a"]


async def test_one_that_can_never_be_kept_does_not_keep_others_back(hours: Hours) -> None:
    smsc, picky = Smsc(), PickySink()
    async with connected(smsc, hours, picky):
        smsc.deliver(*(receipt(name) for name in ("a", "b", "bad", "c", "d", "e")))
        await hours.advance(30)
        assert sorted(smsc.acknowledged()) == [1, 2, 4, 5, 6]
        assert smsc.acknowledged(TEMPORARY) == [3]
    assert sorted(one.reference for one in picky.receipts) == ["a", "b", "c", "d", "e"]
    assert picky.calls <= 6 + 3 + ATTEMPTS


async def test_a_receipt_before_the_answer_and_one_twice_are_brought_as_they_come(
    hours: Hours, sink: RecordingSink
) -> None:
    smsc = ReceiptFirst()
    async with connected(smsc, hours, sink) as carrier:
        answers = await Submitting(carrier, [message(1), message(2)]).done()
        await until(lambda: len(smsc.acknowledged()) == 4)
    assert answers == [
        Answer(1, Verdict.ACCEPTED, ("id-1",)),
        Answer(2, Verdict.ACCEPTED, ("id-2",)),
    ]
    assert [one.reference for one in sink.receipts] == ["id-1", "id-1", "id-2", "id-2"]
    assert {one.phone for one in sink.receipts} == {"+8613800000001", "+8613800000002"}


@pytest.mark.parametrize("smsc", [Peculiar(), ByteByByte()])
async def test_peculiar_carriers_lose_nothing(
    hours: Hours, sink: RecordingSink, smsc: Smsc
) -> None:
    async with connected(smsc, hours, sink) as carrier:
        await Submitting(carrier, [message(1), message(2)]).done()
        if isinstance(smsc, ByteByByte):
            smsc.deliver(receipt("id-1"), receipt("id-2"), first=0xFFFFFF01)
        await until(lambda: len(smsc.answers) == 2)
    assert smsc.acknowledged() == [0xFFFFFF01, 0xFFFFFF02]
    assert [one.reference for one in sink.receipts] == ["id-1", "id-2"]


async def test_ids_and_times_are_read_as_the_carrier_writes_them(
    hours: Hours, sink: RecordingSink
) -> None:
    smsc, zone = Smsc(), timezone(timedelta(hours=8))
    async with connected(smsc, hours, sink, receipt_ids=ReceiptIds.DECIMAL, receipt_zone=zone):
        smsc.deliver(receipt("255"))
        await until(smsc.acknowledged)
    (one,) = sink.receipts
    assert (one.reference, one.at) == ("ff", DONE - timedelta(hours=8))


async def test_a_receipt_may_come_as_data_sm(hours: Hours, sink: RecordingSink) -> None:
    smsc = Smsc()
    body = b"\0\1\0018613800138000\0\0\x0010690\0\x04\0\0" + b"\0\x1e\0\3ab\0" + b"\4\x27\0\1\2"
    async with connected(smsc, hours, sink):
        smsc.links[0].send(pdu(0x103, 0, 9, body))
        await until(lambda: smsc.answers)
    assert smsc.answers == [(0x103 | RESPONSE, 0, 9)]
    assert sink.receipts == [Receipt("ab", True, "DELIVRD", hours.now(), PHONE)]


async def test_what_is_not_final_is_acknowledged_and_not_brought(
    hours: Hours, sink: RecordingSink
) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink):
        smsc.deliver(receipt("a", state="ENROUTE"))
        await until(smsc.acknowledged)
    assert sink.calls == 0


async def test_a_reply_says_who_wrote_and_to_whom(hours: Hours, sink: RecordingSink) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink):
        smsc.deliver(mobile_originated(b"TD"), mobile_originated(b"hello", phone="GOOGLE"))
        await until(lambda: len(smsc.acknowledged()) == 2)
    assert sink.replies == [Reply(PHONE, "TD", hours.now(), sender_id="10690")]


async def test_a_stop_waits_for_the_commit_and_not_for_the_carrier_to_end(hours: Hours) -> None:
    """What comes after the stop has begun is for the next process."""
    smsc, slow = Smsc(), SlowSink()
    async with connected(smsc, hours, slow) as carrier:
        smsc.deliver(receipt("a"), receipt("b"))
        await until(lambda: slow.sizes)
        stop = asyncio.create_task(carrier.stop())
        await hours.advance(0)
        smsc.deliver(receipt("c"), first=3)
        await hours.advance(0)
        slow.let.set()
        await stop
        await until(lambda: len(smsc.acknowledged()) == 2)
    assert [one.reference for one in slow.receipts] == ["a", "b"]
    assert smsc.acknowledged() == [1, 2]


async def test_more_than_is_held_is_not_read(hours: Hours) -> None:
    """And no request's time runs out meanwhile, because its response may be among the unread."""
    smsc, slow = AnswersLate(), SlowSink()
    async with connected(smsc, hours, slow) as carrier:
        before = Submitting(carrier, [message(1)])
        await until(lambda: smsc.submitted)
        smsc.deliver(*(receipt(f"r{number}") for number in range(HELD_MOST + 1500)))
        await until(lambda: slow.sizes)
        await hours.advance(0)
        smsc.deliver(*(receipt(f"s{number}") for number in range(5000)), first=10_000)
        await hours.advance(0)
        meanwhile = Submitting(carrier, [message(2)])
        await hours.advance(3 * TIMEOUT)
        assert not before.over
        assert not meanwhile.over
        smsc.catch_up()
        slow.let.set()
        await until(lambda: len(smsc.acknowledged()) == HELD_MOST + 6500)
        verdicts = [(await one.done())[0].verdict for one in (before, meanwhile)]
        assert verdicts == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert max(slow.sizes) <= 1000
    assert len({one.reference for one in slow.receipts}) == HELD_MOST + 6500


async def test_what_is_malformed_is_refused_and_what_follows_is_read(
    hours: Hours, sink: RecordingSink
) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink):
        strange = pdu(0x102, 0, 8, b"alert")
        late = pdu(NACK, 3, 0) + pdu(0x80000004, 0, 77, b"id\0")
        smsc.links[0].send(pdu(DELIVER, 0, 7, b"\0\1\1"), strange, late)
        smsc.deliver(receipt("a"), first=9)
        await until(smsc.acknowledged)
    assert smsc.answers == [
        (NACK, INVALID_LENGTH, 7),
        (NACK, INVALID_COMMAND, 8),
        (DELIVER | RESPONSE, 0, 9),
    ]


class NoZone(tzinfo):
    """A zone that fails with something nobody should read."""

    def utcoffset(self, _at: datetime | None) -> timedelta:
        raise RuntimeError(PHONE)

    dst = utcoffset

    def tzname(self, _at: datetime | None) -> str:
        return "none"


async def test_a_failure_of_ours_ends_no_session_and_shows_no_number(
    hours: Hours, sink: RecordingSink, caplog: pytest.LogCaptureFixture
) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink, receipt_zone=NoZone()) as carrier:
        smsc.deliver(receipt("a"))
        await until(smsc.answers.copy)
        assert smsc.acknowledged(REJECTED) == [1]
        assert carrier.state().binds == 1
    assert "acme brought what cannot be read: RuntimeError" in caplog.messages


async def test_nothing_of_a_message_is_logged(
    hours: Hours, sink: RecordingSink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    smsc, sink.failures = Smsc(), 1
    async with connected(smsc, hours, sink, password="hushhush") as carrier:
        await Submitting(carrier, [message(1, "[Shop] private")]).done()
        smsc.deliver(receipt("a"), mobile_originated(b"private"))
        await hours.advance(30)
        smsc.links[0].send(b"garbage that ends the session")
        await until(lambda: carrier.state().error)
    logged = caplog.text + carrier.state().error
    assert "could not be kept: ConnectionError" in logged
    for secret in ("13800", "private", "hushhush"):
        assert secret not in logged
