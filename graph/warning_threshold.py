"""The excessive messaging reminder of an application (CFG-1)."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import strawberry

from db import warning_threshold
from db.warning_threshold import Shown
from domain import warning_threshold as rules
from domain.region import Region
from domain.warning_threshold import Reminder
from graph.context import Info
from graph.guard import mutation, query
from graph.long import Long
from graph.node import key_of
from graph.payload import Payload
from graph.target import on_application
from policies import actions

ApplicationId = Annotated[strawberry.ID, strawberry.argument(description="The application's id.")]
_RANGE = f"Messages on a calendar day of the account, 1 to {rules.THRESHOLD_MOST:,}."


@strawberry.type(description="The reminder for one region.")
class ExcessReminder:
    """On or off, at how many messages, and how today stands."""

    enabled: bool = strawberry.field(description="Whether it is on.")
    threshold: int | None = strawberry.field(
        description="At how many messages it goes out; null until it is first set."
    )
    sent_today: Long = strawberry.field(
        description="Messages that carriers took today, a calendar day of the account's time zone."
    )
    reminded_at: datetime | None = strawberry.field(
        description="When today's reminder went out; null when it did not."
    )

    @classmethod
    def of(cls, shown: Shown) -> "ExcessReminder":
        """Show what is set."""
        return cls(
            enabled=shown.reminder.enabled,
            threshold=shown.reminder.threshold,
            sent_today=Long(shown.sent),
            reminded_at=shown.raised_at,
        )


@strawberry.type(description="The excessive messaging reminder of an application.")
class WarningThreshold:
    """One reminder for each region; neither keeps anything from being sent."""

    mainland: ExcessReminder = strawberry.field(description="For Mainland China SMS.")
    global_: ExcessReminder = strawberry.field(name="global", description="For Global SMS.")

    @classmethod
    def of(cls, shown: dict[Region, Shown]) -> "WarningThreshold":
        """Show what is set."""
        return cls(
            mainland=ExcessReminder.of(shown[Region.MAINLAND]),
            global_=ExcessReminder.of(shown[Region.GLOBAL]),
        )


@strawberry.input(description="What to change of one reminder; what is left out stays.")
class ExcessReminderInput:
    """The switch and the threshold."""

    enabled: bool | None = strawberry.field(default=None, description="Whether it is to be on.")
    threshold: int | None = strawberry.field(default=None, description=_RANGE)

    def merged(self, reminder: Reminder) -> Reminder:
        """Give the reminder as it would be after the change."""
        if self.enabled is not None:
            reminder = replace(reminder, enabled=self.enabled)
        return reminder if self.threshold is None else replace(reminder, threshold=self.threshold)


@strawberry.input(description="Which reminders to change; a region that is left out stays.")
class WarningThresholdUpdateInput:
    """The guide's dialogue."""

    mainland: ExcessReminderInput | None = strawberry.field(
        default=None, description="For Mainland China SMS."
    )
    global_: ExcessReminderInput | None = strawberry.field(
        name="global", default=None, description="For Global SMS."
    )


@strawberry.type(description="The answer to `warningThresholdUpdate`.")
class WarningThresholdPayload(Payload):
    """The reminders as they stand after the mutation."""

    warning_threshold: WarningThreshold | None = strawberry.field(
        default=None, description="What is set now; null when nothing was changed."
    )


@strawberry.type
class WarningThresholdQuery:
    """The root field that reads the reminder."""

    @query(actions.DESCRIBE_WARNING_THRESHOLD, on=on_application("application_id"))
    async def warning_threshold(
        self, info: Info, application_id: ApplicationId
    ) -> WarningThreshold | None:
        """The excessive messaging reminder of one application, and how many were sent today."""
        context, key = info.context, key_of(application_id, "Application")
        async with context.database.read() as session:
            return WarningThreshold.of(await warning_threshold.show(session, key, context.now))


@strawberry.type
class WarningThresholdMutation:
    """The root field that changes the reminder."""

    @mutation(actions.MODIFY_WARNING_THRESHOLD, on=on_application("application_id"))
    async def warning_threshold_update(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Annotated[  # noqa: A002 - the schema's name
            WarningThresholdUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> WarningThresholdPayload:
        """Set the excessive messaging reminder.

        When the messages sent on a calendar day of the account reach the threshold, the
        application's contacts who want to know are told, once that day; at once when as many were
        sent today already. Sending goes on.
        """
        context, key = info.context, key_of(application_id, "Application")
        given = {Region.MAINLAND: input.mainland, Region.GLOBAL: input.global_}
        async with context.change() as session:
            await warning_threshold.begin(session)
            before = await warning_threshold.reminders(session, key)
            wanted = {region: form.merged(before[region]) for region, form in given.items() if form}
            rules.check(wanted)
            await warning_threshold.change(session, key, wanted, context.now)
            shown = await warning_threshold.show(session, key, context.now)
        return WarningThresholdPayload(warning_threshold=WarningThreshold.of(shown))
