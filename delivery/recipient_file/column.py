"""Which column holds the number and which the variables, by the header or by position.

domain.md 5.5: column A is the number, B onwards the variables; more columns than the template
needs are accepted, fewer are an error of the whole file.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from delivery.recipient_file.bounds import FileRefused
from domain.errors import Code

_SURE: Final = re.compile(r"mobile|phone|msisdn|(?<![a-z])cell(?![a-z])|手机|手機|电话|電話")
_LIKELY: Final = re.compile(
    r"number|recipient|(?<![a-z])tel(?![a-z])|号码|號碼|联系方式|聯繫方式|接收人|收信人|收件人"
)
_VARIABLE: Final = re.compile(
    r"(?:variable|(?<![a-z])var|param(?:eter)?|变量|變量|參數|参数)\s*[{(\[]?\s*(\d{1,3})(?!\d)"
    r"|^\s*\{(\d{1,3})\}\s*$"
)
_LONGEST_HEADING: Final = 200
_PHONE_LIKE: Final = re.compile(
    r"(?:[\s()+.\-]*\d){5,}[\s()+.\-]*(?:e\+?\d{1,2}\s*)?|\s*\d(?:\.\d{1,4})?e\+?\d{1,2}\s*"
)
_LONGEST_LABEL: Final = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things are in a row: `number` and `variables` are positions, `labels` names for people.

    `has_header` says that the row they were found in is no recipient.
    """

    number: int
    variables: tuple[int, ...]
    labels: tuple[str, ...]
    has_header: bool


def find(row: Sequence[str], variables: int, *, first_column: int = 0) -> Columns:
    """Find the columns from the first row that is not blank.

    The row is a header when a cell has the wording of a number column, in English or Chinese, and
    none looks like a number. Headings such as "Variable 2" or "变量2" place the variables when all
    are there; other headings mean nothing and the order counts. `first_column` is how many empty
    columns the reader left out before the row. Raises FileRefused when there are too few columns,
    when a heading contradicts its place, or when two claim the same variable.
    """
    headings = [unicodedata.normalize("NFKC", cell[:_LONGEST_HEADING]).casefold() for cell in row]
    number = _number_column(headings)
    labels = tuple(
        _label(position + first_column, row[position] if number is not None else "")
        for position in range(len(row))
    )
    at = 0 if number is None else number
    others = [position for position in range(len(row)) if position != at]
    if len(others) < variables:
        raise FileRefused(
            Code.MISMATCH,
            f"the template has {_count(variables, 'variable')} but the sheet has"
            f" {_count(len(others), 'column')} beside the number: fill in the template's own form",
        )
    if number is None:
        return Columns(at, tuple(others[:variables]), labels, has_header=False)
    return Columns(at, _placed(headings, others, variables, labels), labels, has_header=True)


def _number_column(headings: Sequence[str]) -> int | None:
    if any(_PHONE_LIKE.fullmatch(heading) for heading in headings):
        return None
    for wording in (_SURE, _LIKELY):
        for position, heading in enumerate(headings):
            if wording.search(heading) and not _VARIABLE.search(heading):
                return position
    return None


def _placed(
    headings: Sequence[str], others: Sequence[int], wanted: int, labels: Sequence[str]
) -> tuple[int, ...]:
    named: dict[int, int] = {}
    for position in others:
        if match := _VARIABLE.search(headings[position]):
            variable = int(match[1] or match[2])
            if variable in named and variable <= wanted:
                raise FileRefused(
                    Code.MISMATCH,
                    f"column {{{variable}}} stands twice: keep the one that is meant",
                )
            named.setdefault(variable, position)
    if all(variable in named for variable in range(1, wanted + 1)):
        return tuple(named[variable] for variable in range(1, wanted + 1))
    for variable, position in named.items():
        place = others.index(position) + 1
        if place != variable and min(place, variable) <= wanted:
            raise FileRefused(
                Code.MISMATCH,
                f"column {labels[position]} stands in the place of variable {place}:"
                " name all variables in the header, or put them in order",
            )
    return tuple(others[:wanted])


def _label(position: int, heading: str) -> str:
    letters = ""
    rest = position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(ord("A") + digit) + letters
    name = " ".join(heading.split())
    return f"{letters} ({name[:_LONGEST_LABEL]})" if name else letters


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
