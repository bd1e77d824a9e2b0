"""Exports: a table as a file (STA-6), and the sealed words in a link that ask for one."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Self

import orjson

from domain.message import MessageStatus
from domain.region import Region

PLACE: Final = "export_link"
"""What links are sealed for, so that no other sealed secret passes for one."""


class ExportTable(StrEnum):
    """What can be had as a file."""

    OVERVIEW = "overview"
    FAILURES = "failures"
    RECEIPTS = "receipts"
    RECEIPT_FAILURES = "receipt_failures"
    COUNTRIES = "countries"
    MONTHS = "months"
    RECORDS = "records"
    REPLIES = "replies"
    RECIPIENTS = "recipients"
    ROW_ERRORS = "row_errors"
    DUMP = "dump"


class ExportForm(StrEnum):
    """What a file can be; the value is how its name ends."""

    CSV = "csv"
    XLSX = "xlsx"
    ZIP = "zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One table of one account, and what narrows it.

    It is of the days `first` to `last` in the account's time zone; records and replies are of the
    moments of those from `start` until before `end`. `object_id` is a task's, or a dump's.
    """

    table: ExportTable
    form: ExportForm
    region: Region | None = None
    first: date | None = None
    last: date | None = None
    start: datetime | None = None
    end: datetime | None = None
    phone: str | None = None
    app_id: int | None = None
    template_id: int | None = None
    task_id: int | None = None
    state: MessageStatus | None = None
    object_id: int | None = None

    @property
    def file_name(self) -> str:
        """What the file is called: the table, then the days or the object."""
        days = [str(day) for day in (self.first, self.last) if day]
        parts = [self.table.value.replace("_", "-"), *days]
        if self.object_id is not None:
            parts.append(str(self.object_id))
        return f"{'-'.join(parts)}.{self.form.value}"


@dataclass(frozen=True, slots=True)
class Link:
    """Who may download what, and until when."""

    user_uin: int
    expires_at: datetime
    export: Export

    def words(self) -> str:
        """Write it down, to be sealed."""
        given = asdict(self.export).items()
        export = {name: value for name, value in given if value is not None}
        return orjson.dumps([self.user_uin, self.expires_at, export]).decode()

    @classmethod
    def read(cls, words: str) -> Self:
        """Read what `words` wrote; only for what was sealed by this installation."""
        user_uin, expires_at, given = orjson.loads(words)
        export: dict[str, Any] = given
        for name, kind in _KINDS.items():
            if name in export:
                export[name] = kind(export[name])
        return cls(user_uin, datetime.fromisoformat(expires_at), Export(**export))


_KINDS: Final = {
    "table": ExportTable,
    "form": ExportForm,
    "region": Region,
    "first": date.fromisoformat,
    "last": date.fromisoformat,
    "start": datetime.fromisoformat,
    "end": datetime.fromisoformat,
    "state": MessageStatus,
}
