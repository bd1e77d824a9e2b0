"""Applications: names (APP-1, APP-4), switching (APP-5) and deletion (APP-6)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.application import (
    Draft,
    Status,
    check_delete,
    check_sends,
    check_switch,
    draft,
    new_key,
    status,
)
from domain.errors import Code, Problem, Refused

NOW = datetime(2020, 4, 17, 12, tzinfo=UTC)
DELAY = timedelta(minutes=5)


class TestDraft:
    """Name and overview."""

    def test_texts_are_tidied(self) -> None:
        assert draft(" shop ", " one\r\ntwo ") == Draft("shop", "one\ntwo")

    def test_bounds(self) -> None:
        assert draft("n" * 30, "o" * 200) == Draft("n" * 30, "o" * 200)
        with pytest.raises(Refused) as refused:
            draft("n" * 31, "o" * 201)
        assert [(found.code, found.field) for found in refused.value.problems] == [
            (Code.TOO_LONG, ("name",)),
            (Code.TOO_LONG, ("overview",)),
        ]

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("  ", Problem(Code.REQUIRED, "name is empty: enter 1 to 30 characters", ("name",))),
            (
                "a\nb",
                Problem(
                    Code.INVALID,
                    'name "a\\u000ab" contains the character "\\u000a": remove it',
                    ("name",),
                ),
            ),
            (
                'a"\x00',
                Problem(
                    Code.INVALID,
                    'name "a\\"\\u0000" contains the character "\\u0000": remove it',
                    ("name",),
                ),
            ),
        ],
    )
    def test_a_name_is_one_line_of_text(self, name: str, problem: Problem) -> None:
        with pytest.raises(Refused) as refused:
            draft(name, "")
        assert refused.value.problems == (problem,)


def test_a_key_is_32_hexadecimal_digits_and_new_every_time() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys)


@pytest.mark.parametrize(
    ("wanted_enabled", "ago", "expected"),
    [
        (True, None, Status.ENABLED),
        (False, None, Status.DISABLED),
        (False, timedelta(0), Status.DISABLING),
        (False, DELAY - timedelta(microseconds=1), Status.DISABLING),
        (False, DELAY, Status.DISABLED),
        (True, timedelta(0), Status.ENABLING),
        (True, DELAY - timedelta(microseconds=1), Status.ENABLING),
        (True, DELAY, Status.ENABLED),
    ],
)
def test_a_switch_has_effect_after_the_delay(
    wanted_enabled: bool,
    ago: timedelta | None,
    expected: Status,
) -> None:
    switched_at = None if ago is None else NOW - ago
    assert status(wanted_enabled, switched_at, NOW, DELAY) is expected


def test_without_a_delay_a_switch_has_effect_at_once() -> None:
    assert status(False, NOW, NOW, timedelta(0)) is Status.DISABLED


@pytest.mark.parametrize(
    ("current", "enabled", "message"),
    [
        (
            Status.ENABLED,
            True,
            "application is enabled and cannot become enabled: nothing is left to do",
        ),
        (
            Status.DISABLING,
            True,
            "application is disabling and cannot become enabled: wait until the change has effect",
        ),
        (
            Status.ENABLING,
            False,
            "application is enabling and cannot become disabled: wait until the change has effect",
        ),
        (
            Status.DISABLED,
            False,
            "application is disabled and cannot become disabled: nothing is left to do",
        ),
    ],
)
def test_only_a_settled_application_is_switched(
    current: Status,
    enabled: bool,
    message: str,
) -> None:
    check_switch(Status.ENABLED, enabled=False)
    check_switch(Status.DISABLED, enabled=True)
    with pytest.raises(Refused) as refused:
        check_switch(current, enabled=enabled)
    assert refused.value.problems == (Problem(Code.WRONG_STATE, message, ("id",)),)


@pytest.mark.parametrize(
    ("current", "way_out"),
    [
        (Status.ENABLED, "disable it first"),
        (Status.DISABLING, "wait until it is disabled"),
        (Status.ENABLING, "wait until it is enabled, then disable it"),
    ],
)
def test_only_a_disabled_application_is_deleted(current: Status, way_out: str) -> None:
    check_delete(Status.DISABLED)
    with pytest.raises(Refused) as refused:
        check_delete(current)
    message = f"application is {current} and cannot be deleted: {way_out}"
    assert refused.value.problems == (Problem(Code.WRONG_STATE, message, ("id",)),)


@pytest.mark.parametrize("current", Status)
def test_it_sends_until_disabling_is_done(current: Status) -> None:
    if current in {Status.ENABLED, Status.DISABLING}:
        check_sends(current)
        return
    with pytest.raises(Refused) as refused:
        check_sends(current)
    [problem] = refused.value.problems
    assert (problem.code, problem.field) == (Code.WRONG_STATE, ("application",))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 600)), max_size=20))
def test_one_that_is_not_sending_never_sends_again_without_being_enabled(
    history: list[tuple[bool, int]],
) -> None:
    """Whatever is tried and when, disabling never turns a silent application into a sending one."""
    wanted, switched_at, now = True, None, NOW
    for enabled, seconds in history:
        now += timedelta(seconds=seconds)
        before = status(wanted, switched_at, now, DELAY)
        try:
            check_switch(before, enabled=enabled)
        except Refused:
            continue
        wanted, switched_at = enabled, now
        after = status(wanted, switched_at, now, DELAY)
        assert after.sends == before.sends
