"""One row at a time: is it a recipient, what is wrong with it, was it there before (BLK-3)."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from delivery.recipient_file import column
from delivery.recipient_file.bounds import FileRefused
from delivery.recipient_file.cell import Cell, are_blank, text, tidy
from delivery.recipient_file.column import Columns
from delivery.recipient_file.phone import read
from delivery.recipient_file.plain import Plain
from delivery.recipient_file.plan import CheckPlan, Duplicate, Recipient, RowError
from domain import template
from domain.errors import Problem, Refused
from domain.number import Number, mainland, parse
from domain.region import Region
from domain.segment import measure

LONGEST_SHOWN: Final = 100
MAINLAND_COUNTRY: Final = "CN"
_HASH_BITS: Final = 64


class Checker:
    """Sorts rows into recipients, errors and duplicates; `clear` begins the next batch.

    It remembers every number with its content, so one object must see all rows of the sheet.
    Raises FileRefused when no row could be sent: the template is too long with the signature.
    """

    def __init__(self, plan: CheckPlan, first_column: int = 0) -> None:
        self._region = plan.region
        self._signature = plan.signature
        self._first_column = first_column
        self._template = template.compile(plan.template, plan.identity)
        self._columns: Columns | None = None
        self._wanted: tuple[int, ...] = ()
        self._plain = (
            Plain.prepare(self._template, plan.signature, plan.identity)
            if plan.region is Region.MAINLAND
            else None
        )
        self._seen: dict[int, int] = {}
        self.filled_rows = 0
        self.blank_rows = 0
        self.clear()
        try:
            self._full_text(self._template.render([""] * self._template.variables))
        except Refused as refused:
            problem = refused.problems[0]
            raise FileRefused(problem.code, problem.message) from None

    def clear(self) -> None:
        """Forget the results so far, but not what was seen."""
        self.recipients: list[Recipient] = []
        self.errors: list[RowError] = []
        self.duplicates: list[Duplicate] = []

    def row(self, number: int, cells: Sequence[Cell]) -> None:
        """Check one row, numbered as the sheet shows it.

        The first row that is not blank says where the columns are; FileRefused when it can not.
        """
        if self._columns is None:
            self._first_row(number, cells)
            return
        try:
            picked = [cells[at] for at in self._wanted]
        except IndexError:  # a row of a .csv may end early
            self._doubtful_row(number, cells)
            return
        phone, *params = [cell if type(cell) is str else text(cell) for cell in picked]
        e164 = mainland(phone) if self._plain else None
        full = self._plain.full_text(params) if self._plain and e164 else None
        if self._plain is None or e164 is None or full is None:
            self._doubtful_row(number, cells)
            return
        self.filled_rows += 1
        if self._is_new(number, e164, full):
            size = self._plain.measure(full)
            self.recipients.append(
                (number, e164, MAINLAND_COUNTRY, params, size.characters, size.segments)
            )

    def _first_row(self, number: int, cells: Sequence[Cell]) -> None:
        texts = [tidy(cell) for cell in cells]
        if are_blank(texts):
            self.blank_rows += 1
            return
        columns = column.find(texts, self._template.variables, first_column=self._first_column)
        self._columns = columns
        self._wanted = (columns.number, *columns.variables)
        if not columns.has_header:
            self.row(number, cells)

    def _doubtful_row(self, number: int, cells: Sequence[Cell]) -> None:
        """Check a row that is blank, wrong, Global, or written in an unusual way."""
        texts = [tidy(cell) for cell in cells]
        if are_blank(texts):
            self.blank_rows += 1
            return
        self.filled_rows += 1
        texts += [""] * (max(self._wanted) + 1 - len(texts))
        phone, *params = (texts[at] for at in self._wanted)
        found = read(phone.strip(), partial(parse, region=self._region))
        if isinstance(found, Problem):
            self._fail(number, 0, phone, found)
        problems = list(self._template.faults(params))
        for position, problem in problems:
            self._fail(number, position, params[position - 1], problem)
        if isinstance(found, Number) and not problems:
            self._add(number, found, params)

    def _add(self, number: int, found: Number, params: list[str]) -> None:
        try:
            full = self._full_text(self._template.render(params))
        except Refused as refused:
            longest = max(params, key=len)
            self._fail(number, params.index(longest) + 1, longest, refused.problems[0])
            return
        if self._is_new(number, found.e164, full):
            size = measure(full, self._region)
            self.recipients.append(
                (number, found.e164, found.country, params, size.characters, size.segments)
            )

    def _is_new(self, number: int, e164: str, full: str) -> bool:
        # The number is exact in the key; of the content 64 bits are, within one number, enough.
        key = (int(e164) << _HASH_BITS) + hash(full)
        first = self._seen.setdefault(key, number)
        if first == number:
            return True
        self.duplicates.append((number, first, e164))
        return False

    def _full_text(self, body: str) -> str:
        return template.full_text(self._signature, body, self._region)

    def _fail(self, number: int, position: int, value: str, problem: Problem) -> None:
        labels = self._columns.labels if self._columns else ()
        label = labels[self._wanted[position]]
        shown = value[:LONGEST_SHOWN]
        self.errors.append((number, label, problem.code, shown, problem.message))
