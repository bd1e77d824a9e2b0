"""How fast a carrier is spoken to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.carriers.smpp.throttle import BURST, Backoff, Rate, Throughput


class Watch:
    """A clock that is set."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Give the time."""
        return self.seconds


def test_without_a_limit_there_is_always_a_token() -> None:
    throughput = Throughput(None, Watch())
    assert all(throughput.take() for _ in range(100_000))
    assert throughput.wait() == 0


def test_a_slow_carrier_gets_one_part_at_a_time() -> None:
    watch = Watch()
    throughput = Throughput(2, watch)
    assert throughput.take()
    assert not throughput.take()
    assert throughput.wait() == pytest.approx(0.5)
    watch.seconds += throughput.wait()
    assert throughput.take()
    assert not throughput.take()


def test_what_was_not_used_is_not_saved() -> None:
    watch = Watch()
    throughput = Throughput(100, watch)
    watch.seconds += 3600
    assert sum(throughput.take() for _ in range(1000)) == 10


@given(
    rate=st.integers(1, 1000),
    steps=st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 50)), max_size=40),
)
def test_no_span_of_time_has_more_than_its_share_and_one_burst(
    rate: int, steps: list[tuple[float, int]]
) -> None:
    watch = Watch()
    throughput = Throughput(rate, watch)
    taken: list[float] = []
    for seconds, tries in steps:
        watch.seconds += seconds
        taken += [watch.seconds for _ in range(tries) if throughput.take()]
    burst = max(1.0, rate * BURST)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= (taken[last] - begin) * rate + burst + 0.01


def test_the_rate_is_that_of_the_last_five_seconds() -> None:
    watch = Watch()
    rate = Rate(watch)
    assert rate.per_second() == 0
    for _ in range(20):
        rate.count()
    assert rate.per_second() == 20
    watch.seconds += 1.5
    for _ in range(10):
        rate.count()
    assert rate.per_second() == pytest.approx(20)
    watch.seconds += 10
    assert rate.per_second() == 0


def test_pauses_double_up_to_the_longest_and_begin_again() -> None:
    backoff = Backoff(1, 10, lambda: 1.0)
    assert [backoff.pause() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.pause() == 1


@given(chance=st.floats(0, 1, exclude_max=True), failures=st.integers(0, 5000))
def test_chance_takes_up_to_half_of_a_pause(chance: float, failures: int) -> None:
    backoff = Backoff(1, 60, lambda: chance)
    pause = [backoff.pause() for _ in range(failures + 1)][-1]
    whole = min(2.0 ** min(failures, 10), 60)
    assert pause == pytest.approx(whole / 2 * (1 + chance))
