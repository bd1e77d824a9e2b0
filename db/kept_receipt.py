"""Receipts no message is known for: they may have overtaken the answer to the submission."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.batch import given
from db.dialect import insert
from domain.carrier import Receipt


class KeptReceiptRow(SQLModel, table=True):
    """One receipt as the carrier brought it; of one that is repeated the first."""

    __tablename__ = "kept_receipt"

    carrier: str = Field(primary_key=True, max_length=40)
    reference: str = Field(primary_key=True, max_length=80)
    delivered: bool
    code: str
    at: datetime
    phone: str = Field(max_length=20)


_TABLE: Final = KeptReceiptRow.metadata.tables["kept_receipt"]


async def keep(session: AsyncSession, carrier: str, receipts: Sequence[Receipt]) -> None:
    """Keep receipts until their messages are known."""
    rows = [
        {
            "carrier": carrier,
            "reference": one.reference,
            "delivered": one.delivered,
            "code": one.code,
            "at": one.at,
            "phone": one.phone,
        }
        for one in receipts
    ]
    if rows:
        statement = insert(session, _TABLE).on_conflict_do_nothing()
        await (await session.connection()).execute(statement, rows)


async def take(session: AsyncSession, carrier: str, references: Sequence[str]) -> list[Receipt]:
    """Give what is kept for references, and keep it no longer."""
    if not references:
        return []
    columns = _TABLE.c
    asked = given(session, (columns.reference,), ((reference,) for reference in references))
    statement = (
        delete(_TABLE)
        .where(columns.carrier == carrier, columns.reference.in_(asked.select()))
        .returning(columns.reference, columns.delivered, columns.code, columns.at, columns.phone)
    )
    return [Receipt(*row) for row in (await (await session.connection()).execute(statement)).all()]
