"""One row at a time where a sheet holds numbers alone: customers to be kept (CUS-1)."""

from collections.abc import Sequence

from delivery.recipient_file import column
from delivery.recipient_file.cell import Cell, are_blank, text, tidy
from delivery.recipient_file.checker import LONGEST_SHOWN, MAINLAND_COUNTRY
from delivery.recipient_file.column import Columns
from delivery.recipient_file.phone import read
from delivery.recipient_file.plan import Duplicate, Recipient, RowError
from domain.errors import Problem
from domain.number import anywhere, mainland


class NumberChecker:
    """Sorts rows into numbers, errors and repeated numbers; `clear` begins the next batch.

    Numbers may be of any region; columns beside theirs are left unread. It remembers every number,
    so one object must see all rows of the sheet.
    """

    def __init__(self, first_column: int = 0) -> None:
        self._first_column = first_column
        self._columns: Columns | None = None
        self._at = 0
        self._seen: dict[int, int] = {}
        self.filled_rows = 0
        self.blank_rows = 0
        self.clear()

    def clear(self) -> None:
        """Forget the results so far, but not what was seen."""
        self.recipients: list[Recipient] = []
        self.errors: list[RowError] = []
        self.duplicates: list[Duplicate] = []

    def row(self, number: int, cells: Sequence[Cell]) -> None:
        """Check one row, numbered as the sheet shows it.

        The first row that is not blank says which column the numbers are in.
        """
        if self._columns is None:
            self._first_row(number, cells)
            return
        cell = cells[self._at] if len(cells) > self._at else ""
        e164 = mainland(cell if isinstance(cell, str) else text(cell))
        if e164 is None:
            self._doubtful_row(number, cells)
            return
        self.filled_rows += 1
        self._add(number, e164, MAINLAND_COUNTRY)

    def _first_row(self, number: int, cells: Sequence[Cell]) -> None:
        texts = [tidy(cell) for cell in cells]
        if are_blank(texts):
            self.blank_rows += 1
            return
        self._columns = column.find(texts, 0, first_column=self._first_column)
        self._at = self._columns.number
        if not self._columns.has_header:
            self.row(number, cells)

    def _doubtful_row(self, number: int, cells: Sequence[Cell]) -> None:
        """Check a row that is blank, wrong, of another region, or written in an unusual way."""
        texts = [tidy(cell) for cell in cells]
        if are_blank(texts):
            self.blank_rows += 1
            return
        self.filled_rows += 1
        shown = texts[self._at] if len(texts) > self._at else ""
        found = read(shown.strip(), anywhere)
        if isinstance(found, Problem):
            label = self._columns.labels[self._at] if self._columns else ""
            error = (number, label, found.code, shown[:LONGEST_SHOWN], found.message)
            self.errors.append(error)
            return
        self._add(number, found.e164, found.country)

    def _add(self, number: int, e164: str, country: str) -> None:
        first = self._seen.setdefault(int(e164), number)
        if first != number:
            self.duplicates.append((number, first, e164))
            return
        self.recipients.append((number, e164, country, [], 0, 0))
