"""Every published error code has a reason and a bucket (STA-4, STA-5)."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outcome import Bucket, Outcome, Source, lookup, outcomes


def test_the_table_has_the_published_numbers_of_codes() -> None:
    """1,968 codes of carriers in their table, one of them spelled two ways, eight states more.

    The two beyond those of the API tell its PhoneNumberInBlacklist apart (BLO-2, UNS-1), and 47
    are the error statuses of SMPP 3.4 (section 5.1.3).
    """
    assert Counter(outcome.source for outcome in outcomes().values()) == {
        Source.RECEIPT: 1968 + 2 + 8,
        Source.SUBMIT: 97 + 2 + 47,
    }
    receipts = [row for row in outcomes().values() if row.source is Source.RECEIPT]
    assert Counter(row.bucket for row in receipts) == {
        Bucket.SUCCESS: 3,
        Bucket.INTERNAL: 702,
        Bucket.INVALID_NUMBER: 289,
        Bucket.UNREACHABLE: 600,
        Bucket.BLOCKLIST: 141,
        Bucket.FREQUENCY: 75,
        Bucket.CONTENT: 168,
    }


@pytest.mark.parametrize(
    ("code", "bucket", "reason"),
    [
        ("DELIVRD", Bucket.SUCCESS, "delivered to the handset"),
        ("EXPIRED", Bucket.UNREACHABLE, "the handset did not answer within the validity period"),
        (
            "UNDELIV",
            Bucket.INVALID_NUMBER,
            "undeliverable: the number is empty, off or out of service",
        ),
        ("MK:0001", Bucket.INVALID_NUMBER, None),
        ("MK:0004", Bucket.UNREACHABLE, None),
        ("MX:0012", Bucket.BLOCKLIST, "the recipient has unsubscribed at the carrier"),
        ("DB:0140", Bucket.BLOCKLIST, None),
        ("DB:0142", Bucket.FREQUENCY, "the carrier's daily limit for one number was reached"),
        ("TE:0014", Bucket.CONTENT, "the message failed the carrier's manual review"),
        (
            "NOROUTE",
            Bucket.INTERNAL,
            (
                "no carrier takes the number: the installation has no route for it, or the carrier "
                "has none"
            ),
        ),
        ("REJECTD", Bucket.CONTENT, None),
        ("1", Bucket.INVALID_NUMBER, "the number is invalid (China Unicom)"),
        (" 4 ", Bucket.UNREACHABLE, "the handset is off (China Unicom)"),
    ],
)
def test_receipts_of_carriers(code: str, bucket: Bucket, reason: str | None) -> None:
    found = lookup(code)
    assert (found.code, found.bucket, found.source) == (code.strip(), bucket, Source.RECEIPT)
    assert reason is None or found.reason == reason


@pytest.mark.parametrize(
    ("code", "bucket", "legacy"),
    [
        ("FailedOperation.PhoneNumberInBlacklist", Bucket.BLOCKLIST, 1015),
        ("LimitExceeded.PhoneNumberDailyLimit", Bucket.FREQUENCY, 1025),
        ("InvalidParameterValue.IncorrectPhoneNumber", Bucket.INVALID_NUMBER, 1016),
        ("FailedOperation.InsufficientBalanceInSmsPackage", Bucket.INTERNAL, 1031),
        ("FailedOperation.ContainSensitiveWord", Bucket.CONTENT, 1002),
        ("InternalError.Timeout", Bucket.INTERNAL, 60008),
        ("UnsupportedOperation.ContainDomesticPhoneNumber", Bucket.INVALID_NUMBER, None),
    ],
)
def test_submissions(code: str, bucket: Bucket, legacy: int | None) -> None:
    found = lookup(code)
    assert (found.bucket, found.legacy, found.source) == (bucket, legacy, Source.SUBMIT)


def test_an_unknown_code_is_named() -> None:
    assert lookup("ZZ:9999") == Outcome(
        "ZZ:9999",
        'the carrier reported "ZZ:9999", which is in no table of codes',
        Bucket.INTERNAL,
        Source.RECEIPT,
        None,
    )


@given(st.text(max_size=300))
def test_anything_a_carrier_says_is_explained_in_bounds(code: str) -> None:
    found = lookup(code)
    assert found.reason
    assert found.reason.isprintable()
    assert len(found.code) <= 100


def test_every_row_is_fit_to_show() -> None:
    for code, row in outcomes().items():
        assert code == row.code == code.strip()
        assert row.reason == row.reason.strip() != ""
        assert row.source is Source.SUBMIT or row.legacy is None
