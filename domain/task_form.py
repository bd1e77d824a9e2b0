"""What a bulk task is made of, and how long that may change (BLK-1)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain import account, review, task, text
from domain.account import Capability
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind, Region, SmsType
from domain.review import ReviewStatus
from domain.task import TaskStatus
from domain.terms import Terms

NAME_MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A template or signature: the region it is for, and where its review stands."""

    region: Region
    status: ReviewStatus


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: what the account is, and the zone of its calendar."""

    kind: IdentityKind
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Draft:
    """A task that may be stored; `scheduled_at` is UTC, to the second, None for sending at once."""

    name: str
    scheduled_at: datetime | None


def draft(  # noqa: PLR0913 - one argument for each field of the form
    *,
    name: str,
    scheduled_at: datetime | None,
    template: Part,
    sms_type: SmsType,
    signature: Part | None,
    sender: Sender,
    now: datetime,
    terms: Terms,
) -> Draft:
    """Return what may be stored; raise Refused with everything that may not.

    Mainland China needs a signature; the caller has taken the first approved one where none was
    named (SIG-7), so None means that the account has none.
    """
    name = text.tidy(name)
    problems = text.check(name, "name", least=1, most=NAME_MOST)
    problems += _usable("template", template.status, "template_id")
    problems += _signature_problems(signature, template.region)
    if sms_type is SmsType.MARKETING:
        lacking = account.lacking(sender.kind, True, Capability.MARKETING, "template_id")
        problems += [lacking] if lacking else []
    if scheduled_at is not None:
        try:
            scheduled_at = _check_time(scheduled_at, sms_type, sender.zone, now, terms)
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(*problems)
    return Draft(name, scheduled_at)


def check_edit(status: TaskStatus, *, parts: bool) -> None:
    """Raise Refused unless a task in this state may be edited.

    What its recipients were checked against (`parts`) stays with them; name and time may change
    until the fee is consented to.
    """
    if status is TaskStatus.DRAFT or (status is TaskStatus.READY and not parts):
        return
    if status is TaskStatus.READY:
        message = (
            "task is ready and keeps its application, template and signature, which its "
            "recipients were checked against: create another task"
        )
    else:
        message = f"task is {status} and cannot be edited: create another task"
    raise Refused.one(Code.WRONG_STATE, message, "id")


def check_delete(status: TaskStatus) -> None:
    """Raise Refused unless a task in this state may be deleted: nothing was consented to yet."""
    if status not in {TaskStatus.DRAFT, TaskStatus.READY}:
        message = f"task is {status} and cannot be deleted: only drafts are"
        raise Refused.one(Code.WRONG_STATE, message, "id")


def progress(
    status: TaskStatus, *, rows_seen: int, rows_total: int, handled: int, recipients: int
) -> float:
    """Say how far a task has come in what it is doing, from 0 to 1 (BLK-3, BLK-7).

    While it is checked, in rows of the file; from then on, in recipients submitted or refused.
    """
    if status is TaskStatus.CHECKING:
        return min(1.0, rows_seen / rows_total) if rows_total else 0.0
    if status is TaskStatus.SENT:
        return 1.0
    return min(1.0, handled / recipients) if recipients else 0.0


def _usable(what: str, status: ReviewStatus, field: str) -> list[Problem]:
    try:
        review.check_usable(what, status, field)
    except Refused as refused:
        return list(refused.problems)
    return []


def _signature_problems(signature: Part | None, region: Region) -> list[Problem]:
    field = "signature_id"
    if signature is None:
        if region is Region.GLOBAL:
            return []
        message = "Mainland China SMS needs an approved signature and the account has none: apply"
        return [Problem(Code.REQUIRED, f"{message} for one first", (field,))]
    if signature.region is not region:
        message = f"signature is for {signature.region} and the template for {region}"
        return [Problem(Code.MISMATCH, f"{message}: choose two of one region", (field,))]
    return _usable("signature", signature.status, field)


def _check_time(
    at: datetime, sms_type: SmsType, zone: ZoneInfo, now: datetime, terms: Terms
) -> datetime:
    if at.tzinfo is None:
        message = f'scheduled at "{at.isoformat()}" names no time zone: add one, such as "+08:00"'
        raise Refused.one(Code.INVALID, message, "scheduled_at")
    due = task.check_schedule(at, now, terms.schedule_ahead).astimezone(UTC)
    if sms_type is SmsType.MARKETING:
        task.check_marketing_time(due, zone, "scheduled_at")
    return due
