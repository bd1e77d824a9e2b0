"""Filling the roll-ups of revision 0004 from what was counted and sent before it (STA-5, STA-7).

Mainland days are sums of the hours, for every number there is one of China. Global days are counted
from the messages, which alone say the country; what is counted of messages that are gone, because
their month was detached, is counted under no country. The columns are named here and not taken
from today's tables, so that the revision goes on working.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import add, sub
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlmodel.sql.sqltypes import UTCDateTime

from domain.number import UNKNOWN_COUNTRY
from domain.statistic import day_of, hour_of

_AT_ONCE: Final = 10_000
_KEY: Final = ("account_uin", "region", "hour", "app_id", "template_id")
_COUNTS: Final = ("requests", "accepted", "segments", "delivered", "failed")
_DAY: Final = ("account_uin", "region", "day", "country", "app_id")
_TYPES: Final[Mapping[str, Any]] = {
    "account_uin": BigInteger,
    "app_id": BigInteger,
    "template_id": BigInteger,
    "uin": BigInteger,
    "day": Date,
    "hour": UTCDateTime,
    "submitted_at": UTCDateTime,
    "done_at": UTCDateTime,
} | dict.fromkeys((*_COUNTS, "count", "receipts"), BigInteger)

_Zones = Mapping[int, ZoneInfo]
_Day = tuple[Any, ...]


def _table(name: str, *columns: str) -> Table:
    # A metadata of its own: these are no tables to be made.
    return Table(name, MetaData(), *(Column(each, _TYPES.get(each, String)) for each in columns))


_ACCOUNT: Final = _table("account", "uin", "time_zone")
_STATISTIC: Final = _table("statistic", *_KEY, *_COUNTS)
_FAILURE: Final = _table("failure_statistic", *_KEY, "code", "count", "receipts")
_COUNTRY: Final = _table("country_statistic", *_DAY, *_COUNTS)
_MESSAGE: Final = _table(
    "message",
    "account_uin",
    "region",
    "app_id",
    "template_id",
    "country",
    "segments",
    "state",
    "code",
    "submitted_at",
    "done_at",
)


def fill(connection: Connection) -> None:
    """Fill `country_statistic`, which is empty, and `failure_statistic.receipts`, which is 0."""
    found = connection.execute(select(_ACCOUNT.c.uin, _ACCOUNT.c.time_zone))
    zones = {uin: ZoneInfo(zone) for uin, zone in found}
    _fill_receipts(connection, zones)
    _fill_countries(connection, zones)


def _fill_receipts(connection: Connection, zones: _Zones) -> None:
    """Where nothing was refused every failure was told by a receipt; else messages say."""
    columns = _STATISTIC.c
    key = tuple_(*(_FAILURE.c[name] for name in _KEY))
    whole = select(*(columns[name] for name in _KEY)).where(columns.requests == columns.accepted)
    connection.execute(update(_FAILURE).where(key.in_(whole)).values(receipts=_FAILURE.c["count"]))
    both = select(*(columns[name] for name in _KEY)).where(
        columns.requests > columns.accepted, columns.failed > 0
    )
    mixed = {tuple(row) for row in connection.execute(both)}
    if not mixed:
        return
    told: Counter[tuple[Any, ...]] = Counter()
    query = select(_MESSAGE).where(_MESSAGE.c.state == "failed")
    for row in _stream(connection, query):
        hour = hour_of(row.submitted_at, zones[row.account_uin])
        where = (row.account_uin, row.region, hour, row.app_id, row.template_id)
        if where in mixed:
            told[*where, row.code] += 1
    if told:
        names = (*_KEY, "code")
        own = and_(*(_FAILURE.c[name] == bindparam(f"of_{name}") for name in names))
        connection.execute(
            update(_FAILURE).where(own).values(receipts=bindparam("told")),
            [
                {f"of_{name}": value for name, value in zip(names, where, strict=True)}
                | {"told": count}
                for where, count in told.items()
            ],
        )


def _fill_countries(connection: Connection, zones: _Zones) -> None:
    days: defaultdict[_Day, list[int]] = defaultdict(lambda: [0] * len(_COUNTS))
    _add(days, _messages(connection, zones))
    counted: defaultdict[_Day, list[int]] = defaultdict(lambda: [0] * len(_COUNTS))
    _add(counted, _hours(connection, zones))
    by_country = list(days.items())
    for (account_uin, region, day, _, app_id), counts in by_country:
        key = (account_uin, region, day, UNKNOWN_COUNTRY, app_id)
        counted[key] = list(map(sub, counted[key], counts))
    _add(days, ((key, counts) for key, counts in counted.items() if any(counts)))
    rows = [
        dict(zip((*_DAY, *_COUNTS), (*key, *counts), strict=True)) for key, counts in days.items()
    ]
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(insert(_COUNTRY), rows[start : start + _AT_ONCE])


def _messages(connection: Connection, zones: _Zones) -> Iterator[tuple[_Day, Sequence[int]]]:
    """Count Global messages one by one, each where the roll-ups count it."""
    columns = _MESSAGE.c
    query = select(_MESSAGE).where(
        columns.region == "global",
        columns.state != "unknown",
        or_(columns.submitted_at.is_not(None), columns.state == "refused"),
    )
    for row in _stream(connection, query):
        accepted = row.state != "refused"
        at: datetime = row.submitted_at if accepted else row.submitted_at or row.done_at
        day = day_of(at, zones[row.account_uin])
        counts = (
            1,
            int(accepted),
            int(row.segments) if accepted else 0,
            int(row.state == "delivered"),
            int(row.state == "failed"),
        )
        yield (row.account_uin, row.region, day, row.country, row.app_id), counts


def _hours(connection: Connection, zones: _Zones) -> Iterator[tuple[_Day, Sequence[int]]]:
    """Give every hour, those of Mainland China with their country and the others without."""
    for row in _stream(connection, select(_STATISTIC)):
        country = "CN" if row.region == "mainland" else UNKNOWN_COUNTRY
        day = day_of(row.hour, zones[row.account_uin])
        key = (row.account_uin, row.region, day, country, row.app_id)
        yield key, [getattr(row, name) for name in _COUNTS]


def _add(days: defaultdict[_Day, list[int]], parts: Iterable[tuple[_Day, Sequence[int]]]) -> None:
    for key, counts in parts:
        days[key] = list(map(add, days[key], counts))


def _stream(connection: Connection, query: Any) -> Iterator[Any]:
    return iter(connection.execute(query, execution_options={"yield_per": _AT_ONCE}))
