"""What the simulator does with a number: its ending, or seeded chance."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import outcome
from domain.carrier import Verdict
from domain.outcome import Bucket, Source
from domain.sandbox import ENDINGS, LATE, Odds, script
from tests.sending import phones

ODDS = Odds(success_rate=0.9, delay=timedelta(seconds=10), seed=1)


def test_an_ending_decides_in_both_regions() -> None:
    for phone in ("+8613800009902", "+85261239902"):
        assert script(phone, ODDS).code == "MK:0004"


def test_every_kind_of_failure_has_an_ending() -> None:
    codes = [ending.script.code for ending in ENDINGS.values()]
    assert {outcome.lookup(code).bucket for code in codes} == set(Bucket)


def test_every_code_is_explained_and_comes_from_where_the_script_says() -> None:
    for ending in ENDINGS.values():
        known = outcome.outcomes()[ending.script.code]
        refused = ending.script.first is Verdict.REFUSED
        assert known.source is (Source.SUBMIT if refused else Source.RECEIPT)


def test_endings_cover_late_none_refused_throttled_and_replies() -> None:
    assert script("+8613800009910", ODDS).delay == LATE
    assert script("+8613800009911", ODDS).delay is None
    assert script("+8613800009920", ODDS).first is Verdict.REFUSED
    assert script("+8613800009921", ODDS).first is Verdict.THROTTLED
    assert [script(f"+861380000993{digit}", ODDS).reply for digit in (0, 1)] == ["TD", "OK"]


def test_other_numbers_are_delivered_at_the_rate_and_with_the_delay_of_the_odds() -> None:
    played = [script(phone, ODDS) for phone in phones(5_000)]
    delivered = sum(one.code == "DELIVRD" for one in played)
    assert 4_400 < delivered < 4_600
    assert {one.first for one in played} == {Verdict.ACCEPTED}
    delays = [one.delay for one in played if one.delay is not None]
    assert len(delays) == len(played)
    assert timedelta(seconds=5) <= min(delays) < timedelta(seconds=6)
    assert timedelta(seconds=14) < max(delays) <= timedelta(seconds=15)
    failures = {one.code for one in played} - {"DELIVRD"}
    assert all(outcome.outcomes()[code].source is Source.RECEIPT for code in failures)


def test_a_rate_of_one_delivers_all_and_of_zero_none() -> None:
    for rate in (0, 1):
        odds = Odds(success_rate=rate, delay=timedelta(0), seed=3)
        assert {script(p, odds).code == "DELIVRD" for p in phones(300)} == {bool(rate)}


@given(phone=st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True), seed=st.integers(0, 9))
def test_a_number_always_fares_alike_under_one_seed(phone: str, seed: int) -> None:
    odds = Odds(success_rate=0.5, delay=timedelta(seconds=1), seed=seed)
    assert script(phone, odds) == script(phone, odds)


def test_another_seed_picks_other_numbers() -> None:
    fates = [
        [script(p, Odds(0.5, timedelta(0), seed)).code for p in phones(200)] for seed in (1, 2)
    ]
    assert fates[0] != fates[1]
