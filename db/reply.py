"""Replies of recipients (STA-3): which message they answer, and what they say."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, false, select
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from db import callback, unsubscription
from db.batch import given
from db.dialect import BigId, choice, insert
from db.listed import UNSIGNED
from db.message import HELD
from db.message import TABLE as MESSAGE
from db.unsubscription import OptedOut
from domain.callback import ReplyEvent
from domain.carrier import Reply
from domain.region import Region, SmsType
from domain.unsubscription import OptOut

TEXT_MOST: Final = 1_000
ANSWERED_WITHIN: Final = timedelta(hours=72)
"""How long the last message to a phone is what is answered, where the carrier does not say."""
REPEATED_WITHIN: Final = timedelta(minutes=10)
"""How long the same words to the same message are a repetition, where no time tells them apart."""
_SAME: Final = timedelta(milliseconds=1)  # what several of one moment are moved apart is less


class ReplyRow(SQLModel, table=True):
    """One reply; `received_at` is the carrier's time.

    What it says of the message it answers stays when that message is gone; `app_id` and
    `template_id` are None where it was gone before replies said so. `opted_out` says that it
    unsubscribed its number.
    """

    __tablename__ = "reply"
    __table_args__ = (
        # A carrier repeats what was not acknowledged.
        UniqueConstraint("message_id", "received_at"),
        Index("ix_reply_account", "account_uin", "region", "received_at", "id"),
        Index("ix_reply_app", "app_id", "region", "received_at", "id"),
        Index("ix_reply_template", "template_id", "region", "received_at", "id"),
        Index("ix_reply_phone", "phone", "received_at", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    message_id: int = Field(sa_type=BigId)
    app_id: int | None = Field(default=None, sa_type=BigId)
    template_id: int | None = Field(default=None, sa_type=BigId)
    signature_id: int | None = Field(default=None, sa_type=BigId)
    region: Region = Field(sa_type=choice(Region))
    phone: str = Field(max_length=20)
    text: str = Field(max_length=TEXT_MOST)
    received_at: datetime
    opted_out: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


TABLE: Final = ReplyRow.metadata.tables["reply"]


class _Answered(NamedTuple):
    id: int
    account_uin: int
    app_id: int
    template_id: int
    signature_id: int | None
    region: Region
    sms_type: SmsType
    phone: str
    carrier_ref: str | None
    created_at: datetime
    submitted_at: datetime | None


class _New(NamedTuple):
    message_id: int
    text: str
    received_at: datetime
    opted_out: bool


_COLUMNS: Final = [MESSAGE.c[name] for name in _Answered._fields]
_COPIED: Final = ("account_uin", "app_id", "template_id", "signature_id", "region", "phone")


async def add(
    session: AsyncSession, carrier: str, replies: Sequence[Reply], opt_out: OptOut
) -> int:
    """Keep replies, each once, and unsubscribe whoever asks for it (UNS-1).

    A reply answers the message of its reference or, without one, the last that was sent to its
    phone over this carrier within `ANSWERED_WITHIN`. Gives how many answer none: those are not
    kept.
    """
    if not replies:
        return 0
    known = await _by_reference(session, carrier, {one.reference for one in replies} - {""})
    bare = [one for one in replies if one.reference not in known and one.phone]
    last = await _by_phone(session, carrier, bare)
    pairs = [
        (one, message)
        for one in replies
        if (message := known.get(one.reference) or last.get(one.phone)) is not None
    ]
    messages = {message.id: message for _, message in pairs}
    new = await _insert(session, await _once(session, pairs, opt_out))
    await unsubscription.record(session, _opted_out(new, messages))
    await callback.reply(session, [_told(one, messages[one.message_id]) for one in new])
    return len(replies) - len(pairs)


async def _by_reference(
    session: AsyncSession, carrier: str, references: Collection[str]
) -> dict[str, _Answered]:
    if not references:
        return {}
    found = await _find(
        session, MESSAGE.c.carrier == carrier, MESSAGE.c.carrier_ref.in_(references)
    )
    return {str(message.carrier_ref): message for message in found}


async def _by_phone(
    session: AsyncSession, carrier: str, replies: Sequence[Reply]
) -> dict[str, _Answered]:
    """Give the last message to each phone; one whose answer is still awaited counts, too."""
    if not replies:
        return {}
    columns = MESSAGE.c
    since: dict[str, datetime] = {}
    for one in replies:
        since[one.phone] = min(one.at - ANSWERED_WITHIN, since.get(one.phone, one.at))
    phones = given(session, (columns.phone, columns.submitted_at), since.items())
    last = (
        select(columns.id)
        .where(
            columns.phone == phones.c.phone,
            columns.submitted_at > phones.c.submitted_at,
            columns.carrier == carrier,
        )
        .order_by(columns.submitted_at.desc(), columns.id.desc())
        .limit(1)
        .correlate(phones)
        .scalar_subquery()
    )
    # First what is still awaited: an answer that is recorded meanwhile hides it from neither.
    held = await _find(session, and_(HELD, columns.carrier == carrier), columns.phone.in_(since))
    sent = await _find(session, columns.id.in_(select(last).select_from(phones)))
    return {message.phone: message for message in (*held, *sent)}


async def _find(session: AsyncSession, *where: ColumnElement[bool]) -> list[_Answered]:
    query = select(*_COLUMNS).where(*where)
    # An order by id would have SQLite read all messages in it, instead of an index.
    return sorted(_Answered(*row) for row in await (await session.connection()).execute(query))


async def _once(
    session: AsyncSession, pairs: Sequence[tuple[Reply, _Answered]], opt_out: OptOut
) -> list[Mapping[str, Any]]:
    """Give the rows of replies without those that were kept before.

    The carrier's time and its words tell a reply that has a reference from another. One without
    is known by its words, for its time is that at which it was brought.
    """
    kept = await _kept(session, pairs)
    rows: list[Mapping[str, Any]] = []
    for reply, message in pairs:
        text, at = reply.text[:TEXT_MOST], reply.at
        within = _SAME if reply.reference else REPEATED_WITHIN
        before = kept.setdefault(message.id, {})
        if any(said == text and abs(at - time) < within for time, said in before.items()):
            continue
        while at in before:
            at += timedelta(microseconds=1)
        before[at] = text
        sent_at = message.submitted_at or message.created_at
        rows.append(
            {
                **{name: getattr(message, name) for name in _COPIED},
                "message_id": message.id,
                "text": text,
                "received_at": at,
                "opted_out": opt_out.asks(text, sent_at, at),
            }
        )
    return rows


async def _kept(
    session: AsyncSession, pairs: Sequence[tuple[Reply, _Answered]]
) -> dict[int, dict[datetime, str]]:
    """Give what was said to these messages lately, by its time."""
    found: dict[int, dict[datetime, str]] = {}
    if not pairs:
        return found
    query = select(col(ReplyRow.message_id), col(ReplyRow.text), col(ReplyRow.received_at)).where(
        col(ReplyRow.message_id).in_({message.id for _, message in pairs}),
        col(ReplyRow.received_at) > min(reply.at for reply, _ in pairs) - REPEATED_WITHIN,
    )
    for message_id, text, at in await (await session.connection()).execute(query):
        found.setdefault(message_id, {})[at] = text
    return found


async def _insert(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[_New]:
    """Give the replies that are new: one that is repeated unsubscribes nobody a second time."""
    if not rows:
        return []
    columns = [col(getattr(ReplyRow, name)) for name in _New._fields]
    statement = insert(session, ReplyRow).on_conflict_do_nothing().returning(*columns)
    return [_New(*row) for row in await session.exec(statement, params=rows)]


def _opted_out(new: Iterable[_New], messages: Mapping[int, _Answered]) -> Iterator[OptedOut]:
    for reply in new:
        message = messages[reply.message_id]
        if reply.opted_out:
            yield OptedOut(
                account_uin=message.account_uin,
                signature_id=message.signature_id or UNSIGNED,
                sms_type=message.sms_type,
                phone=message.phone,
                message_id=message.id,
                reply=reply.text.strip(),
                at=reply.received_at,
            )


def _told(reply: _New, message: _Answered) -> ReplyEvent:
    return ReplyEvent(
        account_uin=message.account_uin,
        app_id=message.app_id,
        message_id=message.id,
        phone=message.phone,
        text=reply.text,
        signature_id=message.signature_id,
        at=reply.received_at,
    )
