"""Submitting a signature: images first, then the transaction that makes or changes its row.

The mutations and the server API's actions share it (SIG-1 to SIG-5, API-2).
"""

from collections.abc import Awaitable, Callable, Sequence

from db import review as reviews
from db import signature as signatures
from db.signature import SignatureRow
from domain.errors import Problem
from domain.region import IdentityKind, Region
from domain.signature import Draft
from graph.context import Context
from graph.upload import Image, discard, stored, together_with

Images = tuple[Sequence[Image], Sequence[Problem]]
"""The images that were given, and what is wrong with those that are none."""


async def submit(
    context: Context, region: Region, images: Images, draft_for: Callable[[IdentityKind], Draft]
) -> SignatureRow:
    """Apply for a signature; raises Refused with everything that is wrong with it."""
    async with context.database.read() as session:
        kind = await reviews.identity(session, context.owner)
    with together_with(images[1]):
        draft = draft_for(kind)
    async with stored(context.store, images[0]) as papers, context.change() as session:
        await reviews.hold_applicant(session, context.owner)
        return await signatures.add(
            session, context.owner, region, draft, papers, context.now, context.terms
        )


async def resubmit(
    context: Context,
    key: int,
    images_for: Callable[[SignatureRow], Awaitable[Images]],
    draft_for: Callable[[SignatureRow, IdentityKind], Draft],
) -> SignatureRow:
    """Change a signature that is not approved, and submit it again; raises Refused."""
    async with context.database.read() as session:
        kind = await reviews.identity(session, context.owner)
        row = await signatures.editable(session, context.owner, key)
    images, problems = await images_for(row)
    with together_with(problems):
        draft_for(row, kind)
    async with stored(context.store, images) as papers, context.change() as session:
        kind = await reviews.hold_applicant(session, context.owner)
        row = await signatures.editable(session, context.owner, key, hold=True)
        replaced = await signatures.revise(
            session, row, draft_for(row, kind), papers, context.now, context.terms
        )
    await discard(context.store, replaced)
    return row
