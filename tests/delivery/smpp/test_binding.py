"""Binds come up, stay up, come back, and end."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from delivery.carriers.smpp.session import LEAVE
from domain.carrier import Answer, Verdict
from tests.delivery.smpp.hours import (
    LINK,
    TIMEOUT,
    Hours,
    Submitting,
    connected,
    message,
    settled,
    started,
    until,
)
from tests.smsc import Deaf, NeverAnswers, RefusesBind, SlowBind
from tests.smsc_honest import ENQUIRE, RESPONSE, UNBIND, WRONG_SYSTEM_ID, Smsc, pdu


async def test_a_bind_is_kept_alive_and_answers_who_asks(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, binds=2) as carrier:
        await hours.advance(3 * LINK)
        assert smsc.enquired == 6
        smsc.links[0].send(pdu(ENQUIRE, 0, 99))
        await until(lambda: smsc.answers)
        assert smsc.answers == [(ENQUIRE | RESPONSE, 0, 99)]
        assert carrier.state().binds == 2
        assert smsc.attempts == 2


async def test_a_bind_that_does_not_answer_enquire_link_is_given_up(hours: Hours) -> None:
    smsc = Deaf()
    async with connected(smsc, hours) as carrier:
        await hours.advance(LINK + TIMEOUT - 0.1)
        assert (carrier.state().binds, carrier.state().error) == (1, "")
        await hours.advance(0.1)
        assert carrier.state().binds == 0
        assert carrier.state().error == (
            "bind 1 (transceiver): the carrier answered nothing for 20 s"
        )
        await hours.advance(1)
        assert (carrier.state().binds, smsc.attempts) == (1, 2)


async def test_a_bind_that_answers_no_submission_is_given_up(hours: Hours) -> None:
    smsc = NeverAnswers()
    async with connected(smsc, hours, window=3, enquire_link=timedelta(seconds=5)) as carrier:
        submitting = Submitting(carrier, [message(number) for number in range(1, 4)])
        await hours.advance(TIMEOUT)
        assert {answer.verdict for answer in await submitting.done()} == {Verdict.UNKNOWN}
        assert carrier.state().error.endswith("answers enquire_link, but no submission")
        assert carrier.state().binds == 0


async def test_a_slow_bind_is_given_up_and_tried_again(hours: Hours) -> None:
    smsc = SlowBind()
    carrier = await started(smsc, hours)
    await hours.advance(TIMEOUT - 0.1)
    assert smsc.attempts == 1
    await hours.advance(0.1 + 1)
    assert (smsc.attempts, carrier.state().binds, carrier.room()) == (2, 0, 0)
    assert carrier.state().error.endswith(
        "answered nothing for 20 s (the bind was not answered; this port may want TLS)"
    )
    await carrier.stop()
    await smsc.stop()


async def test_pauses_between_attempts_grow_to_a_minute(hours: Hours) -> None:
    smsc = Smsc()
    await smsc.start()
    await smsc.stop()
    carrier = await started(smsc, hours)
    for at in (0, 1, 3, 7, 15, 31, 63, 123, 183):
        await hours.advance(at - hours.seconds)
        assert carrier.state().error_at == hours.now()
    assert carrier.state().error == (
        f'bind 1 (transceiver): no connection to "127.0.0.1:{smsc.port}": connection refused'
    )
    await smsc.start()
    await hours.advance(60)
    assert carrier.state().binds == 1
    await smsc.stop()
    await until(lambda: carrier.state().binds == 0)
    await smsc.start()
    await hours.advance(59)
    assert carrier.state().binds == 0
    await hours.advance(1)
    assert carrier.state().binds == 1
    await hours.advance(60)
    await smsc.stop()
    await until(lambda: carrier.state().binds == 0)
    await smsc.start()
    await hours.advance(1)
    assert carrier.state().binds == 1
    await carrier.stop()
    await smsc.stop()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0x0E, "ESME_RINVPASWD (wrong password)"),
        (WRONG_SYSTEM_ID, "ESME_RINVSYSID (wrong system_id)"),
    ],
)
async def test_refused_credentials_are_shown_and_tried_slowly(
    hours: Hours, status: int, said: str
) -> None:
    smsc = RefusesBind(status=status)
    carrier = await started(smsc, hours)
    assert carrier.state().error == (f"bind 1 (transceiver): the carrier refused the bind: {said}")
    await hours.advance(59)
    assert smsc.attempts == 1
    await hours.advance(1)
    assert smsc.attempts == 2
    await hours.advance(119)
    assert smsc.attempts == 2
    await hours.advance(3600)
    assert smsc.attempts == 9
    await carrier.stop()
    await smsc.stop()


async def test_any_other_refusal_is_tried_soon(hours: Hours) -> None:
    smsc = RefusesBind(status=0x0D)
    carrier = await started(smsc, hours)
    assert carrier.state().error.endswith("refused the bind: ESME_RBINDFAIL")
    await hours.advance(1)
    assert smsc.attempts == 2
    await carrier.stop()
    await smsc.stop()


async def test_the_right_password_is_sent(hours: Hours) -> None:
    smsc = Smsc(password="a longer password than 8")
    async with connected(smsc, hours, password=smsc.password) as carrier:
        assert carrier.state().binds == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"system_id": "kärnten"}, "system_id must be ASCII without NUL"),
        ({"host": f"{'x' * 64}.example"}, "label"),
    ],
)
async def test_settings_that_cannot_work_are_told_and_end_nothing(
    hours: Hours, changes: dict[str, Any], said: str
) -> None:
    smsc = Smsc()
    carrier = await started(smsc, hours, **changes)
    await until(lambda: carrier.state().error)
    assert said in carrier.state().error
    error_at = carrier.state().error_at
    await hours.advance(1)
    await until(lambda: carrier.state().error_at != error_at)
    await carrier.stop()
    await smsc.stop()


async def test_a_carrier_that_unbinds_is_answered_and_bound_again(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours) as carrier:
        smsc.links[0].send(pdu(UNBIND, 0, 5))
        await until(lambda: carrier.state().binds == 0)
        assert smsc.answers == [(UNBIND | RESPONSE, 0, 5)]
        await hours.advance(1)
        assert carrier.state().binds == 1


async def test_each_bind_comes_back_by_itself(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, binds=3) as carrier:
        smsc.links[1].transport.abort()
        await until(lambda: carrier.state().binds == 2)
        assert carrier.room() == 2 * 2 * 10
        answers = await Submitting(carrier, [message(1)]).done()
        assert answers == [Answer(1, Verdict.ACCEPTED, ("id-1",))]
        await hours.advance(1)
        assert carrier.state().binds == 3


@pytest.mark.parametrize("smsc", [SlowBind(), RefusesBind(), Smsc()])
async def test_it_stops_at_once_while_it_is_not_bound(hours: Hours, smsc: Smsc) -> None:
    if type(smsc) is Smsc:
        await smsc.start()
        await smsc.stop()
    carrier = await started(smsc, hours)
    async with asyncio.timeout(5):
        await carrier.stop()
        await carrier.stop()
    assert carrier.state().binds == 0
    await smsc.stop()


async def test_a_stop_that_is_cut_short_leaves_no_bind_open(hours: Hours) -> None:
    smsc = NeverAnswers()
    async with connected(smsc, hours, binds=2) as carrier:
        submitting = Submitting(carrier, [message(1)])
        await until(lambda: smsc.submitted)
        stop = asyncio.create_task(carrier.stop())
        await settled()
        stop.cancel()
        await asyncio.wait([stop])
        await until(lambda: not smsc.links)
        assert await submitting.done() == [Answer(1, Verdict.UNKNOWN)]
        await hours.advance(60)
        assert smsc.attempts == 2


class KeepsSilentAtTheEnd(Smsc):
    """Does not answer unbind."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = False

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write, until told not to."""
        if not self.silent:
            super().write(transport, data)


async def test_a_carrier_that_does_not_answer_unbind_is_left(hours: Hours) -> None:
    smsc = KeepsSilentAtTheEnd()
    async with connected(smsc, hours) as carrier:
        smsc.silent = True
        for link in smsc.links:
            link.transport.pause_reading()
        stop = asyncio.create_task(carrier.stop())
        await hours.advance(LEAVE - 0.1)
        assert not stop.done()
        await hours.advance(0.1)
        async with asyncio.timeout(5):
            await stop
