"""A copy of a SQLite database that is in use, ready to be started from."""

import sqlite3
from pathlib import Path
from typing import Final

PAGES_AT_ONCE: Final = 2_000  # between them, whoever writes has its turn
PAUSE_SECONDS: Final = 0.01
# What was going on is written down in the workflows' own file, which is of another moment and is
# left out. Jobs that had begun and not ended begin anew, as they may after any crash.
_BEGIN_ANEW: Final = "UPDATE job SET started_at = NULL WHERE finished_at IS NULL"


class BrokenCopyError(Exception):
    """The copy cannot be read as a whole; the message says what SQLite finds."""


def copy(source: Path, target: Path) -> int:
    """Copy a database as it is at one moment, check the copy, and give its size in bytes."""
    begun = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    made = sqlite3.connect(target, isolation_level=None)
    try:
        begun.backup(made, pages=PAGES_AT_ONCE, sleep=PAUSE_SECONDS)
        made.execute(_BEGIN_ANEW)
        (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise BrokenCopyError(found)
        made.execute("PRAGMA journal_mode = DELETE")
    finally:
        made.close()
        begun.close()
    return target.stat().st_size
