"""What proves the AppKey: the published vectors, the clock, and one use each (API-1)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.session import Database
from server.api.v5.fault import Fault
from server.api.v5.proof import Proof, signature

KEY = "5f03a35d00ee52a21327ab048186a2c4"
RANDOM, TIME = "7226249334", 1_457_336_869
VECTORS = [
    (None, "c13e54f047ed75e821e698730c72d030dc30e5b510b3f8a0fb6fb7605283d7df"),
    (["13788888888"], "ecab4881ee80ad3d76bb1da68387428ca752eb885e52621a3129dcf4d9bc4fd4"),
    (
        ["13788888888", "13788888889"],
        "be66bb4aeb54701ed0637d0996a0b75111d5b8eda9b3a71bdc579a3d26f3edfb",
    ),
]
NOW = datetime.fromtimestamp(TIME, UTC)


@pytest.mark.parametrize(("mobiles", "sig"), VECTORS)
def test_the_published_signatures_are_right(mobiles: list[str] | None, sig: str) -> None:
    """domain.md 2."""
    assert signature(KEY, RANDOM, TIME, mobiles) == sig
    Proof(1, RANDOM, TIME, sig, mobiles).check(KEY, NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sig": ""}, "InternalError.SigFieldMissing"),
        ({"sig": VECTORS[0][1]}, "InternalError.SigVerificationFail"),
        ({"sig": VECTORS[1][1].upper()}, "InternalError.SigVerificationFail"),
        ({"sig": "é\ud800"}, "InternalError.SigVerificationFail"),
        ({"mobiles": ["13788888889"]}, "InternalError.SigVerificationFail"),
        ({"mobiles": None}, "InternalError.SigVerificationFail"),
        ({"random": "7226249335"}, "InternalError.SigVerificationFail"),
        ({"random": ""}, "InternalError.SigVerificationFail"),
        ({"random": "1" * 21}, "InternalError.SigVerificationFail"),
        ({"time": TIME + 1}, "InternalError.SigVerificationFail"),
    ],
)
def test_whatever_differs_is_refused(changes: dict[str, object], code: str) -> None:
    given: dict[str, Any] = {
        "random": RANDOM,
        "time": TIME,
        "sig": VECTORS[1][1],
        "mobiles": ["13788888888"],
    }
    proof = Proof(1, **{**given, **changes})
    with pytest.raises(Fault) as fault:
        proof.check(KEY, NOW)
    assert fault.value.code == code


@pytest.mark.parametrize("off", [-601, -600, 600, 601])
def test_the_clock_may_be_ten_minutes_off(off: int) -> None:
    proof = Proof(1, RANDOM, TIME, VECTORS[0][1], None)
    now = NOW + timedelta(seconds=off)
    if abs(off) <= 600:
        proof.check(KEY, now)
        return
    with pytest.raises(Fault) as fault:
        proof.check(KEY, now)
    assert fault.value.result == 1021


@pytest.mark.parametrize("time", [-1, 10**15])
def test_a_time_that_is_none_is_out_of_the_window(time: int) -> None:
    proof = Proof(1, RANDOM, time, signature(KEY, RANDOM, time, None), None)
    with pytest.raises(Fault) as fault:
        proof.check(KEY, NOW)
    assert fault.value.result == 1021


async def test_a_proof_is_good_for_one_request(database: Database) -> None:
    proof = Proof(1, RANDOM, TIME, VECTORS[0][1], None)
    async with database.write() as session:
        await proof.use_up(session, NOW)
    for other in (Proof(2, RANDOM, TIME, VECTORS[0][1], None), Proof(1, "1", TIME, "0", None)):
        async with database.write() as session:
            await other.use_up(session, NOW)
    async with database.write() as session:
        with pytest.raises(Fault) as fault:
            await proof.use_up(session, NOW)
    assert fault.value.result == 1001


async def test_what_nobody_can_send_again_is_forgotten(database: Database) -> None:
    proof = Proof(1, RANDOM, TIME, VECTORS[0][1], None)
    async with database.write() as session:
        await proof.use_up(session, NOW)
    late = NOW + timedelta(minutes=21)
    async with database.write() as session:
        await Proof(1, "1", TIME, "0", None).use_up(session, late)
        await proof.use_up(session, late)
