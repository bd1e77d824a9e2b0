"""Submitting over SMPP, to honest and to misbehaving SMSCs: every message has one answer."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from delivery.carriers.smpp.outbox import PATIENCE
from domain.carrier import Answer, Verdict
from domain.smpp import BindMode
from tests.delivery.smpp.hours import TIMEOUT, Hours, Submitting, connected, message, until
from tests.smsc import (
    AnswersLate,
    Garbage,
    NeverAnswers,
    Refuses,
    StopsReading,
    Throttles,
    WrongIds,
)
from tests.smsc_honest import QUEUE_FULL, Smsc

LONG = "x" * 400  # three parts


async def test_messages_are_accepted_with_a_reference_each(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours) as carrier:
        answers = await Submitting(carrier, [message(number) for number in range(1, 101)]).done()
    assert answers == [
        Answer(one.message, Verdict.ACCEPTED, (message_id,)) for one, message_id in smsc.accepted
    ]
    assert [one.destination[2] for one in smsc.submitted] == [
        f"8613800{number:06d}" for number in range(1, 101)
    ]


async def test_an_empty_batch_is_done_at_once(hours: Hours) -> None:
    async with connected(Smsc(), hours) as carrier:
        assert await Submitting(carrier, []).done() == []


async def test_the_window_of_a_bind_is_never_exceeded(hours: Hours) -> None:
    smsc = AnswersLate()
    async with connected(smsc, hours, window=7, binds=2) as carrier:
        submitting = Submitting(carrier, [message(number) for number in range(1, 31)])
        await until(lambda: len(smsc.submitted) == 14)
        assert carrier.state().window == 14
        while not submitting.over:
            smsc.catch_up()
            await hours.advance(0)
        assert len(await submitting.done()) == 30
        assert carrier.state().window == 0
    assert smsc.window == 7


async def test_all_parts_of_a_message_take_one_bind_in_their_order(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, binds=3, window=2) as carrier:
        batch = [message(number, LONG, 3) for number in range(1, 31)]
        answers = await Submitting(carrier, batch).done()
    assert {answer.verdict for answer in answers} == {Verdict.ACCEPTED}
    assert all(len(answer.references) == 3 for answer in answers)
    for number in range(1, 31):
        parts = [one for one in smsc.submitted if one.message == number]
        assert [part.octets[5] for part in parts] == [1, 2, 3]
        assert len({id(part.link) for part in parts}) == 1
    assert len({id(one.link) for one in smsc.submitted}) == 3


async def test_the_throughput_counts_parts(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, throughput=8, window=100) as carrier:
        submitting = Submitting(carrier, [message(number, LONG, 3) for number in range(1, 6)])
        await until(lambda: len(smsc.submitted) == 1)
        for eighth in range(1, 13):
            await hours.advance(1 / 8)
            assert len(smsc.submitted) == 1 + eighth
        assert carrier.state().rate == pytest.approx(13 / 1.5)
        await hours.advance(1 / 4)
        assert len(await submitting.done()) == 5


@pytest.mark.parametrize("status", [0x58, QUEUE_FULL])
async def test_what_comes_too_fast_is_sent_again_after_a_pause(hours: Hours, status: int) -> None:
    smsc = Throttles(times=2, status=status)
    async with connected(smsc, hours) as carrier:
        submitting = Submitting(carrier, [message(number) for number in range(1, 5)])
        await until(lambda: len(smsc.submitted) == 4)
        await hours.advance(0.24)
        assert (len(smsc.submitted), carrier.room()) == (4, 0)
        await hours.advance(0.01)
        assert len(smsc.submitted) == 8
        await hours.advance(0.49)
        assert len(smsc.submitted) == 8
        await hours.advance(0.01)
        answers = await submitting.done()
        assert carrier.room() > 0
    assert Counter(answer.verdict for answer in answers) == {Verdict.ACCEPTED: 4}
    assert len(smsc.submitted) == 12


async def test_what_stays_too_fast_is_given_back(hours: Hours) -> None:
    smsc = Throttles(times=100)
    async with connected(smsc, hours) as carrier:
        submitting = Submitting(carrier, [message(1)])
        await hours.advance(2)
        assert await submitting.done() == [Answer(1, Verdict.THROTTLED)]
    assert len(smsc.submitted) == 4


async def test_a_message_that_is_begun_is_not_given_back(hours: Hours) -> None:
    """The resubmission would send its first part twice; it is unknown rather."""
    smsc = Throttles(times=100, spares=frozenset({1}))
    async with connected(smsc, hours) as carrier:
        submitting = Submitting(carrier, [message(1, LONG, 3)])
        await hours.advance(60)
        assert await submitting.done() == [Answer(1, Verdict.UNKNOWN, ("id-1",))]


async def test_the_first_refused_part_refuses_the_message(hours: Hours) -> None:
    smsc = Refuses()
    async with connected(smsc, hours, window=1) as carrier:
        answers = await Submitting(carrier, [message(1), message(2, LONG, 3)]).done()
    assert answers == [
        Answer(1, Verdict.REFUSED, code="ESME_RINVDSTADR"),
        Answer(2, Verdict.REFUSED, code="ESME_RINVDSTADR"),
    ]
    assert [one.octets[5] for one in smsc.submitted if one.message == 2] == [1, 2]


async def test_a_text_that_cannot_be_divided_is_refused(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours) as carrier:
        endless = message(1, "x" * 153 * 256, 256)
        answers = await Submitting(carrier, [endless, message(2)]).done()
    assert answers == [
        Answer(1, Verdict.REFUSED, code="ESME_RSUBMITFAIL"),
        Answer(2, Verdict.ACCEPTED, ("id-1",)),
    ]


@pytest.mark.parametrize("smsc", [NeverAnswers(), WrongIds()])
async def test_what_is_never_answered_is_unknown_when_its_time_is_over(
    hours: Hours, smsc: Smsc
) -> None:
    async with connected(smsc, hours) as carrier:
        submitting = Submitting(carrier, [message(1)])
        await until(lambda: smsc.submitted)
        await hours.advance(TIMEOUT - 0.1)
        assert not submitting.over
        await hours.advance(0.1)
        assert await submitting.done() == [Answer(1, Verdict.UNKNOWN)]


async def test_a_late_answer_changes_nothing(hours: Hours) -> None:
    smsc = AnswersLate()
    async with connected(smsc, hours, enquire_link=timedelta(seconds=5)) as carrier:
        submitting = Submitting(carrier, [message(1)])
        await until(lambda: smsc.submitted)
        await hours.advance(TIMEOUT)
        assert await submitting.done() == [Answer(1, Verdict.UNKNOWN)]
        smsc.catch_up()
        await hours.advance(0)
        assert carrier.state().binds == 1
        assert len(submitting.answers) == 1


async def test_one_lost_answer_costs_one_message(hours: Hours) -> None:
    smsc = AnswersLate()
    async with connected(smsc, hours) as carrier:
        lost = Submitting(carrier, [message(1)])
        await until(lambda: smsc.submitted)
        await hours.advance(TIMEOUT / 2)
        good = Submitting(carrier, [message(2)])
        await until(lambda: len(smsc.submitted) == 2)
        smsc.accept(smsc.submitted[1])
        await good.done()
        await hours.advance(TIMEOUT / 2)
        assert await lost.done() == [Answer(1, Verdict.UNKNOWN)]
        assert carrier.state().binds == 1
        assert smsc.attempts == 1


async def test_octets_that_are_no_smpp_end_the_connection(hours: Hours) -> None:
    smsc = Garbage()
    async with connected(smsc, hours) as carrier:
        answers = await Submitting(carrier, [message(1)]).done()
        assert answers == [Answer(1, Verdict.UNKNOWN)]
        await until(lambda: carrier.state().binds == 0)
        assert "the carrier sent no SMPP: command_length must be" in carrier.state().error
        assert carrier.state().error_at == hours.now()
        assert carrier.room() == 0
        await hours.advance(1)
        await until(lambda: carrier.state().binds == 1)


async def test_a_carrier_that_reads_nothing_takes_nothing(hours: Hours) -> None:
    smsc = StopsReading()
    async with connected(smsc, hours, window=1000) as carrier:
        submitting = Submitting(
            carrier, [message(number, "x" * 30_000, 200) for number in range(1, 2001)]
        )
        await until(lambda: carrier.room() == 0)
        await hours.advance(PATIENCE)
        waiting = Counter(answer.verdict for answer in submitting.answers)
        assert set(waiting) == {Verdict.UNAVAILABLE}
        await hours.advance(TIMEOUT)
        verdicts = Counter(answer.verdict for answer in await submitting.done())
    assert verdicts.total() == 2000
    assert set(verdicts) == {Verdict.UNAVAILABLE, Verdict.UNKNOWN}
    assert verdicts[Verdict.UNKNOWN] <= 1000


async def test_without_a_bind_nothing_is_sent(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours) as carrier:
        await smsc.stop()
        await until(lambda: carrier.state().binds == 0)
        assert carrier.room() == 0
        answers = await Submitting(carrier, [message(1), message(2)]).done()
    assert answers == [Answer(1, Verdict.UNAVAILABLE), Answer(2, Verdict.UNAVAILABLE)]


async def test_receivers_take_no_submissions(hours: Hours) -> None:
    smsc = Smsc()
    async with connected(smsc, hours, bind_mode=BindMode.SEPARATE, binds=2) as carrier:
        assert carrier.state().binds_wanted == 4
        assert Counter(link.bound for link in smsc.links) == {"transmitter": 2, "receiver": 2}
        await Submitting(carrier, [message(number) for number in range(1, 41)]).done()
        assert {one.link.bound for one in smsc.submitted} == {"transmitter"}
        for link in tuple(smsc.links):
            if link.bound == "transmitter":
                link.transport.abort()
        await until(lambda: carrier.state().binds == 2)
        assert carrier.room() == 0


async def test_what_waits_is_given_back_when_nobody_waits_for_it(hours: Hours) -> None:
    smsc = AnswersLate()
    async with connected(smsc, hours, window=2) as carrier:
        first = Submitting(carrier, [message(number) for number in range(1, 6)])
        await until(lambda: len(smsc.submitted) == 2)
        second = Submitting(carrier, [message(6)])
        await hours.advance(0)
        await first.cancel()
        given_back = [Answer(number, Verdict.UNAVAILABLE) for number in (3, 4, 5)]
        assert first.answers == given_back
        smsc.catch_up()
        await until(lambda: len(smsc.submitted) == 3)
        smsc.catch_up()
        assert await second.done() == [Answer(6, Verdict.ACCEPTED, ("id-3",))]
        assert first.answers == given_back
    assert [one.message for one in smsc.submitted] == [1, 2, 6]


async def test_a_stopped_carrier_waits_for_answers_and_unbinds(hours: Hours) -> None:
    smsc = AnswersLate()
    async with connected(smsc, hours, window=2) as carrier:
        submitting = Submitting(carrier, [message(number) for number in range(1, 6)])
        await until(lambda: len(smsc.submitted) == 2)
        stop = asyncio.create_task(carrier.stop())
        await hours.advance(0)
        assert not stop.done()
        assert carrier.room() == 0
        late = await Submitting(carrier, [message(9)]).done()
        assert late == [Answer(9, Verdict.UNAVAILABLE)]
        smsc.catch_up()
        await stop
        answers = await submitting.done()
        verdicts = [answer.verdict for answer in answers]
        assert verdicts == [Verdict.ACCEPTED] * 2 + [Verdict.UNAVAILABLE] * 3
        assert (smsc.unbound, carrier.state().binds) == (1, 0)
