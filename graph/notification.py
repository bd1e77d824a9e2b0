"""The operators' outbox: what alarm contacts were told, and what did not reach them (ALM-2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

import strawberry

from db import notification as notifications
from db.notification import Listing, NotificationRow, Standing
from db.session import AsyncSession
from domain.alarm import AlarmEvent, Channel, Language, NotificationState
from domain.errors import Code, Refused
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import encode, key_of
from graph.payload import Payload
from graph.uin import uin_of
from policies import actions

KIND = "Notification"
RESENT_MOST: Final = 100

publish(
    Channel,
    name="NotificationChannel",
    description="How a contact is told.",
    values={"SMS": "By text message.", "EMAIL": "By e-mail."},
)
publish(
    NotificationState,
    name="NotificationState",
    description="How far a notification is.",
    values={
        "QUEUED": "It waits to be sent, for the first time or again.",
        "SENT": "The mail server or the carrier took it.",
        "DELIVERED": "The carrier says that the text message arrived; of mails nobody says so.",
        "FAILED": "It was given up, for the reason in `error`; it can be sent once more.",
    },
)


@strawberry.type(description="One alarm on its way to one contact.")
class Notification:
    """What operators see of a notification."""

    id: strawberry.ID = strawberry.field(description="Names it for `notificationResend`.")
    account_uin: str = strawberry.field(description="The uin of the account that it is about.")
    application_id: strawberry.ID = strawberry.field(
        description="The application that the contact belongs to."
    )
    event: AlarmEvent = strawberry.field(description="What the contact is told of.")
    channel: Channel = strawberry.field(description="How.")
    contact_name: str = strawberry.field(description="The contact's name at the time.")
    address: str = strawberry.field(description="The number, E.164, or the e-mail address.")
    language: Language = strawberry.field(description="In which language.")
    subject: str = strawberry.field(description="The subject of a mail; else empty.")
    text: str = strawberry.field(description="What it says, without the platform's signature.")
    state: NotificationState = strawberry.field(description="How far it is.")
    attempts: int = strawberry.field(description="How often it was tried.")
    error: str = strawberry.field(description="Why the last try failed; empty when it did not.")
    created_at: datetime = strawberry.field(description="When the alarm was raised.")
    retry_at: datetime | None = strawberry.field(
        description="When it is tried next, after a try that failed; else null."
    )
    sent_at: datetime | None = strawberry.field(description="When it was sent; null before.")

    @classmethod
    def of(cls, row: NotificationRow, standing: Standing) -> "Notification":
        """Show a row."""
        return cls(
            id=encode(KIND, row.id),
            account_uin=str(row.account_uin),
            application_id=encode("Application", row.app_id),
            event=row.event,
            channel=row.channel,
            contact_name=row.contact_name,
            address=row.address,
            language=row.language,
            subject=row.subject,
            text=row.body,
            state=standing.state,
            attempts=row.attempts,
            error=standing.error,
            created_at=row.created_at,
            retry_at=row.retry_at,
            sent_at=row.sent_at,
        )


@strawberry.input(description="Which notifications to list; what is left out does not matter.")
class NotificationFilter:
    """Narrow the outbox."""

    state: NotificationState | None = strawberry.field(
        default=None, description="Only those this far."
    )
    account_uin: str | None = strawberry.field(
        default=None, description="Only those about the account of this uin."
    )
    event: AlarmEvent | None = strawberry.field(default=None, description="Only those of this.")
    channel: Channel | None = strawberry.field(
        default=None, description="Only those told this way."
    )

    def listing(self) -> Listing:
        """Read the uin; raises BadUserInput."""
        return Listing(self.state, uin_of(self.account_uin, "accountUin"), self.event, self.channel)


@strawberry.type(description="The answer to `notificationResend`.")
class NotificationResendPayload(Payload):
    """What is tried again."""

    notifications: list[Notification] = strawberry.field(
        default_factory=list, description="The notifications; empty when none is sent again."
    )


@strawberry.type
class NotificationQuery:
    """The root field that reads the outbox."""

    @query(actions.DESCRIBE_NOTIFICATIONS)
    async def notifications(
        self,
        info: Info,
        where: Annotated[
            NotificationFilter | None, strawberry.argument(description="Which ones to list.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Notification] | None:
        """What alarm contacts of every account are told, newest first; kept for 90 days."""
        context, page = info.context, page_request(first, after, datetime)
        listing = (where or NotificationFilter()).listing()
        async with context.database.read() as session:
            found = await notifications.page(session, listing, first=page.first, after=page.after)
            shown = await _show(session, found.rows)
        return connect(
            shown,
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, notifications.count, listing),
        )


@strawberry.type
class NotificationMutation:
    """The root field that sends again."""

    @mutation(actions.RESEND_NOTIFICATION)
    async def notification_resend(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"1 to {RESENT_MOST} ids of failed notifications."),
        ],
    ) -> NotificationResendPayload:
        """Send notifications that failed once more; all of them, or none where one did not fail."""
        context = info.context
        if not 1 <= len(ids) <= RESENT_MOST:
            message = f"ids has {len(ids)} entries: name 1 to {RESENT_MOST} notifications"
            raise Refused.one(Code.OUT_OF_RANGE, message, "ids")
        keys = [key_of(each, KIND) for each in ids]
        async with context.change() as session:
            rows = await notifications.resend(session, keys, context.now)
            shown = await _show(session, rows)
        return NotificationResendPayload(notifications=shown)


async def _show(session: AsyncSession, rows: Sequence[NotificationRow]) -> list[Notification]:
    found: Mapping[int, Standing] = await notifications.standings(session, rows)
    return [Notification.of(row, found[row.id]) for row in rows]
