"""What SQLite and PostgreSQL spell differently, in one place."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Enum, Integer
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite counts up only in a column it calls INTEGER, which holds 64 bits there anyway.
BigId: Final = BigInteger().with_variant(Integer(), "sqlite")


def choice(values: type[StrEnum]) -> Enum:
    """Give a column type for `values`: text with a CHECK, which both databases can alter later."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=values.__name__.lower(),
        values_callable=lambda enum: [member.value for member in enum],
    )


def insert(session: AsyncSession, table: Any) -> Any:
    """Start an INSERT that can say ON CONFLICT, for the database behind this session."""
    if is_postgresql(session):
        return postgresql.insert(table)
    return sqlite.insert(table)


def is_postgresql(session: AsyncSession) -> bool:
    """Say whether row locks such as SKIP LOCKED are to be had."""
    return session.get_bind().dialect.name == "postgresql"
