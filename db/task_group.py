"""The customer groups a bulk task was filled from, and how far each is copied (BLK-11)."""

from collections.abc import Collection, Sequence

from sqlmodel import Field, SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from db.customer_group import CustomerGroupRow
from db.dialect import BigId


class TaskGroupRow(SQLModel, table=True):
    """One group of one task, at its place in the selection.

    The name is the one it had then, for a task outlives its groups. `members` were copied so far,
    the last of them customer `copied_to`; `is_whole` once no more are left.
    """

    __tablename__ = "task_group"

    task_id: int = Field(
        primary_key=True,
        foreign_key="bulk_task.id",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    group_id: int = Field(sa_type=BigId)
    name: str = Field(max_length=64)
    members: int = 0
    copied_to: int = Field(default=0, sa_type=BigId)
    is_whole: bool = False


async def add(session: AsyncSession, task_id: int, groups: Sequence[CustomerGroupRow]) -> None:
    """Note what a task is to be filled from."""
    session.add_all(
        TaskGroupRow(task_id=task_id, place=place, group_id=group.id, name=group.name)
        for place, group in enumerate(groups)
    )
    await session.flush()


async def of(session: AsyncSession, task_ids: Collection[int]) -> Sequence[TaskGroupRow]:
    """List the groups of the tasks of a page, each task's in their order."""
    query = select(TaskGroupRow).where(col(TaskGroupRow.task_id).in_(task_ids))
    ordered = query.order_by(col(TaskGroupRow.task_id), col(TaskGroupRow.place))
    return (await session.exec(ordered)).all()


async def advance(
    session: AsyncSession, group: TaskGroupRow, *, members: int, copied_to: int, is_whole: bool
) -> None:
    """Note that so many more members of a group are copied, up to a customer."""
    statement = update(TaskGroupRow).where(
        col(TaskGroupRow.task_id) == group.task_id, col(TaskGroupRow.place) == group.place
    )
    await session.exec(
        statement.values(
            members=col(TaskGroupRow.members) + members, copied_to=copied_to, is_whole=is_whole
        )
    )


async def clear(session: AsyncSession, task_id: int) -> None:
    """Forget what a task was filled from."""
    await session.exec(delete(TaskGroupRow).where(col(TaskGroupRow.task_id) == task_id))
