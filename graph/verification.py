"""Identity verification: requests and what came of them (ACC-1, ACC-2)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.file_uploads import Upload

from db import verification as verifications
from db.file import FilePurpose
from db.review import ReviewKind
from db.verification import VerificationRow
from domain import verification as rules
from domain.region import IdentityKind
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.file import File, Files, load_files
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import encode, key_of
from graph.payload import Payload
from graph.reviewed import Reviewable, ReviewStatus, expected_decision, histories
from graph.upload import read_images, stored, together_with
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The request's id.")]


@strawberry.type(description="A request to be verified as an individual or an organization.")
class VerificationRequest(Reviewable):
    """What an account and its reviewers see of a request."""

    name: str = strawberry.field(description="The full name, as the document has it.")
    kind: IdentityKind = strawberry.field(description="What the account is to be verified as.")
    document_key: strawberry.Private[int]
    sealed_number: strawberry.Private[str]
    owner: strawberry.Private[int]
    files: strawberry.Private[Files]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The number of the document; empty when none was given. Kept sealed."
    )
    def document_number(self, info: Info) -> str:
        """Open it when it is asked for."""
        if not self.sealed_number:
            return ""
        return info.context.vault.open(self.sealed_number, verifications.place(self.owner))

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The document's image."
    )
    async def document(self) -> File:
        """Load it together with those of the page's other requests."""
        return await self.files.load(self.document_key)


def show(context: Context, rows: Iterable[VerificationRow]) -> list[VerificationRequest]:
    """Show rows the caller may see; what they refer to is loaded for all of them at once."""
    files, history = load_files(context), histories(context, ReviewKind.IDENTITY)
    return [
        VerificationRequest(
            id=encode("VerificationRequest", row.id),
            key=row.id,
            region=None,
            status=row.status,
            reason=row.reason,
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            expected_decision_at=expected_decision(row, context.terms),
            decided_at=row.decided_at,
            name=row.name,
            kind=row.kind,
            document_key=row.document_id,
            sealed_number=row.sealed_number,
            owner=row.account_uin,
            files=files,
            histories=history,
        )
        for row in rows
    ]


@strawberry.input(description="Who the account is, and what proves it.")
class VerificationRequestInput:
    """The form of the guide."""

    name: str = strawberry.field(
        description="The full name, as the document has it: 1 to 100 characters. The account "
        "takes it on approval."
    )
    kind: IdentityKind = strawberry.field(description="What the account is to be verified as.")
    document: Upload = strawberry.field(
        description="The identity card or licence: a .jpg or .png image of less than 5 MB."
    )
    document_number: str = strawberry.field(
        default="", description="Its number, at most 40 characters."
    )


@strawberry.type(description="The answer to `verificationRequest`.")
class VerificationRequestPayload(Payload):
    """The request as it stands."""

    verification_request: VerificationRequest | None = strawberry.field(
        default=None, description="The request; null when none was made."
    )


@strawberry.type
class VerificationQuery:
    """Root fields that read requests."""

    @query(actions.DESCRIBE_VERIFICATION)
    async def verification_request(self, info: Info, id: Id) -> VerificationRequest | None:  # noqa: A002 - the schema's name
        """One request of the caller's account."""
        key = key_of(id, "VerificationRequest")
        async with info.context.database.read() as session:
            row = await verifications.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_VERIFICATION)
    async def verification_requests(
        self,
        info: Info,
        status: Annotated[
            ReviewStatus | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[VerificationRequest] | None:
        """The requests of the caller's account and what came of them, newest first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = verifications.Listing(context.owner, status)
        async with context.database.read() as session:
            found = await verifications.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, verifications.count, listing),
        )


@strawberry.type
class VerificationMutation:
    """The root field that requests verification."""

    @mutation(actions.APPLY_VERIFICATION)
    async def verification_request(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            VerificationRequestInput, strawberry.argument(description="Identity and document.")
        ],
    ) -> VerificationRequestPayload:
        """Request identity verification; an operator decides.

        One request waits at a time, a rejected one can be followed by another, and a verified
        individual may request to become an organization.
        """
        context, owner = info.context, info.context.owner
        async with context.database.read() as session:
            await verifications.check(session, owner, input.kind)
        images, problems = await read_images({FilePurpose.DOCUMENT: input.document})
        with together_with(problems):
            draft = rules.draft(input.name, input.document_number, input.kind)
        sealed = ""
        if draft.document_number:
            sealed = context.vault.seal(draft.document_number, verifications.place(owner))
        async with stored(context.store, images) as papers, context.change() as session:
            row = await verifications.add(
                session, owner, draft, sealed, papers, context.now, context.terms
            )
        return VerificationRequestPayload(verification_request=show(context, [row])[0])
