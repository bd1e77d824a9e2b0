"""Names and contact data of sub-accounts (CAM-1)."""

import pytest

from domain.errors import Code, Refused
from domain.user import Contact, contact, new_name, new_names


def problems(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[Code, tuple[str, ...]]]:
    return [(problem.code, problem.field) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("phone", "stored"),
    [
        ("", ""),
        ("138 0013 8000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        ("85266661234", "+85266661234"),
        ("+44 7911 123456", "+447911123456"),
    ],
)
def test_a_phone_is_of_any_country_and_kept_as_e164(phone: str, stored: str) -> None:
    assert contact("", phone, "").phone == stored


@pytest.mark.parametrize(
    "email",
    [
        "nobody",
        "@example.com",
        "a@b",
        "a@-b.com",
        "a b@example.com",
        "a@example.com\n",
        "é@example.com",
        f"{'x' * 65}@example.com",
        f"a@{'x' * 250}.com",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    if email.endswith("\n"):
        assert contact("", "", email).email == "a@example.com"
        return
    with pytest.raises(Refused) as refused:
        contact("", "", email)
    assert problems(refused) == [(Code.INVALID, ("email",))]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        contact("x" * 201, "12", "nobody")
    assert problems(refused) == [
        (Code.TOO_LONG, ("remark",)),
        (Code.INVALID, ("phone",)),
        (Code.INVALID, ("email",)),
    ]


def test_blanks_around_do_not_matter() -> None:
    tidied = contact(" night ", " 13800138000 ", " ops+sms@example.co.uk ")
    assert tidied == Contact("night", "+8613800138000", "ops+sms@example.co.uk")


@pytest.mark.parametrize("name", ["root", "ROOT", " Root "])
def test_the_name_of_the_root_account_is_taken(name: str) -> None:
    with pytest.raises(Refused) as refused:
        new_name(name)
    assert problems(refused) == [(Code.TAKEN, ("name",))]


def test_names_of_a_quick_creation_are_checked_in_their_places() -> None:
    assert new_names(["a", "b@c"], 10) == ("a", "b@c")
    with pytest.raises(Refused) as refused:
        new_names(["a", "b b", "a", ""], 10)
    assert problems(refused) == [
        (Code.INVALID, ("names", "1")),
        (Code.TAKEN, ("names", "2")),
        (Code.INVALID, ("names", "3")),
    ]
    with pytest.raises(Refused) as refused:
        new_names([], 10)
    assert problems(refused) == [(Code.REQUIRED, ("names",))]
    with pytest.raises(Refused) as refused:
        new_names(["a"] * 11, 10)
    assert problems(refused) == [(Code.LIMIT_EXCEEDED, ("names",))]
