"""Recipients of a bulk task, as the account sees them (BLK-8)."""

from domain.message import MessageStatus
from domain.task import TaskStatus

_GIVEN_UP = frozenset({TaskStatus.STOPPED, TaskStatus.CANCELLED, TaskStatus.FAILED})


def shown(task: TaskStatus, message: MessageStatus) -> MessageStatus:
    """Say where a recipient stands.

    Stopping a task changes the task alone, however many recipients it has: what was still queued
    then is never claimed, so it counts as cancelled.
    """
    if task in _GIVEN_UP and message is MessageStatus.QUEUED:
        return MessageStatus.CANCELLED
    return message
