"""How an import of customers stands (CUS-1)."""

from enum import StrEnum
from typing import Final

ROW_ERRORS_KEPT: Final = 10_000
"""Rows that are left out are all counted; this many of them are kept to be looked at."""
KEPT: Final = 100
"""How many ended imports of an account are remembered."""


class ImportStatus(StrEnum):
    """Where an import stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
