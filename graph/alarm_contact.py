"""Alarm contacts of an application: whom to tell, how, and of what (ALM-1)."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import alarm_contact as contacts
from db.alarm_contact import Contact
from domain import alarm_contact as rules
from domain import quota
from domain.alarm import AlarmEvent, Language
from graph.context import Info
from graph.enums import publish
from graph.frequency import ApplicationId
from graph.guard import mutation, query
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.target import Target, on_application
from policies import actions

KIND = "AlarmContact"
ON_CONTACT = Target(KIND, "alarm contact", ("id",), contacts.app_of)
Id = Annotated[strawberry.ID, strawberry.argument(description="The contact's id.")]

publish(
    AlarmEvent,
    name="AlarmEvent",
    description="What an alarm contact can be told of.",
    values={
        "FREQUENCY_LIMIT": "Frequency limits refused messages of the application.",
        "EXCESS_MESSAGES": "The messages of a calendar day reached the reminder's threshold.",
        "REVIEW_RESULT": "Something that the account submitted for review was decided.",
        "PACKAGE": "The package balance fell below its alarm threshold, or was not renewed.",
    },
)
publish(
    Language,
    name="AlarmLanguage",
    description="The language a contact is written to in.",
    values={"ENGLISH": "English.", "CHINESE": "Simplified Chinese."},
)


@strawberry.type(description="Somebody who is told what happens to an application.")
class AlarmContact(Node):
    """What an account sees of one contact."""

    name: str = strawberry.field(description="The name.")
    phone: str | None = strawberry.field(description="Where text messages go, E.164; null without.")
    email: str | None = strawberry.field(description="Where e-mails go; null without.")
    events: list[AlarmEvent] = strawberry.field(description="What the contact is told of.")
    language: Language = strawberry.field(description="In which language.")
    created_at: datetime = strawberry.field(description="When the contact was added.")

    @classmethod
    def of(cls, contact: Contact) -> "AlarmContact":
        """Show a contact; its events stand in the order of the schema."""
        row = contact.row
        return cls(
            id=encode(KIND, row.id),
            name=row.name,
            phone=row.phone,
            email=row.email,
            events=[event for event in AlarmEvent if event in contact.events],
            language=row.language,
            created_at=row.created_at,
        )


@strawberry.input(description="A new contact; it needs a mobile number or an e-mail address.")
class AlarmContactAddInput:
    """Whom to tell, how, and of what."""

    name: str = strawberry.field(description=f"1 to {rules.NAME_MOST} characters.")
    phone: str | None = strawberry.field(
        default=None,
        description="A mobile number of any country: 11 digits of Mainland China, or country code "
        "and number.",
    )
    email: str | None = strawberry.field(default=None, description="An e-mail address.")
    events: list[AlarmEvent] = strawberry.field(description="What to tell of: at least one.")
    language: Language | None = strawberry.field(
        default=None,
        description="In which language; left out, Chinese for a number of Mainland China and else "
        "English.",
    )


@strawberry.input(description="What to change; what is left out stays.")
class AlarmContactUpdateInput:
    """The same, each field by itself."""

    name: str | None = strawberry.field(
        default=None, description=f"1 to {rules.NAME_MOST} characters."
    )
    phone: str | None = strawberry.field(
        default=None, description="Another number; an empty text takes it away."
    )
    email: str | None = strawberry.field(
        default=None, description="Another e-mail address; an empty text takes it away."
    )
    events: list[AlarmEvent] | None = strawberry.field(
        default=None, description="All that the contact is to be told of from now on."
    )
    language: Language | None = strawberry.field(default=None, description="Another language.")


@strawberry.type(description="The answer to a mutation of an alarm contact.")
class AlarmContactPayload(Payload):
    """The contact as it stands."""

    alarm_contact: AlarmContact | None = strawberry.field(
        default=None, description="The contact; null when nothing was changed."
    )


@strawberry.type(description="The answer to `alarmContactDelete`.")
class AlarmContactDeletePayload(Payload):
    """The id of who is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted contact; null when none was."
    )


@strawberry.type
class AlarmContactQuery:
    """Root fields that read alarm contacts."""

    @query(actions.DESCRIBE_NEWS_RECEIVER, on=ON_CONTACT)
    async def alarm_contact(self, info: Info, id: Id) -> AlarmContact | None:  # noqa: A002 - the schema's name
        """One alarm contact of an application of the caller's account."""
        async with info.context.database.read() as session:
            found = await contacts.get(session, key_of(id, KIND))
        return AlarmContact.of(found) if found else None

    @query(actions.DESCRIBE_NEWS_RECEIVER, on=on_application("application_id"))
    async def alarm_contacts(
        self, info: Info, application_id: ApplicationId
    ) -> list[AlarmContact] | None:
        """The alarm contacts of an application, the oldest first; there are five at most."""
        key = key_of(application_id, "Application")
        async with info.context.database.read() as session:
            found = await contacts.of_application(session, key)
        return [AlarmContact.of(each) for each in found]


@strawberry.type
class AlarmContactMutation:
    """Root fields that change alarm contacts."""

    @mutation(
        actions.ADD_NEWS_RECEIVER,
        on=on_application("application_id"),
        quota=quota.ALARM_CONTACTS,
    )
    async def alarm_contact_add(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Annotated[  # noqa: A002 - the schema's name
            AlarmContactAddInput, strawberry.argument(description="Whom to tell, and of what.")
        ],
    ) -> AlarmContactPayload:
        """Add an alarm contact to an application: told from now on, by every way given."""
        context, key = info.context, key_of(application_id, "Application")
        wanted = rules.draft(
            input.name,
            input.phone or "",
            input.email or "",
            input.events,
            input.language,
        )
        async with context.change(scope=str(key)) as session:
            found = await contacts.add(session, context.owner, key, wanted, context.now)
        return AlarmContactPayload(alarm_contact=AlarmContact.of(found))

    @mutation(actions.MODIFY_NEWS_RECEIVER, on=ON_CONTACT)
    async def alarm_contact_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            AlarmContactUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> AlarmContactPayload:
        """Change an alarm contact; what is under way already goes where it was meant to."""
        context = info.context
        async with context.change() as session:
            found = await contacts.changing(session, context.owner, key_of(id, KIND))
            row = found.row
            wanted = rules.draft(
                row.name if input.name is None else input.name,
                (row.phone or "") if input.phone is None else input.phone,
                (row.email or "") if input.email is None else input.email,
                found.events if input.events is None else input.events,
                input.language or row.language,
            )
            found = await contacts.change(session, found, wanted)
        return AlarmContactPayload(alarm_contact=AlarmContact.of(found))

    @mutation(actions.DELETE_NEWS_RECEIVER, on=ON_CONTACT)
    async def alarm_contact_delete(self, info: Info, id: Id) -> AlarmContactDeletePayload:  # noqa: A002 - the schema's name
        """Delete an alarm contact; it cannot be restored."""
        context, key = info.context, key_of(id, KIND)
        async with context.change() as session:
            await contacts.remove(session, context.owner, key)
        return AlarmContactDeletePayload(deleted_id=encode(KIND, key))
