"""Setting carriers up, changing, pausing and deleting them."""

from typing import Annotated

import strawberry

from db import carrier as carriers
from domain import carrier_form as rules
from graph.carrier import Carrier, Id, show
from graph.carrier_settings import SmppCreateInput, SmppUpdateInput
from graph.context import Context, Info
from graph.guard import mutation
from graph.node import encode, key_of
from graph.payload import Payload
from policies import actions

_NOTE = f"A note for operators, at most {rules.NOTE_MOST} characters"


@strawberry.input(description="A carrier to set up.")
class CarrierCreateInput:
    """Its name and how to reach it."""

    name: str = strawberry.field(
        description=f"1 to {rules.NAME_MOST} of a-z, 0-9 and hyphen, a letter first; it cannot be "
        "changed, and no later carrier ever has it."
    )
    note: str = strawberry.field(default="", description=f"{_NOTE}.")
    smpp: SmppCreateInput = strawberry.field(description="How to reach it over SMPP 3.4.")


@strawberry.input(description="What to change of a carrier; what is left out stays.")
class CarrierUpdateInput:
    """Note and settings."""

    note: str | None = strawberry.field(default=None, description=f"{_NOTE}.")
    smpp: SmppUpdateInput | None = strawberry.field(
        default=None, description="How to reach it; not for the simulator."
    )


@strawberry.type(description="The answer to a mutation of one carrier.")
class CarrierPayload(Payload):
    """The carrier as it stands after the mutation."""

    carrier: Carrier | None = strawberry.field(
        default=None, description="The carrier; null when it was not changed."
    )


@strawberry.type(description="The answer to `carrierDelete`.")
class CarrierDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted carrier; null when none was."
    )


@strawberry.type
class CarrierMutation:
    """Root fields that change carriers; workers follow within a second or two."""

    @mutation(actions.MODIFY_CARRIER)
    async def carrier_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CarrierCreateInput, strawberry.argument(description="The carrier.")
        ],
    ) -> CarrierPayload:
        """Set a carrier up: workers connect at once, messages come when a route names it."""
        context, smpp = info.context, input.smpp
        draft = rules.draft(input.name, input.note, smpp.settings(), smpp.password)
        async with context.change() as session:
            row = await carriers.add(session, draft, context.vault, context.now)
        return CarrierPayload(carrier=show(context, [row])[0])

    @mutation(actions.MODIFY_CARRIER)
    async def carrier_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            CarrierUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> CarrierPayload:
        """Change note and settings; workers finish what is under way and connect anew."""
        context, key, smpp = info.context, key_of(id, "Carrier"), input.smpp
        async with context.change() as session:
            row = await carriers.changing(session, key)
            wanted = smpp.settings(rules.check_speaks(row.smpp)) if smpp else None
            password = smpp.password if smpp else None
            note = row.note if input.note is None else input.note
            row.note, made = rules.changed(note, row.smpp, wanted, password)
            if made is not None:
                row.set_smpp(made)
            if password is not None:
                row.set_password(context.vault, password)
            row.updated_at = context.now
        return CarrierPayload(carrier=show(context, [row])[0])

    @mutation(actions.MODIFY_CARRIER)
    async def carrier_pause(self, info: Info, id: Id) -> CarrierPayload:  # noqa: A002 - the schema's name
        """Give a carrier no more messages: other carriers of their routes take them, or they wait.

        It stays connected, so receipts still come. A paused carrier may be paused again.
        """
        return await _switch(info.context, id, paused=True)

    @mutation(actions.MODIFY_CARRIER)
    async def carrier_resume(self, info: Info, id: Id) -> CarrierPayload:  # noqa: A002 - the schema's name
        """Give a carrier messages again, those first that have waited for it."""
        return await _switch(info.context, id, paused=False)

    @mutation(actions.MODIFY_CARRIER)
    async def carrier_delete(self, info: Info, id: Id) -> CarrierDeletePayload:  # noqa: A002 - the schema's name
        """Delete a carrier that no route names, with its password; not the simulator.

        Receipts that have not come by then never will: pause it and wait for them first.
        """
        context = info.context
        async with context.change() as session:
            row = await carriers.changing(session, key_of(id, "Carrier"))
            await carriers.remove(session, row, context.now)
        return CarrierDeletePayload(deleted_id=encode("Carrier", row.id))


async def _switch(context: Context, id: str, *, paused: bool) -> CarrierPayload:  # noqa: A002 - the schema's name
    async with context.change() as session:
        row = await carriers.changing(session, key_of(id, "Carrier"))
        if row.paused != paused:
            row.paused, row.updated_at = paused, context.now
    return CarrierPayload(carrier=show(context, [row])[0])
