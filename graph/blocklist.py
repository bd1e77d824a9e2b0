"""The blocklist (BLO-1 to BLO-3)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from db import blocklist
from db.blocklist import BlocklistRow
from domain import blocklist as rules
from domain import number_list, quota
from domain.blocklist import AddedStatus, BlocklistStatus
from domain.errors import Problem
from domain.number_list import Entry
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.enums import publish
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.number import searched
from graph.payload import Payload
from graph.region import Region, SmsType
from graph.signature_content import Contents, load_contents
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The entry's id.")]
Phone = Annotated[
    str | None,
    strawberry.argument(description="Only this number, however it is written."),
]
SignatureId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only those of this signature.")
]
Type = Annotated[
    SmsType | None, strawberry.argument(description="Only those for messages of this type.")
]

publish(
    BlocklistStatus,
    name="BlocklistStatus",
    description="Whether an entry keeps messages away yet.",
    values={
        "PENDING": "It was added too lately; it takes about five minutes.",
        "EFFECTIVE": "Messages of its signature and type are refused and not sent.",
    },
)
publish(
    AddedStatus,
    name="BlocklistAddStatus",
    description="What became of one entry of a pasted list.",
    values={
        "ADDED": "It is on the blocklist now.",
        "DUPLICATE": "It was there before, or stands in the list twice; `message` says which.",
        "INVALID": "It is not a Mainland China mobile number; `message` says why.",
    },
)


@strawberry.type(description="A number that a signature's messages of one type are kept from.")
class BlocklistEntry(Node):
    """What an account sees of an entry."""

    phone: str = strawberry.field(description="The number, E.164.")
    signature_id: strawberry.ID = strawberry.field(description="The signature.")
    sms_type: SmsType = strawberry.field(description="Which of its messages.")
    status: BlocklistStatus = strawberry.field(description="Whether it is in force yet.")
    added_at: datetime = strawberry.field(description="When it was added.")
    effective_at: datetime = strawberry.field(description="When it is, or has been, in force.")
    signature_key: strawberry.Private[int]
    contents: strawberry.Private[Contents]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="What the signature says, without brackets."
    )
    async def signature_content(self) -> str:
        """Load it together with those of the page's other entries."""
        return await self.contents.load(self.signature_key)


def show(context: Context, rows: Iterable[BlocklistRow]) -> list[BlocklistEntry]:
    """Show rows the caller may see."""
    contents, delay = load_contents(context), context.terms.blocklist_delay
    return [
        BlocklistEntry(
            id=encode("BlocklistEntry", row.id),
            phone=row.phone,
            signature_id=encode("Signature", row.signature_id),
            sms_type=row.sms_type,
            status=rules.status(row.added_at, context.now, delay),
            added_at=row.added_at,
            effective_at=row.added_at + delay,
            signature_key=row.signature_id,
            contents=contents,
        )
        for row in rows
    ]


@strawberry.input(description="Which numbers to keep which messages from.")
class BlocklistAddInput:
    """The form of the guide."""

    signature_id: strawberry.ID = strawberry.field(
        description="An approved signature for Mainland China."
    )
    sms_type: SmsType = strawberry.field(description="Which of its messages.")
    numbers: str = strawberry.field(
        description="Up to 1,000 mobile numbers as people paste them: one a line, or between "
        "commas, semicolons, tabs or blanks; full-width digits, +86 and 0086 are understood."
    )


@strawberry.type(description="What became of one entry of a pasted list.")
class BlocklistAddResult:
    """One entry, in the order of the list."""

    line: int = strawberry.field(description="The line it stands on, from 1.")
    value: str = strawberry.field(description="What stands there, at most 100 characters of it.")
    phone: str | None = strawberry.field(description="The number, E.164; null when it is none.")
    status: AddedStatus = strawberry.field(description="What became of it.")
    message: str | None = strawberry.field(description="Why it was not added; null when it was.")


@strawberry.type(description="The answer to `blocklistAdd`.")
class BlocklistAddPayload(Payload):
    """One result an entry."""

    results: list[BlocklistAddResult] = strawberry.field(
        default_factory=list, description="What became of each entry, in the list's order."
    )
    added: int = strawberry.field(default=0, description="How many are new.")


@strawberry.input(description="Which entries to remove.")
class BlocklistRemoveInput:
    """Ids and the confirmation."""

    ids: list[strawberry.ID] = strawberry.field(
        description="1 to 100 entries; all of them are removed, or none."
    )
    confirm: bool = strawberry.field(
        description="True to confirm: a removal cannot be undone, and the numbers get messages "
        "again at once."
    )


@strawberry.type(description="The answer to `blocklistRemove`.")
class BlocklistRemovePayload(Payload):
    """What is gone."""

    deleted_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The ids of the removed entries; empty when none was."
    )


@strawberry.type
class BlocklistQuery:
    """Root fields that read the blocklist."""

    @query(actions.DESCRIBE_BLACK_LIST)
    async def blocklist_entry(self, info: Info, id: Id) -> BlocklistEntry | None:  # noqa: A002 - the schema's name
        """One entry of the account's blocklist."""
        key = key_of(id, "BlocklistEntry")
        async with info.context.database.read() as session:
            row = await blocklist.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_BLACK_LIST)
    async def blocklist(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        phone: Phone = None,
        signature_id: SignatureId = None,
        sms_type: Type = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[BlocklistEntry] | None:
        """The account's blocklist, the last added first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = blocklist.Listing(
            context.owner,
            searched(phone, Region.MAINLAND),
            None if signature_id is None else key_of(signature_id, "Signature"),
            sms_type,
        )
        async with context.database.read() as session:
            found = await blocklist.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.added_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, blocklist.count, listing),
        )


@strawberry.type
class BlocklistMutation:
    """Root fields that change the blocklist."""

    @mutation(actions.ADD_BLACK_LIST, quota=quota.BLOCKLIST)
    async def blocklist_add(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            BlocklistAddInput, strawberry.argument(description="Signature, type and numbers.")
        ],
    ) -> BlocklistAddPayload:
        """Keep messages of a signature and type from numbers; in force after about 5 minutes.

        Only numbers that are new count against the quota, over all signatures; each entry of the
        list is answered by itself.
        """
        context, key = info.context, key_of(input.signature_id, "Signature")
        entries = number_list.read(input.numbers, Region.MAINLAND, rules.ADDED_AT_ONCE)
        phones = {entry.found.e164 for entry in entries if not isinstance(entry.found, Problem)}
        # How many are new is known only in there; the quota's row is held from the start.
        async with context.change(amount=0) as session:
            new = await blocklist.add(
                session, context.owner, key, input.sms_type, phones, context.now
            )
        return BlocklistAddPayload(results=_results(entries, new), added=len(new))

    @mutation(actions.DELETE_BLACK_LIST)
    async def blocklist_remove(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            BlocklistRemoveInput, strawberry.argument(description="Entries and confirmation.")
        ],
    ) -> BlocklistRemovePayload:
        """Remove entries for good; their numbers get messages again at once."""
        context = info.context
        rules.check_removal(len(input.ids), confirmed=input.confirm)
        keys = [key_of(each, "BlocklistEntry") for each in input.ids]
        async with context.change() as session:
            await blocklist.remove(session, context.owner, keys)
        gone = [encode("BlocklistEntry", key) for key in dict.fromkeys(keys)]
        return BlocklistRemovePayload(deleted_ids=gone)


def _results(entries: Sequence[Entry], new: Collection[str]) -> list[BlocklistAddResult]:
    first_line: dict[str, int] = {}
    results = []
    for entry in entries:
        status, phone, message = AddedStatus.ADDED, None, None
        if isinstance(entry.found, Problem):
            status, message = AddedStatus.INVALID, entry.found.message
        else:
            phone = entry.found.e164
            if phone in first_line:
                status, message = AddedStatus.DUPLICATE, f"it repeats line {first_line[phone]}"
            elif phone not in new:
                status, message = AddedStatus.DUPLICATE, "it is on the blocklist already"
            first_line.setdefault(phone, entry.line)
        results.append(
            BlocklistAddResult(
                line=entry.line, value=entry.value, phone=phone, status=status, message=message
            )
        )
    return results
