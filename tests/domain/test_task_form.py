"""What a bulk task may be made of, and how long that may change (BLK-1, BLK-3)."""

import pytest

from domain import task_form
from domain.errors import Code, Refused
from domain.message import MessageStatus
from domain.recipient import shown
from domain.task import TaskStatus


@pytest.mark.parametrize("status", TaskStatus)
def test_parts_change_in_drafts_and_name_and_time_until_the_consent(status: TaskStatus) -> None:
    for parts, allowed in (
        (True, {TaskStatus.DRAFT}),
        (False, {TaskStatus.DRAFT, TaskStatus.READY}),
    ):
        if status in allowed:
            task_form.check_edit(status, parts=parts)
            continue
        with pytest.raises(Refused) as refusal:
            task_form.check_edit(status, parts=parts)
        (problem,) = refusal.value.problems
        assert (problem.code, problem.field) == (Code.WRONG_STATE, ("id",))
        assert problem.message.startswith(f"task is {status} and ")


@pytest.mark.parametrize("status", TaskStatus)
def test_only_what_was_not_consented_to_is_deleted(status: TaskStatus) -> None:
    if status in {TaskStatus.DRAFT, TaskStatus.READY}:
        task_form.check_delete(status)
        return
    with pytest.raises(Refused, match=f"task is {status} and cannot be deleted"):
        task_form.check_delete(status)


@pytest.mark.parametrize(
    ("status", "seen", "total", "handled", "recipients", "progress"),
    [
        (TaskStatus.DRAFT, 0, 0, 0, 0, 0.0),
        (TaskStatus.CHECKING, 0, 0, 0, 0, 0.0),
        (TaskStatus.CHECKING, 50, 200, 0, 40, 0.25),
        (TaskStatus.CHECKING, 201, 200, 0, 40, 1.0),
        (TaskStatus.READY, 200, 200, 0, 40, 0.0),
        (TaskStatus.SENDING, 200, 200, 10, 40, 0.25),
        (TaskStatus.STOPPED, 200, 200, 10, 40, 0.25),
        (TaskStatus.SENT, 200, 200, 39, 40, 1.0),
    ],
)
def test_progress_is_of_rows_while_checking_and_of_recipients_then(  # noqa: PLR0913, PLR0917 - a table
    status: TaskStatus, seen: int, total: int, handled: int, recipients: int, progress: float
) -> None:
    assert (
        task_form.progress(
            status, rows_seen=seen, rows_total=total, handled=handled, recipients=recipients
        )
        == progress
    )


def test_what_a_stopped_task_still_has_queued_is_shown_as_cancelled() -> None:
    for status in TaskStatus:
        given_up = status in {TaskStatus.STOPPED, TaskStatus.CANCELLED, TaskStatus.FAILED}
        for message in MessageStatus:
            expected = message
            # Whom a message waits for is the operator's business.
            if message in {MessageStatus.QUEUED, MessageStatus.WAITING}:
                expected = MessageStatus.CANCELLED if given_up else MessageStatus.QUEUED
            assert shown(status, message) is expected
