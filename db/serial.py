"""Numbers that are shown to people and never reused: uins and SDK AppIDs."""

from typing import Final

from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, insert

APPLICATION: Final = ("application", 1_400_000_000)
USER: Final = ("user", 100_000_001)


class SerialRow(SQLModel, table=True):
    """The next number of one series."""

    __tablename__ = "serial"

    name: str = Field(primary_key=True, max_length=40)
    next: int = Field(sa_type=BigId)


async def take(session: AsyncSession, series: tuple[str, int]) -> int:
    """Take the next number of `series`; a rolled-back transaction gives it back."""
    name, first = series
    statement = insert(session, SerialRow).values(name=name, next=first + 1)
    bumped = statement.on_conflict_do_update(
        index_elements=[col(SerialRow.name)], set_={"next": col(SerialRow.next) + 1}
    ).returning(col(SerialRow.next))
    following: int = (await session.exec(bumped)).scalar_one()
    return following - 1
