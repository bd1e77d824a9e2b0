"""Messages: one row a recipient, and the queue that workers take them from (BLK-8)."""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, false, text
from sqlmodel import Field, SQLModel

from db.dialect import BigId, choice
from domain.message import MessageStatus
from domain.region import Region, SmsType

# What partial indexes cover; a query has to repeat these words for the index to be used.
HELD: Final = text("state IN ('claimed', 'unknown')")
AWAITED: Final = text("state IN ('submitted', 'unknown')")
PARKED: Final = text("state = 'waiting'")
SINGLE: Final = text("task_id IS NULL AND state IN ('queued', 'waiting')")
CODE_MOST: Final = 64  # characters of an outcome code that are kept
_REFERENCED: Final = text("carrier_ref IS NOT NULL")
SENT: Final = text("submitted_at IS NOT NULL")
TURNED_DOWN: Final = text("submitted_at IS NULL AND done_at IS NOT NULL")


def _records(key: str, *columns: str) -> tuple[Index, Index]:
    """List records by a key, newest first (STA-2): by when they were sent, and the others by end.

    Two plain indexes, because one on coalesce(submitted_at, done_at) is written again by every
    receipt. Of a message only one of them holds an entry.
    """
    sent = Index(
        f"ix_message_{key}_sent",
        *columns,
        "submitted_at",
        "id",
        sqlite_where=SENT,
        postgresql_where=SENT,
    )
    turned_down = Index(
        f"ix_message_{key}_turned_down",
        *columns,
        "done_at",
        "id",
        sqlite_where=TURNED_DOWN,
        postgresql_where=TURNED_DOWN,
    )
    return sent, turned_down


class MessageRow(SQLModel, table=True):
    """One message, of a task or, without one, by itself.

    `params` are the template's variables as a JSON list of texts.

    `characters` and `segments` are what it is billed as. `attempts` counts how often a worker took
    it to submit it, so more than one says that it may have been submitted more than once.
    `carrier` is whom it was submitted to or waits for; one that is queued has none.
    `submitted_at` of an unknown one is when it was last heard of, `claimed_until` when to ask.
    `counted_on` is the account's day it last counted on against its application's daily limit.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "task_id", "state", "id"),
        Index(None, "task_id", "id"),
        # The rest cover only rows in their state, so that a queued million costs them nothing.
        Index(
            "ix_message_carrier_ref",
            "carrier",
            "carrier_ref",
            sqlite_where=_REFERENCED,
            postgresql_where=_REFERENCED,
        ),
        Index("ix_message_held", "claimed_until", sqlite_where=HELD, postgresql_where=HELD),
        Index(
            "ix_message_parked",
            "carrier",
            "task_id",
            "id",
            sqlite_where=PARKED,
            postgresql_where=PARKED,
        ),
        Index(
            "ix_message_single",
            "carrier",
            "urgent",
            "app_id",
            "id",
            sqlite_where=SINGLE,
            postgresql_where=SINGLE,
        ),
        *_records("account", "account_uin", "region"),
        *_records("app", "app_id", "region"),
        *_records("template", "template_id", "region"),
        # Also whom a reply answers: the last message that was sent to its phone.
        *_records("phone", "phone"),
        Index("ix_message_awaited", "submitted_at", sqlite_where=AWAITED, postgresql_where=AWAITED),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    task_id: int | None = Field(default=None, foreign_key="bulk_task.id", sa_type=BigId)
    app_id: int = Field(sa_type=BigId)
    template_id: int = Field(sa_type=BigId)
    signature_id: int | None = Field(default=None, sa_type=BigId)
    region: Region = Field(sa_type=choice(Region))
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    row_number: int | None = None
    phone: str = Field(max_length=20)
    country: str = Field(max_length=3)
    params: str = "[]"
    characters: int
    segments: int
    state: MessageStatus = Field(default=MessageStatus.QUEUED, sa_type=choice(MessageStatus))
    code: str | None = Field(default=None, max_length=CODE_MOST)
    carrier: str | None = Field(default=None, max_length=40)
    carrier_ref: str | None = Field(default=None, max_length=80)
    claimed_by: str | None = Field(default=None, max_length=64)
    claimed_until: datetime | None = None
    attempts: int = 0
    urgent: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    counted_on: str | None = Field(default=None, max_length=10)
    created_at: datetime
    submitted_at: datetime | None = None
    done_at: datetime | None = None


# The hot path moves batches by Core statements on the table.
TABLE: Final = MessageRow.metadata.tables["message"]
