"""What a task costs, what keeps it from being sent, and the user's consent to the fee (BLK-4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain import account, application, package, review, short_url, task
from domain.account import Capability
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind, Region, SmsType
from domain.review import ReviewStatus
from domain.short_url import Held
from domain.task import TaskEvent, TaskStatus
from domain.terms import Terms
from domain.text import counted

BEFORE_CONSENT: Final = frozenset({TaskStatus.DRAFT, TaskStatus.CHECKING, TaskStatus.READY})
BEFORE_SENDING: Final = frozenset({TaskStatus.READY, TaskStatus.SCHEDULED})


@dataclass(frozen=True, slots=True)
class Fee:
    """What sending takes: package units in Mainland China, money elsewhere.

    `amount_micros` is in millionths of the unit of the installation's currency.
    """

    package_units: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user agreed to: the segments shown, and the amount where it costs money."""

    given: bool
    segments: int
    amount_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that decides whether a task may be sent; None stands for what was deleted.

    `balance` is what the packages hold, `left_today` how many Global messages the account may
    still send on the day the task is for, `short_urls` are those in the template.
    """

    status: TaskStatus
    region: Region
    sms_type: SmsType
    recipients: int
    segments: int
    scheduled_at: datetime | None
    template: ReviewStatus | None
    signature: ReviewStatus | None
    has_signature: bool
    application: application.Status | None
    kind: IdentityKind
    zone: ZoneInfo
    balance: int
    left_today: int
    short_urls: Sequence[Held] = ()


def fee(region: Region, segments: int, terms: Terms) -> Fee:
    """Price segments: a package unit each, or money at the installation's price (5.2)."""
    if region is Region.MAINLAND:
        return Fee(segments, 0)
    return Fee(0, segments * terms.global_segment_micros)


def check(consent: Consent, region: Region, segments: int, terms: Terms) -> None:
    """Raise Refused unless the user agreed, and to the fee as it is now."""
    if not consent.given:
        message = "the fee is not consented to: review recipients and fee, then send with consent"
        raise Refused.one(Code.CONSENT_REQUIRED, message, "consent")
    way_out = "review the fee and consent again"
    if consent.segments != segments:
        needed = counted(segments, "segment")
        message = f"the task has {needed} and not {consent.segments}: {way_out}"
        raise Refused.one(Code.CONFLICT, message, "expected_segments")
    amount = fee(region, segments, terms).amount_micros
    if (consent.amount_micros or 0) != amount:
        message = f"the task costs {amount} micros and not {consent.amount_micros or 0}: {way_out}"
        raise Refused.one(Code.CONFLICT, message, "expected_amount_micros")


def blockers(standing: Standing, now: datetime, terms: Terms) -> list[Problem]:
    """Find everything that keeps a task from being sent now, or at its time.

    Of one that was consented to or given up, only that there is no way back.
    """
    found: list[Problem] = []
    event = TaskEvent.SCHEDULE if standing.scheduled_at else TaskEvent.START
    _collect(found, lambda: task.step(standing.status, event))
    if standing.status not in BEFORE_CONSENT:
        return found
    _collect(found, lambda: _check_parts(standing))
    _collect(found, lambda: _check_short_urls(standing, now))
    _collect(found, lambda: _check_application(standing.application))
    _collect(found, lambda: _check_time(standing, now, terms))
    if standing.status is TaskStatus.READY:
        _collect(found, lambda: _check_amount(standing, terms))
    return found


def _collect(found: list[Problem], rule: Callable[[], object]) -> None:
    try:
        rule()
    except Refused as refused:
        # The names of rules are those of other forms; here the task as a whole is at fault.
        found += [Problem(problem.code, problem.message, ("id",)) for problem in refused.problems]


def _check_parts(standing: Standing) -> None:
    problems: list[Problem] = []
    for what, status, named in (
        ("template", standing.template, True),
        ("signature", standing.signature, standing.has_signature),
    ):
        if not named:
            continue
        try:
            if status is None:
                raise Refused.one(Code.NOT_FOUND, f"{what} was deleted: choose another one")
            review.check_usable(what, status)
        except Refused as refused:
            problems += refused.problems
    if standing.sms_type is SmsType.MARKETING:
        lacking = account.lacking(standing.kind, True, Capability.MARKETING)
        problems += [lacking] if lacking else []
    if problems:
        raise Refused(*problems)


def _check_short_urls(standing: Standing, now: datetime) -> None:
    problems = short_url.dead(standing.short_urls, standing.scheduled_at or now)
    if problems:
        raise Refused(*problems)


def _check_application(status: application.Status | None) -> None:
    if status is None:
        raise Refused.one(Code.NOT_FOUND, "application was deleted: choose another one")
    application.check_sends(status)


def _check_time(standing: Standing, now: datetime, terms: Terms) -> None:
    at = now
    if standing.scheduled_at:
        at = task.check_schedule(standing.scheduled_at, now, terms.schedule_ahead)
    if standing.sms_type is SmsType.MARKETING:
        task.check_marketing_time(at, standing.zone)


def _check_amount(standing: Standing, terms: Terms) -> None:
    task.check_recipients(
        standing.recipients,
        standing.region,
        most=terms.recipient_rows,
        global_daily=terms.global_daily,
    )
    if standing.region is Region.MAINLAND:
        package.spread(standing.segments, [(0, standing.balance)])
    elif standing.recipients > standing.left_today:
        raise Refused.one(
            Code.LIMIT_EXCEEDED,
            f"task has {counted(standing.recipients, 'recipient')} and "
            f"{counted(standing.left_today, 'Global message')} "
            f"{'is' if standing.left_today == 1 else 'are'} left of {terms.global_daily} "
            "on its day: send it on another day",
        )
