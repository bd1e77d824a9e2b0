"""Customers (CUS-1 to CUS-3): the numbers an account keeps, each in one of its groups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from domain.region import Region, SmsType


class CustomerRow(SQLModel, table=True):
    """One number in one group; the same number in another group is another customer."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("uq_customer_member", "account_uin", "group_id", "phone", unique=True),
        Index("ix_customer_phone", "account_uin", "phone", "id"),
        Index("ix_customer_list", "account_uin", "id"),
        Index("ix_customer_group_id", "group_id", "id"),
        # A deleted customer's id must not name another one to whoever still shows it.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    group_id: int = Field(foreign_key="customer_group.id", sa_type=BigId)
    phone: str = Field(max_length=20)
    country: str = Field(max_length=3)
    region: Region = Field(sa_type=choice(Region))
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    created_at: datetime


class Member(NamedTuple):
    """What sending needs of a customer: E.164 number, ISO country, region."""

    id: int
    phone: str
    country: str
    region: Region


async def batch(
    session: AsyncSession, group_id: int, *, after: int, limit: int
) -> Sequence[Member]:
    """Give the next members of a group in the order of their ids, from behind id `after` (0).

    The caller has found the group (`db.customer_group.owned`); each batch costs the same however
    large the group is.
    """
    columns: Any = [
        CustomerRow.id,
        CustomerRow.phone,
        CustomerRow.country,
        CustomerRow.region,
    ]
    query: Any = (
        select(*columns)
        .where(CustomerRow.group_id == group_id, col(CustomerRow.id) > after)
        .order_by(col(CustomerRow.id))
        .limit(limit)
    )
    return [Member(*row) for row in (await session.exec(query)).all()]
