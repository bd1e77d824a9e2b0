"""Which replies unsubscribe, and when that may be undone (UNS-1, UNS-3)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import outcome, unsubscription
from domain.errors import Code, Refused
from domain.outcome import Bucket
from domain.template import OPT_OUT_REPLIES
from domain.terms import Terms
from domain.unsubscription import OptOut, UnsubscriptionStatus
from tests.console import START as NOW

TERMS = Terms()
OPT_OUT = OptOut.of(TERMS.opt_out_words, TERMS.opt_out_window)


def asks(reply: str, hours: float = 0) -> bool:
    return OPT_OUT.asks(reply, NOW, NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    "reply",
    [
        *TERMS.opt_out_words,
        *OPT_OUT_REPLIES,
        "td",
        " Td\r\n",
        "t退订",
        "\u3000ＴＤ",
        "ｑｘ",
        "００００",
    ],
)
def test_a_word_unsubscribes_whatever_its_case_and_the_blanks_around_it(reply: str) -> None:
    assert asks(reply)


@pytest.mark.parametrize("reply", ["", " ", "OK", "TDD", "T D", "NO", "TD please", "000", "退"])
def test_anything_else_does_not(reply: str) -> None:
    assert not asks(reply)


@pytest.mark.parametrize(
    ("hours", "in_time"), [(-1, True), (0, True), (72, True), (72.001, False), (1_000, False)]
)
def test_a_reply_counts_for_72_hours(hours: float, in_time: bool) -> None:
    assert asks("TD", hours) is in_time


@given(st.text(max_size=30))
def test_only_the_words_unsubscribe(reply: str) -> None:
    plain = reply.strip().upper()
    assert asks(reply) or plain not in OPT_OUT.words
    assert not OptOut.of([""], timedelta(days=1)).asks(reply, NOW, NOW)


def test_what_texts_may_promise_is_always_honoured() -> None:
    assert unsubscription.missing(TERMS.opt_out_words) == []
    assert unsubscription.missing(["td", " T", "n"]) == ["R"]
    assert unsubscription.missing([]) == list(OPT_OUT_REPLIES)


@pytest.mark.parametrize(
    ("status", "waiting", "message"),
    [
        ("removed", False, "the number gets messages again already: nothing is left to be removed"),
        (
            "unsubscribed",
            True,
            "a request to remove this unsubscription waits for review: wait for its decision",
        ),
    ],
)
def test_a_removal_is_asked_for_once(status: str, waiting: bool, message: str) -> None:
    with pytest.raises(Refused) as refused:
        unsubscription.check_request(UnsubscriptionStatus(status), waiting=waiting)
    assert [(each.code, each.field, each.message) for each in refused.value.problems] == [
        (Code.WRONG_STATE, ("id",), message)
    ]
    unsubscription.check_request(UnsubscriptionStatus.UNSUBSCRIBED, waiting=False)


def test_a_removal_is_not_granted_over_a_later_reply() -> None:
    unsubscription.check_removal(2, 2)
    with pytest.raises(Refused) as refused:
        unsubscription.check_removal(2, 3)
    assert [(each.code, each.message) for each in refused.value.problems] == [
        (
            Code.CONFLICT,
            "the recipient has unsubscribed again since the request was made: reject it",
        )
    ]


@pytest.mark.parametrize(
    ("reason", "code"), [("", Code.REQUIRED), ("\n ", Code.REQUIRED), ("x" * 501, Code.TOO_LONG)]
)
def test_a_request_has_a_reason(reason: str, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        unsubscription.justification(reason)
    assert [(each.code, each.field) for each in refused.value.problems] == [(code, ("reason",))]
    assert unsubscription.justification(f" {'x' * 500}\r\n") == "x" * 500


def test_the_code_of_a_refusal_has_a_reason_of_its_own() -> None:
    found = outcome.lookup(unsubscription.CODE)
    assert (found.bucket, found.legacy) == (Bucket.BLOCKLIST, 1015)
    assert found.reason == "the recipient has unsubscribed from this SMS type under this signature"
