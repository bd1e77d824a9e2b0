"""Recipients of a bulk task, as the account sees them (BLK-8)."""

from domain.message import MessageStatus
from domain.task import TaskStatus

_GIVEN_UP = frozenset({TaskStatus.STOPPED, TaskStatus.CANCELLED, TaskStatus.FAILED})


def shown(task: TaskStatus, message: MessageStatus) -> MessageStatus:
    """Say where a recipient stands.

    Stopping a task changes the task alone, however many recipients it has: what was still queued
    then is never claimed, so it counts as cancelled. Which carrier a queued one waits for is the
    operator's business.
    """
    if message not in {MessageStatus.QUEUED, MessageStatus.WAITING}:
        return message
    return MessageStatus.CANCELLED if task in _GIVEN_UP else MessageStatus.QUEUED
