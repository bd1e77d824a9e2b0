"""A recipient's long text, part after part: brought whole, and acknowledged thereafter (RPL-1)."""

import pytest

from delivery.carriers.smpp.inbox import PART_WAITS
from tests.delivery.sinks import RecordingSink, SlowSink
from tests.delivery.smpp.hours import Hours, connected, until
from tests.smsc_honest import Smsc, mobile_originated


def part(number: int, total: int = 3, text: bytes = b"abc") -> bytes:
    header = bytes((5, 0, 3, 77, total, number))
    return mobile_originated(header + text, esm_class=0x40)


async def test_a_long_reply_is_acknowledged_when_it_is_kept_whole(hours: Hours) -> None:
    smsc, slow = Smsc(), SlowSink()
    async with connected(smsc, hours, slow):
        smsc.deliver(part(2), part(1))
        await hours.advance(PART_WAITS / 2)
        smsc.deliver(part(3, text=b"end"), first=3)
        await until(lambda: slow.sizes == [1])
        assert smsc.answers == []
        slow.let.set()
        await until(lambda: len(smsc.acknowledged()) == 3)
    assert [one.text for one in slow.replies] == ["abcabcend"]


async def test_a_carrier_that_brings_part_after_part_is_not_kept_waiting(
    hours: Hours, sink: RecordingSink
) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink):
        for number in (1, 2):
            smsc.deliver(part(number), first=number)
            await hours.advance(PART_WAITS)
            assert smsc.acknowledged() == [*range(1, number + 1)]
        smsc.deliver(part(3), first=3)
        await until(lambda: len(smsc.acknowledged()) == 3)
    assert [one.text for one in sink.replies] == ["abcabcabc"]


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_long_reply_that_stays_incomplete_is_brought_as_it_is(
    hours: Hours, sink: RecordingSink, stopped: bool
) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink) as carrier:
        smsc.deliver(part(1), part(3))
        await hours.advance(PART_WAITS)
        if stopped:
            await carrier.stop()
        else:
            await hours.advance(20 * 60)
        assert [one.text for one in sink.replies] == ["abc…abc"]


async def test_parts_are_answered_when_it_stops(hours: Hours, sink: RecordingSink) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, sink) as carrier:
        smsc.deliver(part(1))
        await hours.advance(0)
        await carrier.stop()
        await until(smsc.acknowledged)
    assert [one.text for one in sink.replies] == ["abc…"]
