"""Statistics by country and day, rolled up as messages move (STA-7)."""

from datetime import date

from sqlmodel import Field, SQLModel

from db.dialect import BigId, choice
from domain.region import Region


class CountryStatisticRow(SQLModel, table=True):
    """What was counted of one application and country on one day of the account.

    A message counts on the day the carrier answered it, also for what a receipt says later: these
    are the sums of the hours of `statistic`, by country. `country` is ISO 3166-1, or "DEF".
    """

    __tablename__ = "country_statistic"

    account_uin: int = Field(primary_key=True, foreign_key="account.uin", sa_type=BigId)
    region: Region = Field(primary_key=True, sa_type=choice(Region))
    day: date = Field(primary_key=True)
    country: str = Field(primary_key=True, max_length=3)
    app_id: int = Field(primary_key=True, sa_type=BigId)
    requests: int = Field(default=0, sa_type=BigId)
    accepted: int = Field(default=0, sa_type=BigId)
    segments: int = Field(default=0, sa_type=BigId)
    delivered: int = Field(default=0, sa_type=BigId)
    failed: int = Field(default=0, sa_type=BigId)
