"""Removing dumps whose time is over, with their files (STA-8)."""

from datetime import timedelta
from typing import Final

from db import dump_expiry
from delivery.dump import tidy
from delivery.step import Tools

AT_ONCE: Final = 20
PAUSE: Final = 60.0
STALE: Final = timedelta(hours=1)
"""How long the work on a dump may take to remove what it wrote before this does it."""
LISTED: Final = timedelta(days=90)
"""How long a dump that is over stays in the list."""


class DumpExpiry:
    """Removes a bounded number of dumps at each step; several workers may do so at once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def step(self) -> float:
        """Remove what is due; gives in how many seconds to look again, 0 when more is left."""
        tools, now = self._tools, self._tools.clock()
        async with tools.database.write() as session:
            expired = await dump_expiry.expire(session, now, AT_ONCE)
        async with tools.database.read() as session:
            left = await dump_expiry.left(session, now - STALE, AT_ONCE)
        for dump_id in left:
            await tidy(tools, dump_id)
        async with tools.database.write() as session:
            forgotten = await dump_expiry.forget(session, now - LISTED, AT_ONCE)
        return 0 if max(expired, len(left), forgotten) >= AT_ONCE else PAUSE
