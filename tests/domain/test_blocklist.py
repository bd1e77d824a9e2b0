"""The blocklist's rules (BLO-1 to BLO-3)."""

from datetime import timedelta

import pytest

from domain import blocklist, outcome
from domain.blocklist import BlocklistStatus
from domain.errors import Code, Refused
from domain.outcome import Bucket
from domain.region import Region
from domain.review import ReviewStatus
from tests.console import START as NOW

DELAY = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, "pending"), (299, "pending"), (300, "effective"), (301, "effective")],
)
def test_an_entry_is_in_force_after_the_delay(seconds: int, status: str) -> None:
    now = NOW + timedelta(seconds=seconds)
    assert blocklist.status(NOW, now, DELAY) is BlocklistStatus(status)
    assert blocklist.status(NOW, now, timedelta(0)) is BlocklistStatus.EFFECTIVE


@pytest.mark.parametrize(
    ("region", "status", "code", "message"),
    [
        (
            Region.GLOBAL,
            ReviewStatus.APPROVED,
            Code.MISMATCH,
            (
                'signature "Shop" is for Global SMS, which has no blocklist: '
                "choose one for Mainland China"
            ),
        ),
        (
            Region.MAINLAND,
            ReviewStatus.PENDING,
            Code.WRONG_STATE,
            "signature is pending and cannot be sent with: choose an approved one",
        ),
        (
            Region.MAINLAND,
            ReviewStatus.REJECTED,
            Code.WRONG_STATE,
            "signature is rejected and cannot be sent with: choose an approved one",
        ),
    ],
)
def test_only_an_approved_mainland_signature_has_a_blocklist(
    region: Region, status: ReviewStatus, code: Code, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        blocklist.check_signature("Shop", region, status)
    assert [(each.code, each.field, each.message) for each in refused.value.problems] == [
        (code, ("signature_id",), message)
    ]
    blocklist.check_signature("Shop", Region.MAINLAND, ReviewStatus.APPROVED)


@pytest.mark.parametrize(
    ("entries", "confirmed", "codes"),
    [
        (101, True, [(Code.TOO_LARGE, ("ids",))]),
        (0, True, [(Code.REQUIRED, ("ids",))]),
        (1, False, [(Code.CONSENT_REQUIRED, ("confirm",))]),
        (101, False, [(Code.TOO_LARGE, ("ids",)), (Code.CONSENT_REQUIRED, ("confirm",))]),
    ],
)
def test_a_removal_is_bounded_and_confirmed(
    entries: int, confirmed: bool, codes: list[tuple[Code, tuple[str, ...]]]
) -> None:
    with pytest.raises(Refused) as refused:
        blocklist.check_removal(entries, confirmed=confirmed)
    assert [(each.code, each.field) for each in refused.value.problems] == codes


@pytest.mark.parametrize("entries", [1, 100])
def test_a_confirmed_removal_within_bounds_passes(entries: int) -> None:
    blocklist.check_removal(entries, confirmed=True)


def test_the_code_of_a_refusal_has_a_reason_of_its_own() -> None:
    found = outcome.lookup(blocklist.CODE)
    assert (found.bucket, found.legacy) == (Bucket.BLOCKLIST, 1015)
    assert (
        found.reason == "the number is on the account's blocklist for this signature and SMS type"
    )
