"""Keyset pages behind cursors that no list gave: empty or whole, never a fault of the database."""

import pytest

from db import recipient
from db.session import Database

LARGEST = 2**63 - 1


@pytest.mark.parametrize("after", [(LARGEST, LARGEST), (-LARGEST, 0), (1, LARGEST)])
async def test_a_cursor_may_hold_any_number(database: Database, after: tuple[int, int]) -> None:
    async with database.read() as session:
        found = await recipient.row_error_page(
            session, recipient.row_errors(1), first=5, after=after
        )
    assert (found.rows, found.has_next) == ([], False)
