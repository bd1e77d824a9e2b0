"""Signatures (SIG-1 to SIG-6)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry

from db import signature as signatures
from db.review import ReviewKind
from db.signature import SignatureRow
from domain import quota
from graph.certificate import CertificateType, SignaturePurpose, SignatureType
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.file import File, Files, load_files
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import encode, key_of
from graph.payload import Payload
from graph.region import Region
from graph.reviewed import Reviewable, ReviewStatus, expected_decision, histories
from graph.search import wanted
from graph.signature_form import SignatureCreateInput, SignatureUpdateInput, images_of
from graph.signature_submission import Images, resubmit, submit
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The signature's id.")]


@strawberry.type(description="A signature: the name in brackets in front of a message.")
class Signature(Reviewable):
    """What an account and its reviewers see of a signature."""

    region: Region = strawberry.field(description="Where it is for.")
    signature_id: str = strawberry.field(description="Its number.")
    content: str = strawberry.field(description="The name, without brackets.")
    signature_type: SignatureType = strawberry.field(description="What it names.")
    purpose: SignaturePurpose = strawberry.field(description="Whose name it is.")
    certificate_type: CertificateType = strawberry.field(description="What proves it.")
    note: str = strawberry.field(description="What the applicant adds for reviewers.")
    certificate_key: strawberry.Private[int]
    authorization_key: strawberry.Private[int | None]
    files: strawberry.Private[Files]

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The certificate's image."
    )
    async def certificate(self) -> File:
        """Load it together with those of the page's other signatures."""
        return await self.files.load(self.certificate_key)

    @strawberry.field(  # type: ignore[untyped-decorator]  # - strawberry types it as Any
        description="The letter of authorization; null for self-use."
    )
    async def authorization(self) -> File | None:
        """Load it together with those of the page's other signatures."""
        return await self.files.load(self.authorization_key) if self.authorization_key else None


def show(context: Context, rows: Iterable[SignatureRow]) -> list[Signature]:
    """Show rows the caller may see; what they refer to is loaded for all of them at once."""
    files, history = load_files(context), histories(context, ReviewKind.SIGNATURE)
    return [
        Signature(
            id=encode("Signature", row.id),
            key=row.id,
            signature_id=str(row.id),
            region=row.region,
            status=row.status,
            reason=row.reason,
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            expected_decision_at=expected_decision(row, context.terms),
            decided_at=row.decided_at,
            content=row.content,
            signature_type=row.signature_type,
            purpose=row.purpose,
            certificate_type=row.certificate_type,
            note=row.note,
            certificate_key=row.certificate_id,
            authorization_key=row.authorization_id,
            files=files,
            histories=history,
        )
        for row in rows
        if row.certificate_id is not None  # else it is gone for good
    ]


@strawberry.type(description="The answer to a mutation of one signature.")
class SignaturePayload(Payload):
    """The signature as it stands after the mutation."""

    signature: Signature | None = strawberry.field(
        default=None, description="The signature; null when it was not changed."
    )


@strawberry.type(description="The answer to `signatureDelete`.")
class SignatureDeletePayload(Payload):
    """The id of what is gone."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted signature; null when none was."
    )


@strawberry.type
class SignatureQuery:
    """Root fields that read signatures."""

    @query(actions.DESCRIBE_TPL_SIGN_INFO)
    async def signature(self, info: Info, id: Id) -> Signature | None:  # noqa: A002 - the schema's name
        """One signature of the caller's account."""
        key = key_of(id, "Signature")
        async with info.context.database.read() as session:
            row = await signatures.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_TPL_SIGN_LIST)
    async def signatures(  # noqa: PLR0913, PLR0917 - one argument each in the schema
        self,
        info: Info,
        region: Annotated[
            Region | None, strawberry.argument(description="Only those for this region.")
        ] = None,
        status: Annotated[
            ReviewStatus | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        search: Annotated[
            str | None,
            strawberry.argument(description="A part of the content, or the beginning of a number."),
        ] = None,
        first: First = PAGE,
        after: After = None,
    ) -> Connection[Signature] | None:
        """The signatures of the caller's account, newest first."""
        context = info.context
        page = page_request(first, after, datetime)
        listing = signatures.Listing(context.owner, region, status, wanted(search))
        async with context.database.read() as session:
            found = await signatures.page(session, listing, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.created_at, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, signatures.count, listing),
        )


@strawberry.type
class SignatureMutation:
    """Root fields that change signatures."""

    @mutation(actions.ADD_SMS_SIGN, quota=quota.SIGNATURES)
    async def signature_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            SignatureCreateInput, strawberry.argument(description="The signature.")
        ],
    ) -> SignaturePayload:
        """Apply for a signature; an operator decides."""
        context = info.context
        images = await images_of(input, input.purpose)
        row = await submit(context, input.region, images, input.draft)
        return SignaturePayload(signature=show(context, [row])[0])

    @mutation(actions.MODIFY_SMS_SIGN)
    async def signature_update(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        input: Annotated[  # noqa: A002 - the schema's name
            SignatureUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> SignaturePayload:
        """Edit a signature that is pending or rejected; it is submitted for review again."""
        context, key = info.context, key_of(id, "Signature")

        async def images(row: SignatureRow) -> Images:
            return await images_of(input, input.purpose or row.purpose)

        row = await resubmit(context, key, images, input.applied_to)
        return SignaturePayload(signature=show(context, [row])[0])

    @mutation(actions.DELETE_SMS_SIGN)
    async def signature_delete(self, info: Info, id: Id) -> SignatureDeletePayload:  # noqa: A002 - the schema's name
        """Delete a signature in any state; the account cannot restore it, only apply anew."""
        context, key = info.context, key_of(id, "Signature")
        async with context.change() as session:
            await signatures.remove(session, context.owner, key, context.now)
        return SignatureDeletePayload(deleted_id=encode("Signature", key))
