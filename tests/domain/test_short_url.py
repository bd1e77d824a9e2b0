"""Short URLs (URL-1) and what templates may say of them (URL-3)."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import short_url
from domain.errors import Code, Refused
from domain.short_url import (
    ALPHABET,
    CODE_LENGTH,
    Draft,
    Known,
    Mention,
    ShortUrlStatus,
    address,
    bound,
    code_at,
    draft,
    is_base,
    mentions,
    new_code,
    sought,
    status,
)
from tests.console import START as NOW

BASE = "https://s.example.com"
CODES = st.text(ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
LATER = NOW + timedelta(days=1)


def test_a_draft_is_tidied() -> None:
    assert draft(" Sale ", " https://example.com/a ", "HTTPS://S.Example.com") == Draft(
        "Sale", "https://example.com/a", BASE
    )


def test_every_problem_of_the_form_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        draft("", "ftp://x", BASE)
    assert [(each.code, each.field) for each in refused.value.problems] == [
        (Code.REQUIRED, ("name",)),
        (Code.INVALID, ("original_url",)),
    ]
    with pytest.raises(Refused) as refused:
        draft("x" * 61, "https://example.com", BASE)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.TOO_LONG, ("name",))
    assert draft("x" * 60, "https://example.com", BASE).name == "x" * 60


@pytest.mark.parametrize(
    "base",
    ["http://h", "https://s.example.com:8443", "http://127.0.0.1:8000", "http://[::1]:8000"],
)
def test_short_urls_begin_with_scheme_host_and_port(base: str) -> None:
    assert is_base(base)


@pytest.mark.parametrize(
    "base",
    [
        "",
        "ftp://h",
        "https://",
        "https://h/x",
        "https://h?x",
        "https://a@h",
        'https://h"onclick',
        "https://h\r\nx",
        f"https://{'h' * 200}",
    ],
)
def test_a_strange_host_header_makes_no_short_url(base: str) -> None:
    assert not is_base(base)
    with pytest.raises(Refused) as refused:
        draft("Sale", "https://example.com", base)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.INVALID, ())
    assert "SMS_CONSOLE_SHORT_URL_BASE" in problem.message
    assert problem.message.isprintable()


def test_codes_have_no_letters_that_look_alike_and_are_spread_evenly() -> None:
    assert not set("01oil") & set(ALPHABET)
    drawn = [new_code() for _ in range(4_000)]
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch(f"[{ALPHABET}]{{8}}", code) for code in drawn)
    counts = Counter("".join(drawn))
    expected = len(drawn) * CODE_LENGTH / len(ALPHABET)
    assert set(counts) == set(ALPHABET)
    assert all(0.8 < count / expected < 1.2 for count in counts.values())


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("abcdefgh", "abcdefgh"),
        ("ABCDEFGH", "abcdefgh"),
        ("abcdefgh/", "abcdefgh"),
        ("abcdefgh.", "abcdefgh"),
        ("abcdefgh退订回T", "abcdefgh"),
        ("abcdefghj", None),
        ("abcdefgh1", None),
        ("abcdefg", None),
        ("abcdefg0", None),
        ("/abcdefgh", None),
        ("", None),
    ],
)
def test_what_phones_take_for_a_part_of_a_link_does_no_harm(rest: str, code: str | None) -> None:
    assert code_at(rest) == code


@given(CODES, st.booleans())
def test_an_address_gives_its_code_back_however_it_is_sought(code: str, upper: bool) -> None:
    whole = address(BASE, code)
    for written in (whole, whole.removeprefix("https://"), code):
        assert sought(written.upper() if upper and "/" not in written else written) == code


def test_an_active_one_ends_at_the_second() -> None:
    assert status(NOW, NOW - timedelta(seconds=1)) is ShortUrlStatus.ACTIVE
    assert status(NOW, NOW) is ShortUrlStatus.EXPIRED


def test_a_deletion_wants_a_confirmation() -> None:
    short_url.check_removal(confirmed=True)
    with pytest.raises(Refused) as refused:
        short_url.check_removal(confirmed=False)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (Code.CONSENT_REQUIRED, ("confirm",))


def test_mentions_are_found_as_people_write_them() -> None:
    text = (
        "看 https://s.example.com/s/abcdefgh 或 s.example.com/s/Abcdefgj。"
        "HTTPS://S.EXAMPLE.COM:443/s/abcdefgk?x=1 http://s.example.com/s/nope "
        "https://other.example/x https://s.example.com@evil.example/s/abcdefgh {1}"
    )
    assert [(each.host, each.code) for each in mentions(text)] == [
        ("s.example.com", "abcdefgh"),
        ("s.example.com", "abcdefgj"),
        ("s.example.com", "abcdefgk"),
        ("s.example.com", None),
        ("s.example.com@evil.example", "abcdefgh"),
    ]


def mention(code: str | None = "abcdefgh", host: str = "s.example.com") -> Mention:
    return Mention(f"{host}/s/{code}", host, code)


def known(**changes: object) -> dict[str, Known]:
    parts: dict[str, object] = {
        "short_url_id": 7,
        "owner": 1,
        "host": "s.example.com",
        "expires_at": LATER,
    }
    return {"abcdefgh": Known(**(parts | changes))}  # type: ignore[arg-type]  # - a test's table


def test_a_short_url_of_the_account_is_bound_once() -> None:
    assert bound([mention(), mention()], known(), ["s.example.com"], 1, NOW) == {7}


def test_addresses_of_other_hosts_are_none_of_ours() -> None:
    elsewhere = mention(host="t.example.com")
    assert bound([elsewhere], known(), ["s.example.com"], 1, NOW) == set()
    assert bound([elsewhere], {}, ["s.example.com"], 1, NOW) == set()


def test_one_whose_host_is_no_longer_the_setting_is_bound_still() -> None:
    assert bound([mention()], known(), ["new.example.com"], 1, NOW) == {7}


@pytest.mark.parametrize(
    ("there", "code", "fault"),
    [
        ({}, Code.NOT_FOUND, "is no short URL of this account"),
        (known(owner=2), Code.NOT_FOUND, "is no short URL of this account"),
        (known(expires_at=NOW), Code.WRONG_STATE, "expired on 2026-03-02"),
    ],
)
def test_a_link_that_leads_nowhere_is_refused_by_name(
    there: dict[str, Known], code: Code, fault: str
) -> None:
    with pytest.raises(Refused) as refused:
        bound([mention(), mention()], there, ["s.example.com"], 1, NOW)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, ("content",))
    assert '"s.example.com/s/abcdefgh"' in problem.message
    assert fault in problem.message


def test_another_accounts_looks_like_none() -> None:
    messages = []
    for there in ({}, known(owner=2)):
        with pytest.raises(Refused) as refused:
            bound([mention()], there, ["s.example.com"], 1, NOW)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]
