"""Every change of access (CAM): who, when, what, before and after; added to and never edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Index, Table, Text, event
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import page as pages
from db.dialect import BigId
from db.page import Key, Order, Slice


class AuditRow(SQLModel, table=True):
    """One change; `before` and `after` are JSON objects, empty where there was or is nothing.

    Names stand beside numbers as they were then, because users, groups and policies can be deleted.
    """

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_list", "account_uin", "at", "id"),
        Index("ix_audit_record_subject", "account_uin", "subject", "at"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    at: datetime
    actor_uin: int = Field(sa_type=BigId)
    actor_name: str = Field(max_length=64)
    action: str = Field(max_length=64)
    subject: str = Field(max_length=160)
    subject_name: str = Field(max_length=160)
    before: str | None = Field(default=None, sa_type=Text)
    after: str | None = Field(default=None, sa_type=Text)


_REFUSAL: Final = "audit records are never changed"
_FUNCTION: Final = f"""CREATE OR REPLACE FUNCTION audit_record_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"""
_STATEMENT_TRIGGER: Final = """CREATE TRIGGER audit_record_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
FOR EACH STATEMENT EXECUTE FUNCTION audit_record_is_append_only()"""

APPEND_ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_record_no_{change.lower()} BEFORE {change} ON audit_record"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for change in ("UPDATE", "DELETE")
    ),
    "postgresql": (_FUNCTION, _STATEMENT_TRIGGER),
}
"""What makes each database refuse to change a record, whoever asks."""


@event.listens_for(Table, "after_create")
def _protect(table: Table, connection: Connection, **_: Any) -> None:
    # Listening to every table reaches the one that a migration makes from its own description.
    if table.name == AuditRow.__tablename__:
        for statement in APPEND_ONLY.get(connection.dialect.name, ()):
            connection.exec_driver_sql(statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A change to write down: `action` as the catalogue has it, `subject` as policy lines do."""

    actor_uin: int
    actor_name: str
    action: str
    subject: str
    subject_name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


async def add(session: AsyncSession, owner: int, record: Record, now: datetime) -> None:
    """Write a change down in the transaction that makes it."""
    session.add(
        AuditRow(
            account_uin=owner,
            at=now,
            actor_uin=record.actor_uin,
            actor_name=record.actor_name,
            action=record.action,
            subject=record.subject,
            subject_name=record.subject_name,
            before=_json(record.before),
            after=_json(record.after),
        )
    )


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def listing(
    owner: int, *, subject: str | None = None, actor_uin: int | None = None
) -> SelectOfScalar[AuditRow]:
    """Select the changes of an account, of one subject or by one user where given."""
    query = select(AuditRow).where(AuditRow.account_uin == owner)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    if actor_uin is not None:
        query = query.where(AuditRow.actor_uin == actor_uin)
    return query


async def page(
    session: AsyncSession, query: SelectOfScalar[AuditRow], *, first: int, after: Key | None
) -> Slice[AuditRow]:
    """List changes, newest first."""
    order = Order(col(AuditRow.at), col(AuditRow.id))
    return await pages.keyset(session, query, order, first=first, after=after)
