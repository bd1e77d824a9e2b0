"""What a task costs, what keeps it from being sent, and the consent (BLK-4, BLK-9, BLK-10)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain import application, consent
from domain.consent import Consent, Fee, Standing
from domain.errors import Code, Refused
from domain.region import IdentityKind, Region, SmsType
from domain.review import ReviewStatus
from domain.short_url import Held
from domain.task import TaskStatus
from domain.terms import Terms

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
TERMS = Terms(global_daily=10, recipient_rows=100, global_segment_micros=30_000)
GOOD = Standing(
    status=TaskStatus.READY,
    region=Region.MAINLAND,
    sms_type=SmsType.REGULAR,
    recipients=5,
    segments=9,
    scheduled_at=None,
    template=ReviewStatus.APPROVED,
    signature=ReviewStatus.APPROVED,
    has_signature=True,
    application=application.Status.ENABLED,
    kind=IdentityKind.ORGANIZATION,
    zone=ZoneInfo("Asia/Shanghai"),
    balance=9,
    left_today=0,
)
SHORT_URL = Held("https://s.example.com/s/abcdefgh", NOW + timedelta(days=3), deleted=False)
ABROAD = replace(GOOD, region=Region.GLOBAL, balance=0, left_today=5)


def codes(standing: Standing, now: datetime = NOW) -> list[Code]:
    return [problem.code for problem in consent.blockers(standing, now, TERMS)]


@pytest.mark.parametrize(
    "standing",
    [
        GOOD,
        ABROAD,
        replace(ABROAD, has_signature=False, signature=None),
        replace(GOOD, application=application.Status.DISABLING),
        replace(GOOD, scheduled_at=NOW + timedelta(days=31)),
        replace(GOOD, sms_type=SmsType.MARKETING),
        replace(GOOD, kind=IdentityKind.INDIVIDUAL),
        replace(GOOD, short_urls=[SHORT_URL]),
        replace(GOOD, short_urls=[SHORT_URL], scheduled_at=NOW + timedelta(days=2)),
    ],
)
def test_nothing_keeps_a_good_task_from_being_sent(standing: Standing) -> None:
    assert codes(standing) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"template": None}, Code.NOT_FOUND),
        ({"template": ReviewStatus.PENDING}, Code.WRONG_STATE),
        ({"signature": None}, Code.NOT_FOUND),
        ({"signature": ReviewStatus.REJECTED}, Code.WRONG_STATE),
        ({"short_urls": [SHORT_URL._replace(deleted=True)]}, Code.NOT_FOUND),
        ({"short_urls": [SHORT_URL._replace(expires_at=NOW)]}, Code.WRONG_STATE),
        (
            {"short_urls": [SHORT_URL], "scheduled_at": SHORT_URL.expires_at},
            Code.WRONG_STATE,
        ),
        ({"application": None}, Code.NOT_FOUND),
        ({"application": application.Status.DISABLED}, Code.WRONG_STATE),
        ({"application": application.Status.ENABLING}, Code.WRONG_STATE),
        (
            {"kind": IdentityKind.INDIVIDUAL, "sms_type": SmsType.MARKETING},
            Code.NOT_PERMITTED,
        ),
        ({"scheduled_at": NOW - timedelta(seconds=1)}, Code.OUT_OF_RANGE),
        ({"scheduled_at": NOW + timedelta(days=31, seconds=1)}, Code.OUT_OF_RANGE),
        (
            {"sms_type": SmsType.MARKETING, "scheduled_at": NOW + timedelta(hours=12)},
            Code.OUT_OF_RANGE,
        ),
        ({"balance": 8}, Code.INSUFFICIENT_BALANCE),
        ({"recipients": 101}, Code.LIMIT_EXCEEDED),
        ({"recipients": 0}, Code.REQUIRED),
    ],
)
def test_each_thing_that_keeps_a_task_from_being_sent(changes: dict[str, Any], code: Code) -> None:
    problems = consent.blockers(replace(GOOD, **changes), NOW, TERMS)
    assert [(problem.code, problem.field) for problem in problems] == [(code, ("id",))]


@pytest.mark.parametrize(
    "changes", [{"left_today": 4}, {"recipients": 11, "left_today": 20}, {"left_today": 0}]
)
def test_global_messages_are_limited_by_the_day_and_not_by_packages(
    changes: dict[str, Any],
) -> None:
    assert codes(replace(ABROAD, **changes)) == [Code.LIMIT_EXCEEDED]


def test_marketing_sent_at_once_is_sent_by_day() -> None:
    selling = replace(GOOD, sms_type=SmsType.MARKETING)
    assert codes(selling, NOW + timedelta(hours=11, minutes=59)) == []
    assert codes(selling, NOW + timedelta(hours=12)) == [Code.OUT_OF_RANGE]


def test_a_task_that_is_not_checked_yet_is_told_that_and_what_can_be_known() -> None:
    early = replace(GOOD, status=TaskStatus.CHECKING, recipients=0, balance=0, template=None)
    assert codes(early) == [Code.WRONG_STATE, Code.NOT_FOUND]


@pytest.mark.parametrize("status", [s for s in TaskStatus if s not in consent.BEFORE_CONSENT])
def test_of_a_task_that_was_consented_to_only_its_state_is_told(status: TaskStatus) -> None:
    assert codes(replace(GOOD, status=status, balance=0, template=None)) == [Code.WRONG_STATE]


def test_mainland_costs_units_and_the_rest_money() -> None:
    assert consent.fee(Region.MAINLAND, 7, TERMS) == Fee(package_units=7, amount_micros=0)
    assert consent.fee(Region.GLOBAL, 7, TERMS) == Fee(package_units=0, amount_micros=210_000)


@pytest.mark.parametrize(
    ("region", "given", "field"),
    [
        (Region.MAINLAND, Consent(given=False, segments=7, amount_micros=None), "consent"),
        (Region.MAINLAND, Consent(True, 6, None), "expected_segments"),
        (Region.MAINLAND, Consent(True, 7, 1), "expected_amount_micros"),
        (Region.GLOBAL, Consent(True, 7, None), "expected_amount_micros"),
        (Region.GLOBAL, Consent(True, 7, 209_999), "expected_amount_micros"),
    ],
)
def test_nobody_consents_to_a_fee_that_is_not_the_one_shown(
    region: Region, given: Consent, field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        consent.check(given, region, 7, TERMS)
    (problem,) = refusal.value.problems
    expected = Code.CONFLICT if given.given else Code.CONSENT_REQUIRED
    assert (problem.code, problem.field) == (expected, (field,))


def test_consent_to_the_fee_as_it_is_passes() -> None:
    consent.check(Consent(True, 7, None), Region.MAINLAND, 7, TERMS)
    consent.check(Consent(True, 7, 0), Region.MAINLAND, 7, TERMS)
    consent.check(Consent(True, 7, 210_000), Region.GLOBAL, 7, TERMS)


def test_one_is_not_worded_as_many() -> None:
    with pytest.raises(Refused) as refusal:
        consent.check(Consent(True, 2, None), Region.MAINLAND, 1, TERMS)
    messages = [problem.message for problem in refusal.value.problems]
    for standing in (
        replace(GOOD, segments=1, balance=0),
        replace(ABROAD, recipients=1, left_today=0),
        replace(ABROAD, recipients=2, left_today=1),
    ):
        messages += [problem.message for problem in consent.blockers(standing, NOW, TERMS)]
    assert messages == [
        "the task has 1 segment and not 2: review the fee and consent again",
        "the task needs 1 unit and the packages hold 0: buy a package",
        (
            f"task has 1 recipient and 0 Global messages are left of {TERMS.global_daily} "
            "on its day: send it on another day"
        ),
        (
            f"task has 2 recipients and 1 Global message is left of {TERMS.global_daily} "
            "on its day: send it on another day"
        ),
    ]
