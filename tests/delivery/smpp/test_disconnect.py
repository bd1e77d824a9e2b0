"""A lost connection loses nothing: every message has one answer, and it is true."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from delivery.carriers.smpp.outbox import PATIENCE
from domain.carrier import Answer, Outgoing, Verdict
from tests.delivery.smpp.hours import TIMEOUT, Hours, Submitting, connected, message, until
from tests.smsc import AnswersLate, Drops, Throttles
from tests.smsc_honest import Smsc

LONG = "x" * 400  # three parts


def check(smsc: Smsc, batch: list[Outgoing], answers: list[Answer]) -> Counter[Verdict]:
    """Hold answers to what the SMSC has on record."""
    assert [answer.message_id for answer in answers] == [one.message_id for one in batch]
    came = Counter(one.message for one in smsc.submitted)
    said: dict[int, list[str]] = {one.message_id: [] for one in batch}
    for one, message_id in smsc.accepted:
        said[one.message].append(message_id)
    for answer, sent in zip(answers, batch, strict=True):
        number = answer.message_id
        if answer.verdict is Verdict.ACCEPTED:
            assert list(answer.references) == said[number]
            assert came[number] == sent.segments
        elif answer.verdict is Verdict.UNAVAILABLE:
            assert came[number] == 0
        else:
            assert answer.verdict is Verdict.UNKNOWN
            assert set(answer.references) <= set(said[number])
    return Counter(answer.verdict for answer in answers)


async def test_a_connection_dropped_mid_window(hours: Hours) -> None:
    smsc = Drops(after=30, having_answered=12)
    batch = [message(number) for number in range(1, 101)]
    async with connected(smsc, hours, window=20) as carrier:
        answers = await Submitting(carrier, batch).done()
    verdicts = check(smsc, batch, answers)
    assert verdicts[Verdict.ACCEPTED] == 12
    assert verdicts[Verdict.UNKNOWN] == 20
    assert verdicts[Verdict.UNAVAILABLE] == 68


async def test_the_other_binds_go_on(hours: Hours) -> None:
    smsc = Drops(after=30, having_answered=1_000)
    batch = [message(number) for number in range(1, 201)]
    async with connected(smsc, hours, window=5, binds=3) as carrier:
        verdicts = check(smsc, batch, await Submitting(carrier, batch).done())
        assert carrier.state().binds == 2
    assert verdicts[Verdict.ACCEPTED] >= 195


async def test_a_long_message_cut_in_two_is_unknown_with_what_was_heard(hours: Hours) -> None:
    smsc = Drops(after=4, having_answered=4)
    batch = [message(1, LONG, 3), message(2, LONG, 3), message(3, LONG, 3)]
    async with connected(smsc, hours, window=1) as carrier:
        answers = await Submitting(carrier, batch).done()
    check(smsc, batch, answers)
    assert answers == [
        Answer(1, Verdict.ACCEPTED, ("id-1", "id-2", "id-3")),
        Answer(2, Verdict.UNKNOWN, ("id-4",)),
        Answer(3, Verdict.UNAVAILABLE),
    ]


@pytest.mark.parametrize(
    ("spared", "expected"),
    [({1}, Answer(1, Verdict.UNKNOWN, ("id-1",))), (set(), Answer(1, Verdict.UNAVAILABLE))],
)
async def test_a_part_that_waits_to_be_sent_again_is_answered_too(
    hours: Hours, spared: set[int], expected: Answer
) -> None:
    smsc = Throttles(times=100, spares=frozenset(spared))
    async with connected(smsc, hours, window=1) as carrier:
        submitting = Submitting(carrier, [message(1, LONG, 3)])
        await until(lambda: carrier.room() == 0)
        smsc.links[0].transport.abort()
        assert await submitting.done() == [expected]


@tried(max_examples=25)
@given(
    after=st.integers(1, 40),
    answered=st.integers(0, 40),
    binds=st.integers(1, 3),
    window=st.integers(1, 8),
    seed=st.integers(0, 9),
)
async def test_whenever_it_is_dropped_no_answer_is_missing_double_or_false(
    after: int, answered: int, binds: int, window: int, seed: int
) -> None:
    smsc, hours = Drops(after=after, having_answered=answered), Hours()
    long = random.Random(seed).choices([False, True], k=20)  # noqa: S311 - a test's variety
    batch = [
        message(number, LONG, 3) if is_long else message(number)
        for number, is_long in enumerate(long, 1)
    ]
    async with connected(smsc, hours, binds=binds, window=window) as carrier:
        submitting = Submitting(carrier, batch)
        # Binds that come back take what waits, and are not answered either.
        while not submitting.over and hours.seconds < PATIENCE + 4 * TIMEOUT:
            await hours.advance(TIMEOUT / 4)
        check(smsc, batch, await submitting.done())


async def test_what_a_stop_cuts_short_is_answered(hours: Hours) -> None:
    smsc = AnswersLate()
    batch = [message(number) for number in range(1, 31)]
    async with connected(smsc, hours, window=10) as carrier:
        submitting = Submitting(carrier, batch)
        await until(lambda: len(smsc.submitted) == 10)
    verdicts = check(smsc, batch, await submitting.done())
    assert verdicts == {Verdict.UNKNOWN: 10, Verdict.UNAVAILABLE: 20}
