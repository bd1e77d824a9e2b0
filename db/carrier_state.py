"""How carriers do in each worker, as the workers report it every few seconds."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlmodel import Field, SQLModel, and_, col, delete, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import insert

FRESH: Final = timedelta(seconds=30)
"""How long a report counts: a worker that is silent for longer has ended."""

ERROR_MOST: Final = 200


class CarrierStateRow(SQLModel, table=True):
    """What one worker last reported of one carrier."""

    __tablename__ = "carrier_state"

    worker: str = Field(primary_key=True, max_length=64)
    carrier: str = Field(primary_key=True, max_length=40)
    binds: int
    binds_wanted: int
    window: int
    rate: float
    error: str = Field(default="", max_length=ERROR_MOST)
    error_at: datetime | None = None
    seen_at: datetime = Field(index=True)


class State(Protocol):
    """What a worker reports of a carrier (LiveState of delivery)."""

    @property
    def binds(self) -> int:
        """Connections that are bound."""

    @property
    def binds_wanted(self) -> int:
        """Connections there should be."""

    @property
    def window(self) -> int:
        """Parts submitted and not answered."""

    @property
    def rate(self) -> float:
        """Parts submitted per second, lately."""

    @property
    def error(self) -> str:
        """What last went wrong; empty when nothing did."""

    @property
    def error_at(self) -> datetime | None:
        """When that was."""


async def write(
    session: AsyncSession, worker: str, states: Mapping[str, State], now: datetime
) -> None:
    """Replace what a worker has reported; none at all when it ends. Old reports of others go."""
    row = CarrierStateRow
    gone = and_(row.worker == worker, col(row.carrier).not_in(list(states)))
    await session.exec(delete(row).where(or_(gone, col(row.seen_at) <= now - FRESH)))
    if not states:
        return
    statement = insert(session, row).values(
        [
            {
                "worker": worker,
                "carrier": carrier,
                "binds": state.binds,
                "binds_wanted": state.binds_wanted,
                "window": state.window,
                "rate": state.rate,
                "error": state.error[:ERROR_MOST],
                "error_at": state.error_at,
                "seen_at": now,
            }
            for carrier, state in states.items()
        ]
    )
    told = ("binds", "binds_wanted", "window", "rate", "error", "error_at", "seen_at")
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[col(row.worker), col(row.carrier)],
            set_={name: statement.excluded[name] for name in told},
        )
    )


async def live(session: AsyncSession, now: datetime) -> Sequence[CarrierStateRow]:
    """List what workers that are alive report, by carrier and worker."""
    query = select(CarrierStateRow).where(col(CarrierStateRow.seen_at) > now - FRESH)
    order = (col(CarrierStateRow.carrier), col(CarrierStateRow.worker))
    return (await session.exec(query.order_by(*order))).all()
