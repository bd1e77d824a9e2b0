"""How long a message gets and how many segments it is billed as (TPL-5)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import strawberry

from db import review as reviews
from domain import segment as rules
from domain import template, text
from domain.errors import Refused
from domain.region import IdentityKind
from domain.segment import Encoding
from graph.context import Info
from graph.enums import publish
from graph.guard import query
from graph.payload import Payload, user_error
from graph.region import Region
from policies import actions

publish(
    Encoding,
    name="Encoding",
    description="The alphabet a text needs, which decides how much of it fits into a segment.",
    values={
        "GSM7": "GSM 03.38: 160 septets in one segment, 153 in each of several.",
        "UCS2": "16-bit units: 70 in one segment, 67 in each of several.",
    },
)

SignatureText = Annotated[
    str | None,
    strawberry.argument(description="The signature's content without brackets; null for none."),
]
Params = Annotated[
    list[str] | None,
    strawberry.argument(
        description="A value for each variable. Left out, variables count as they are written."
    ),
]


@strawberry.type(description="A message as it would be sent and billed.")
class SegmentPreview(Payload):
    """The message, or what keeps it from being one; then the rest is null."""

    text: str | None = strawberry.field(
        default=None, description="The full text: the signature in brackets, then the body."
    )
    characters: int | None = strawberry.field(
        default=None,
        description="Its length as billed: septets for GSM7 (`[`, `]`, `{`, `}`, `€` and a few "
        "more are two), 16-bit units for UCS2 (an emoji is two).",
    )
    segments: int | None = strawberry.field(
        default=None, description="How many segments are billed for one recipient."
    )
    encoding: Encoding | None = strawberry.field(
        default=None, description="The alphabet; Mainland China bills every text as UCS2."
    )


def preview(
    region: Region,
    kind: IdentityKind,
    content: str,
    signature: str | None,
    params: Sequence[str] | None,
) -> SegmentPreview:
    """Put a message together and measure it."""
    try:
        body = _body(text.tidy(content), kind, params)
        whole = template.full_text(_sign(signature), body, region)
    except Refused as refusal:
        return SegmentPreview(user_errors=[user_error(each, ()) for each in refusal.problems])
    measure = rules.measure(whole, region)
    return SegmentPreview(
        text=whole,
        characters=measure.characters,
        segments=measure.segments,
        encoding=measure.encoding,
    )


def _body(content: str, kind: IdentityKind, params: Sequence[str] | None) -> str:
    problems = text.check(content, "content", least=0, most=template.CONTENT_MOST, lines=True)
    if problems:
        raise Refused(*problems)
    if params is None:
        return content
    compiled = template.compile(content, kind)
    problem = compiled.check(params)
    if problem:
        raise Refused(replace(problem, field=("params",)))
    return compiled.render(params)


def _sign(signature: str | None) -> str | None:
    sign = text.tidy(signature or "")
    problems = text.check(sign, "signature", least=0, most=template.FULL_TEXT_MOST)
    if problems:
        raise Refused(*problems)
    return sign or None


@strawberry.type
class SegmentQuery:
    """Root fields that measure texts."""

    @query(actions.DESCRIBE_TPL_SIGN_INFO)
    async def segment_preview(
        self,
        info: Info,
        region: Annotated[Region, strawberry.argument(description="Where it would be sent.")],
        content: Annotated[
            str, strawberry.argument(description="A body, saved as a template or not.")
        ],
        signature: SignatureText = None,
        params: Params = None,
    ) -> SegmentPreview | None:
        """Measure a body while it is being written."""
        async with info.context.database.read() as session:
            kind = await reviews.identity(session, info.context.owner)
        return preview(region, kind, content, signature, params)
