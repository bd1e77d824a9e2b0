"""Signatures (SIG-4 to SIG-7): where each stands, and the files that prove it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Index, String, cast, text
from sqlmodel import Field, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import file as files
from db import page as pages
from db import quota as quotas
from db import restorable
from db import review as reviews
from db.dialect import BigId, choice
from db.file import FilePurpose, StoredFile
from db.page import Key, Order, Slice
from db.review import Reviewed, ReviewKind
from domain import quota
from domain import review as rules
from domain.errors import Code, Refused
from domain.region import Region
from domain.restore import RestoreKind
from domain.review import ReviewStatus
from domain.signature import CertificateType, Draft, Purpose, SignatureType
from domain.terms import Terms
from domain.text import quoted

# A rejected name is free again, for its own applicant as for any other signature.
_HOLDING: Final = (ReviewStatus.PENDING, ReviewStatus.APPROVED)
_HOLDS_CONTENT: Final = text("deleted_at IS NULL AND status IN ('pending', 'approved')")


class SignatureRow(Reviewed, table=True):
    """One signature; a deleted one stays for a restore by review."""

    __tablename__ = "signature"
    __table_args__ = (
        Index(
            "uq_signature_content",
            "account_uin",
            "region",
            "content",
            unique=True,
            sqlite_where=_HOLDS_CONTENT,
            postgresql_where=_HOLDS_CONTENT,
        ),
    )

    content: str = Field(max_length=20)
    signature_type: SignatureType = Field(sa_type=choice(SignatureType))
    purpose: Purpose = Field(sa_type=choice(Purpose))
    certificate_type: CertificateType = Field(sa_type=choice(CertificateType))
    note: str = Field(default="", max_length=500)
    # Only what is gone for good has none.
    certificate_id: int | None = Field(
        default=None, foreign_key="file.id", index=True, sa_type=BigId
    )
    authorization_id: int | None = Field(
        default=None, foreign_key="file.id", index=True, sa_type=BigId
    )


_NEWEST: Final = Order(col(SignatureRow.created_at), col(SignatureRow.id))


@dataclass(frozen=True, slots=True)
class Listing:
    """Which signatures a list shows."""

    owner: int
    region: Region | None = None
    status: ReviewStatus | None = None
    search: str = ""

    def query(self) -> SelectOfScalar[SignatureRow]:
        """Put the conditions together; pages and counts share them."""
        query = _of(self.owner)
        if self.region is not None:
            query = query.where(col(SignatureRow.region) == self.region)
        if self.status is not None:
            query = query.where(col(SignatureRow.status) == self.status)
        if not self.search:
            return query
        named = col(SignatureRow.content).icontains(self.search, autoescape=True)
        numbered = cast(col(SignatureRow.id), String).startswith(self.search, autoescape=True)
        return query.where(or_(named, numbered))


def _of(owner: int) -> SelectOfScalar[SignatureRow]:
    return select(SignatureRow).where(
        SignatureRow.account_uin == owner, col(SignatureRow.deleted_at).is_(None)
    )


async def owned(session: AsyncSession, owner: int, signature_id: int) -> SignatureRow | None:
    """Find one signature of this owner."""
    return (await session.exec(_of(owner).where(SignatureRow.id == signature_id))).first()


async def changing(session: AsyncSession, owner: int, signature_id: int) -> SignatureRow:
    """Find one signature and hold it until the transaction ends; raises Refused."""
    query = _of(owner).where(SignatureRow.id == signature_id).with_for_update()
    return _found((await session.exec(query)).first())


async def editable(
    session: AsyncSession, owner: int, signature_id: int, *, hold: bool = False
) -> SignatureRow:
    """Find one signature that may be edited, and hold it if wanted; raises Refused."""
    find = changing if hold else owned
    row = _found(await find(session, owner, signature_id))
    rules.check_edit("signature", row.status)
    return row


def _found(row: SignatureRow | None) -> SignatureRow:
    if row is None:
        raise Refused.one(Code.NOT_FOUND, "there is no such signature", "id")
    return row


async def reviewed(session: AsyncSession, signature_id: int) -> SignatureRow:
    """Hold a signature of any account, for an operator's decision."""
    query = select(SignatureRow).where(SignatureRow.id == signature_id).with_for_update()
    return (await session.exec(query)).one()


async def among(session: AsyncSession, signature_ids: set[int]) -> Mapping[int, SignatureRow]:
    """Find the signatures on a page of the review queue, of whatever account."""
    query = select(SignatureRow).where(col(SignatureRow.id).in_(signature_ids))
    return {row.id: row for row in await session.exec(query)}


async def exists(session: AsyncSession, owner: int, region: Region) -> bool:
    """Say whether an account has any signature for a region, in whatever state."""
    query = _of(owner).where(col(SignatureRow.region) == region).limit(1)
    return (await session.exec(query)).first() is not None


async def first_approved(session: AsyncSession, owner: int, region: Region) -> SignatureRow | None:
    """Find the signature that was approved first: what is sent with when none is named (SIG-7)."""
    query = _of(owner).where(
        col(SignatureRow.region) == region, col(SignatureRow.status) == ReviewStatus.APPROVED
    )
    order = col(SignatureRow.decided_at), col(SignatureRow.id)
    return (await session.exec(query.order_by(*order).limit(1))).first()


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[SignatureRow]:
    """List signatures, newest first."""
    return await pages.keyset(session, listing.query(), _NEWEST, first=first, after=after)


async def part(
    session: AsyncSession, listing: Listing, *, ids: Collection[int], offset: int, limit: int
) -> Sequence[SignatureRow]:
    """List the signatures of these ids, or all when there are none, newest first.

    An account has few enough for an offset to cost nothing.
    """
    query = listing.query()
    if ids:
        query = query.where(col(SignatureRow.id).in_(ids))
    return await pages.part(session, query, _NEWEST, offset=offset, limit=limit)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all."""
    return await pages.count(session, listing.query())


async def add(  # noqa: PLR0913, PLR0917 - whose, where, what, and what proves it
    session: AsyncSession,
    owner: int,
    region: Region,
    draft: Draft,
    papers: Mapping[FilePurpose, StoredFile],
    now: datetime,
    terms: Terms,
) -> SignatureRow:
    """Create a signature and submit it; raises Refused when its content is taken.

    The account is held by the caller, so that no other submission comes between.
    """
    await _check_free(session, owner, region, draft.content, besides=None)
    ids = await files.add(session, owner, papers.values(), now)
    row = SignatureRow(
        account_uin=owner,
        region=region,
        status=ReviewStatus.PENDING,
        created_at=now,
        submitted_at=now,
        content=draft.content,
        signature_type=draft.signature_type,
        purpose=draft.purpose,
        certificate_type=draft.certificate_type,
        note=draft.note,
        certificate_id=ids[FilePurpose.CERTIFICATE],
        authorization_id=ids.get(FilePurpose.AUTHORIZATION),
    )
    session.add(row)
    await session.flush()
    await reviews.submit(session, ReviewKind.SIGNATURE, row, now, terms, row.region)
    return row


async def revise(  # noqa: PLR0913, PLR0917 - what becomes what, and what proves it
    session: AsyncSession,
    row: SignatureRow,
    draft: Draft,
    papers: Mapping[FilePurpose, StoredFile],
    now: datetime,
    terms: Terms,
) -> list[str]:
    """Edit and submit again; gives the keys of the files this replaced, to be deleted afterwards.

    The account is held by the caller. A letter of authorization goes with the purpose it was for.
    """
    await _check_free(session, row.account_uin, row.region, draft.content, besides=row.id)
    before = {row.certificate_id, row.authorization_id}
    ids = await files.add(session, row.account_uin, papers.values(), now)
    row.content, row.note = draft.content, draft.note
    row.signature_type, row.purpose = draft.signature_type, draft.purpose
    row.certificate_type = draft.certificate_type
    row.certificate_id = ids.get(FilePurpose.CERTIFICATE, row.certificate_id)
    row.authorization_id = (
        ids.get(FilePurpose.AUTHORIZATION, row.authorization_id)
        if draft.purpose is Purpose.OTHERS
        else None
    )
    await reviews.submit(session, ReviewKind.SIGNATURE, row, now, terms, row.region)
    dropped = before - {row.certificate_id, row.authorization_id}
    return await files.remove(session, row.account_uin, [key for key in dropped if key])


async def remove(session: AsyncSession, owner: int, signature_id: int, now: datetime) -> None:
    """Hide a signature from its account, and give its place in the quota back.

    The quota comes first: whoever creates holds it before anything else.
    """
    await quotas.give_back(session, owner, quota.SIGNATURES)
    row = await changing(session, owner, signature_id)
    await reviews.withdraw(session, ReviewKind.SIGNATURE, row, now)
    row.deleted_at = now
    restorable.note(session, owner, RestoreKind.SIGNATURE, row.id, row.content, now)


async def bring_back(session: AsyncSession, signature_id: int, now: datetime, terms: Terms) -> None:
    """Show a deleted signature to its account again, in review if it was; raises Refused.

    The account is held by the caller, so that no submission takes the content meanwhile.
    """
    row = await reviewed(session, signature_id)
    if row.status in _HOLDING:
        holder = await _holder(session, row.account_uin, row.region, row.content)
        if holder is not None:
            message = (
                f"content {quoted(row.content)} is {holder.status} as another signature of the "
                "account: reject the request, or let the account delete that one first"
            )
            raise Refused.one(Code.TAKEN, message, "id")
    row.deleted_at = None
    if row.status is ReviewStatus.PENDING:
        await reviews.submit(session, ReviewKind.SIGNATURE, row, now, terms, row.region)


async def _check_free(
    session: AsyncSession, owner: int, region: Region, content: str, *, besides: int | None
) -> None:
    holder = await _holder(session, owner, region, content, besides)
    if holder is not None:
        message = (
            f"content {quoted(content)} is {holder.status} as another signature of this account: "
            "use that one, or choose another content"
        )
        raise Refused.one(Code.TAKEN, message, "content")


async def _holder(
    session: AsyncSession, owner: int, region: Region, content: str, besides: int | None = None
) -> SignatureRow | None:
    query = _of(owner).where(
        col(SignatureRow.region) == region,
        col(SignatureRow.content) == content,
        col(SignatureRow.status).in_(_HOLDING),
    )
    if besides is not None:
        query = query.where(SignatureRow.id != besides)
    return (await session.exec(query)).first()
