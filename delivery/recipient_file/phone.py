"""The cell a number stands in, and what programs make of a long number there."""

from collections.abc import Callable

from delivery.recipient_file.cell import digits
from domain.errors import Code, Problem
from domain.number import Number
from domain.text import quoted


def read(cell: str, parse: Callable[[str], Number | Problem]) -> Number | Problem:
    """Read a number from what its cell shows, without blanks around it; `parse` knows the kind."""
    if not cell:
        return Problem(Code.REQUIRED, "mobile number is empty: enter one, or clear the row")
    written = digits(cell)
    if written is None:
        fault = "has been shortened by the spreadsheet: format the column as text"
        return Problem(Code.INVALID, f"mobile number {quoted(cell)} {fault}")
    return parse(written)
