"""When pushes are tried again, and when a URL is taken for dead (CFG-2, RPL-1)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.callback_retry import SCHEDULE, TRIES, Breaker, CallbackState, again_at

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def fail(breaker: Breaker, times: int, *, tried_before: bool = False) -> Breaker:
    for _ in range(times):
        breaker = breaker.failed(NOW, tried_before=tried_before)
    return breaker


def test_the_schedule_rises_from_seconds_to_a_day_and_then_parks() -> None:
    assert list(SCHEDULE) == sorted(SCHEDULE)
    assert (SCHEDULE[0], SCHEDULE[-1]) == (timedelta(seconds=5), timedelta(days=1))
    pauses = [again_at(tries, NOW) for tries in range(1, TRIES + 1)]
    assert pauses == [*(NOW + pause for pause in SCHEDULE), None]


def test_one_failure_holds_nothing_up() -> None:
    breaker = fail(Breaker(), 1)
    assert breaker.held_until is None
    assert breaker.failing_since == NOW
    assert breaker.state(enabled=True) is CallbackState.FAILING


def test_two_new_pushes_that_fail_in_a_row_take_the_url_for_dead() -> None:
    breaker = fail(Breaker(), 2)
    assert breaker.is_open
    assert breaker.held_until == NOW + SCHEDULE[0]


def test_a_push_that_always_fails_never_holds_up_those_that_get_through() -> None:
    breaker = fail(Breaker(), 1)
    assert fail(breaker, 20, tried_before=True) == breaker
    assert fail(breaker.succeeded(), 20, tried_before=True) == Breaker()


def test_a_dead_url_is_tried_by_the_schedule_and_then_suspended() -> None:
    breaker = fail(Breaker(), 2)
    holds = [breaker.held_until]
    while breaker.suspended_at is None:
        breaker = breaker.failed(NOW, tried_before=True)
        holds.append(breaker.held_until)
    assert holds == [*(NOW + pause for pause in SCHEDULE), None]
    assert breaker.state(enabled=True) is CallbackState.SUSPENDED
    assert breaker.state(enabled=False) is CallbackState.OFF


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_one_success_closes_whatever_was_before(steps: list[tuple[bool, bool]]) -> None:
    breaker = Breaker()
    for succeeded, tried_before in steps:
        if breaker.suspended_at:
            break
        breaker = (
            breaker.succeeded() if succeeded else breaker.failed(NOW, tried_before=tried_before)
        )
        assert (breaker.held_until is not None) == (
            breaker.is_open and breaker.suspended_at is None
        )
        assert (breaker.failing_since is None) == (breaker.failures == 0)
    assert breaker.succeeded() == Breaker()
    assert breaker.succeeded().state(enabled=True) is CallbackState.WORKING
