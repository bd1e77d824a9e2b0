"""How much a carrier asks for: what it can submit within the next two seconds."""

from tests.delivery.smpp.hours import Hours, Submitting, connected, message
from tests.smsc import AnswersLate
from tests.smsc_honest import Smsc

LONG = "x" * 400  # three parts


async def test_room_is_twice_the_window_at_first_and_two_seconds_of_the_rate_then(
    hours: Hours,
) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, window=10, binds=2) as carrier:
        assert carrier.room() == 40
        await Submitting(carrier, [message(number) for number in range(1, 501)]).done()
        assert carrier.room() == 1000
        await hours.advance(10)
        assert carrier.room() == 40


async def test_room_is_what_the_throughput_allows(hours: Hours) -> None:
    smsc = AnswersLate()
    async with connected(smsc, hours, window=100, throughput=30) as carrier:
        assert carrier.room() == 60
        submitting = Submitting(carrier, [message(number, LONG, 3) for number in range(1, 6)])
        assert carrier.room() == 60
        await hours.advance(0)
        assert carrier.room() == 15
        smsc.catch_up()
        await hours.advance(0.5)
        smsc.catch_up()
        await submitting.done()
        assert carrier.room() == 20


async def test_a_slow_carrier_has_room_for_one_message_however_long(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, throughput=1) as carrier:
        assert carrier.room() == 2
        submitting = Submitting(carrier, [message(1, LONG, 3)])
        await hours.advance(1)
        assert (len(smsc.submitted), carrier.room()) == (2, 0)
        await hours.advance(1)
        await submitting.done()
        assert carrier.room() == 1
