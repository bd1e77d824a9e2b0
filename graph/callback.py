"""Callbacks: what the event callback of an application and the reply callback have in common."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import callback_setting as settings
from db.callback import CallbackRow
from db.callback_push import CallbackPushRow
from db.callback_setting import Standing
from domain.callback_retry import CallbackState
from graph.enums import publish
from graph.node import encode
from graph.payload import Payload

KIND = "CallbackPush"

publish(
    CallbackState,
    name="CallbackState",
    description="How a callback does.",
    values={
        "OFF": "It is switched off: new events are not pushed, what waits is kept.",
        "WORKING": "The last push was taken, or none has failed.",
        "FAILING": "Pushes fail; they are tried again by the schedule.",
        "SUSPENDED": "The URL failed until the end of the schedule: what comes waits until the "
        "callback is replayed, switched on anew, or given another URL.",
    },
)


@strawberry.type(description="A URL that events are pushed to.")
class Callback:
    """What users see of a callback; its secret is shown only where it is made."""

    url: str = strawberry.field(description="Where events are pushed to.")
    enabled: bool = strawberry.field(description="Whether it is switched on.")
    state: CallbackState = strawberry.field(description="How it does.")
    changed_at: datetime = strawberry.field(description="When URL or switch were last set.")
    old_secret_until: datetime | None = strawberry.field(
        description="Until when the secret that was replaced signs beside the new one."
    )
    pushed_at: datetime | None = strawberry.field(description="When a push was last taken.")
    failing_since: datetime | None = strawberry.field(
        description="Since when pushes fail; null while they are taken."
    )
    next_try_at: datetime | None = strawberry.field(
        description="When a push is tried again, while pushes fail."
    )
    error: str = strawberry.field(description="Why a push last failed; empty when none has.")
    error_at: datetime | None = strawberry.field(description="When a push last failed.")
    waiting: int = strawberry.field(
        description="Events that wait to be pushed; 100,000 new ones are counted at most."
    )
    oldest_waiting_at: datetime | None = strawberry.field(
        description="When the oldest of them happened."
    )
    parked: int = strawberry.field(description="Pushes that were given up until they are replayed.")

    @classmethod
    def of(cls, row: CallbackRow, standing: Standing, now: datetime) -> "Callback":
        """Show a row and what it has yet to push."""
        breaker = settings.breaker(row)
        state = breaker.state(enabled=row.enabled)
        waits = [moment for moment in (row.held_until, standing.again_at) if moment]
        overlapping = row.old_until is not None and now < row.old_until
        return cls(
            url=row.url,
            enabled=row.enabled,
            state=state,
            changed_at=row.changed_at,
            old_secret_until=row.old_until if overlapping else None,
            pushed_at=row.pushed_at,
            failing_since=row.failing_since,
            next_try_at=max(waits, default=None) if state is CallbackState.FAILING else None,
            error=row.error,
            error_at=row.error_at,
            waiting=standing.waiting,
            oldest_waiting_at=standing.oldest_at,
            parked=standing.parked,
        )


@strawberry.type(description="Events that were pushed together, until they were given up.")
class CallbackPush:
    """One parked push."""

    id: strawberry.ID = strawberry.field(description="What to replay it by.")
    webhook_id: str = strawberry.field(description="The webhook-id it was pushed under, each time.")
    events: int = strawberry.field(description="How many events it holds.")
    tries: int = strawberry.field(description="How often it was tried.")
    created_at: datetime = strawberry.field(description="When it was first to be pushed.")
    parked_at: datetime = strawberry.field(description="When it was given up.")
    error: str = strawberry.field(description="Why the last try failed.")

    @classmethod
    def of(cls, row: CallbackPushRow) -> "CallbackPush":
        """Show a row that is parked."""
        return cls(
            id=encode(KIND, row.id),
            webhook_id=row.webhook_id,
            events=row.events,
            tries=row.tries,
            created_at=row.created_at,
            parked_at=row.parked_at or row.created_at,
            error=row.error,
        )


@strawberry.input(description="What to set of a callback; what is left out stays.")
class CallbackInput:
    """URL and switch."""

    url: str | None = strawberry.field(
        default=None,
        description="An http or https URL of at most 1,000 characters; needed the first time.",
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Whether to push; the first time it is switched on by default."
    )


@strawberry.input(description="What to replay.")
class CallbackReplayInput:
    """Some or all."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="At most 100 parked pushes; left out, all that are parked."
    )


@strawberry.type(description="The answer to a mutation of a callback.")
class CallbackPayload(Payload):
    """The callback as it stands after the mutation."""

    callback: Callback | None = strawberry.field(
        default=None, description="The callback; null when it was not changed."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="The signing secret where one was made: shown this once, kept sealed.",
    )


@strawberry.type(description="The answer to a replay.")
class CallbackReplayPayload(Payload):
    """How many, and the callback as it stands."""

    replayed: int = strawberry.field(default=0, description="How many pushes are tried again.")
    callback: Callback | None = strawberry.field(
        default=None, description="The callback; null when nothing was changed."
    )


@strawberry.type(description="What a URL answered to a sample.")
class CallbackTestResult:
    """The answer, and what it counts as."""

    succeeded: bool = strawberry.field(description="Whether a push answered so is taken.")
    problem: str = strawberry.field(description="Why it is not; empty when it is.")
    status: int | None = strawberry.field(description="The HTTP status; null without an answer.")
    body: str = strawberry.field(description="The first 1,024 bytes of the answer, as text.")
    milliseconds: int = strawberry.field(description="How long it took.")


@strawberry.type(description="The answer to a test.")
class CallbackTestPayload(Payload):
    """What came of it."""

    result: CallbackTestResult | None = strawberry.field(
        default=None, description="What the URL answered; null when nothing was pushed."
    )


Input = Annotated[CallbackInput, strawberry.argument(description="What to set.")]
ReplayInput = Annotated[
    CallbackReplayInput | None,
    strawberry.argument(description="What to replay; left out, all that is parked."),
]
