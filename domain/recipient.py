"""Recipients of a bulk task: where they come from, and as what the account sees them (BLK-8).

A task has its recipients from one source: a file, customer groups or numbers entered by hand
(domain.md 5.5), and each goes through the same check.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain import template
from domain.errors import Code, Problem, Refused
from domain.message import MessageStatus
from domain.region import IdentityKind, Region, SmsType
from domain.segment import Measure, measure
from domain.task import TaskStatus
from domain.text import counted, quoted

GROUPS_MOST: Final = 50
NUMBERS_MOST: Final = 100
_GIVEN_UP: Final = frozenset({TaskStatus.STOPPED, TaskStatus.CANCELLED, TaskStatus.FAILED})


class RecipientSource(StrEnum):
    """What a task has its recipients from."""

    FILE = "file"
    GROUPS = "groups"
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Group:
    """A customer group somebody selected: its name, what it is for, how many members it has."""

    name: str
    sms_type: SmsType
    members: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of some rows, in the shape that `db.recipient.Batch` asks for."""

    recipients: list[tuple[int, str, str, list[str], int, int]] = field(default_factory=list)
    errors: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    duplicates: list[tuple[int, int, str]] = field(default_factory=list)


def check_template(variables: int) -> None:
    """Raise Refused when a task's template has variables, which only an uploaded form fills."""
    if variables:
        message = (
            f"the task's template has {counted(variables, 'variable')}, which only an uploaded "
            "form fills: upload one, or choose a template without variables"
        )
        raise Refused.one(Code.MISMATCH, message, "id")


def check_selection(groups: int) -> None:
    """Raise Refused unless 1 to 50 groups are selected."""
    if not groups:
        message = f"groupIds is empty: select 1 to {GROUPS_MOST} customer groups"
        raise Refused.one(Code.REQUIRED, message, "group_ids")
    if groups > GROUPS_MOST:
        message = f"groupIds has {groups} entries: select at most {GROUPS_MOST} customer groups"
        raise Refused.one(Code.TOO_LARGE, message, "group_ids")


def check_groups(selected: Sequence[Group | None], sms_type: SmsType, most: int) -> None:
    """Raise Refused unless all groups are there (None is not), of the task's type, and not too big.

    `most` members may be sent to at once; one that is in two groups counts twice here, for who is
    in both is known only when they are copied.
    """
    problems: list[Problem] = []
    for place, group in enumerate(selected):
        where = ("group_ids", str(place))
        if group is None:
            problems.append(Problem(Code.NOT_FOUND, "there is no such customer group", where))
        elif group.sms_type is not sms_type:
            message = (
                f"customer group {quoted(group.name)} is for {group.sms_type} SMS and the task's "
                f"template for {sms_type} SMS: select groups of one type with the template"
            )
            problems.append(Problem(Code.MISMATCH, message, where))
    members = sum(group.members for group in selected if group)
    if members > most:
        message = f"the groups have {members:,} members: {_too_many(most)}"
        problems.append(Problem(Code.LIMIT_EXCEEDED, message, ("group_ids",)))
    if problems:
        raise Refused(*problems)


def check_copied(members: int, most: int) -> None:
    """Raise Refused when groups grew beyond `most` members while they were copied."""
    if members > most:
        message = f"the groups have more than {most:,} members: {_too_many(most)}"
        raise Refused.one(Code.LIMIT_EXCEEDED, message, "group_ids")


def _too_many(most: int) -> str:
    return f"a task reaches {most:,} at most, so select fewer groups and send two tasks"


def group_gone(name: str) -> Refused:
    """Say that a group was deleted before all of its members were copied."""
    message = (
        f"customer group {quoted(name)} was deleted while its members were copied: "
        "select the groups again"
    )
    return Refused.one(Code.NOT_FOUND, message, "group_ids")


def one_text(content: str, sign: str | None, region: Region, kind: IdentityKind) -> Measure:
    """Measure the text that a template without variables sends to everybody; raises Refused."""
    body = template.compile(content, kind).render([])
    return measure(template.full_text(sign, body, region), region)


def none_left(source: RecipientSource, rows: int) -> str:
    """Say why no recipient came out of `rows` rows of a source, and what to do."""
    if source is RecipientSource.FILE:
        return "no row of the file can be sent to: see the row errors and upload it again"
    if source is RecipientSource.NUMBERS:
        return "none of the numbers can be sent to: see the row errors and enter them again"
    if not rows:
        return "the groups have no members: add customers to them, or select other groups"
    return "no member of the groups can be sent to: see the row errors and select other groups"


def shown(task: TaskStatus, message: MessageStatus) -> MessageStatus:
    """Say where a recipient stands.

    Stopping a task changes the task alone, however many recipients it has: what was still queued
    then is never claimed, so it counts as cancelled. Which carrier a queued one waits for is the
    operator's business.
    """
    if message not in {MessageStatus.QUEUED, MessageStatus.WAITING}:
        return message
    return MessageStatus.CANCELLED if task in _GIVEN_UP else MessageStatus.QUEUED
