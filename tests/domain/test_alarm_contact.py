"""Whom an application may name to be told, and how (ALM-1)."""

import pytest

from domain.alarm import AlarmEvent, Language
from domain.alarm_contact import check_distinct, draft
from domain.errors import Code, Refused

EVENTS = [AlarmEvent.PACKAGE]


def found(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[Code, tuple[str, ...]]]:
    return [(problem.code, problem.field) for problem in refused.value.problems]


def test_a_contact_is_kept_with_its_number_in_e164() -> None:
    kept = draft(" Ann ", "138 0013 8000", "Ann@Example.com", [*EVENTS, *EVENTS], None)
    assert kept.number is not None
    assert (kept.name, kept.number.e164, kept.email) == ("Ann", "+8613800138000", "Ann@Example.com")
    assert (kept.events, kept.language) == (frozenset(EVENTS), Language.CHINESE)


@pytest.mark.parametrize(
    ("number", "email", "language"),
    [
        ("13800138000", "", Language.CHINESE),
        ("+85266661234", "", Language.ENGLISH),
        ("+447400123456", "", Language.ENGLISH),
        ("", "a@b.co", Language.ENGLISH),
    ],
)
def test_the_number_decides_on_a_language_that_nobody_chose(
    number: str, email: str, language: Language
) -> None:
    assert draft("Ann", number, email, EVENTS, None).language is language
    for chosen in Language:
        assert draft("Ann", number, email, EVENTS, chosen).language is chosen


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        draft(" ", "12345", "ann@", [], None)
    assert found(refused) == [
        (Code.REQUIRED, ("name",)),
        (Code.INVALID, ("phone",)),
        (Code.INVALID, ("email",)),
        (Code.REQUIRED, ("events",)),
    ]


def test_one_way_to_be_told_is_needed() -> None:
    with pytest.raises(Refused) as refused:
        draft("Ann", " ", "", EVENTS, None)
    assert found(refused) == [(Code.REQUIRED, ("phone",))]


@pytest.mark.parametrize("size", [60, 61])
def test_a_name_has_sixty_characters_at_most(size: int) -> None:
    if size == 60:
        assert draft("x" * size, "", "a@b.co", EVENTS, None).name == "x" * size
        return
    with pytest.raises(Refused) as refused:
        draft("x" * size, "", "a@b.co", EVENTS, None)
    assert found(refused) == [(Code.TOO_LONG, ("name",))]


@pytest.mark.parametrize(
    "name",
    ["Ann\r\nBcc: all@example.com", "Ann\x00", "Ann\u2028B", "Ann\u202enosredna"],
)
def test_a_name_cannot_hold_what_would_end_a_header(name: str) -> None:
    with pytest.raises(Refused) as refused:
        draft(name, "", "a@b.co", EVENTS, None)
    assert (Code.INVALID, ("name",)) in found(refused)


@pytest.mark.parametrize(
    "email",
    [
        "ann@example",
        "ann@@example.com",
        "ann@example.com, bob@example.com",
        "ann@example.com\nbcc: bob@example.com",
        "<ann@example.com>",
        "ann..lee@example.com",
        ".ann@example.com",
        "ann.@example.com",
        "ann@-example.com",
        "ann@example.c",
        "安@example.com",
        f"{'a' * 65}@example.com",
    ],
)
def test_an_address_is_one_address_and_nothing_else(email: str) -> None:
    with pytest.raises(Refused) as refused:
        draft("Ann", "", email, EVENTS, None)
    assert found(refused) == [(Code.INVALID, ("email",))]


def test_two_contacts_are_never_reached_the_same_way() -> None:
    wanted = draft("Ann", "13800138000", "ann@example.com", EVENTS, None)
    check_distinct(wanted, ["+8613800138001", None], ["bob@example.com", None])
    with pytest.raises(Refused) as refused:
        check_distinct(wanted, ["+8613800138000"], ["ANN@example.com"])
    assert found(refused) == [(Code.TAKEN, ("phone",)), (Code.TAKEN, ("email",))]
    assert '"+8613800138000" is that of another contact' in refused.value.problems[0].message
