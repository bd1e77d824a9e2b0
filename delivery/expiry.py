"""What time does to packages: they expire, and renewals come due again (PKG-1 to PKG-3)."""

from typing import Final

from db import package_expiry
from db.package_expiry import PACKAGES_AT_ONCE
from delivery.step import Tools

ACCOUNTS_AT_ONCE: Final = 50
PAUSE: Final = 60.0  # seconds between looks: how late an alarm about an expired package may be


class Expiry:
    """Writes off what is left in expired packages, one account a transaction.

    Several workers may do so at once: an account's balance is changed by one at a time.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def step(self) -> float:
        """Look for accounts once; gives in how many seconds to look again, 0 when more is left."""
        tools, more = self._tools, False
        async with tools.database.read() as session:
            due = await package_expiry.due(session, tools.clock(), ACCOUNTS_AT_ONCE)
        for owner in due:
            async with tools.database.write() as session:
                gone = await package_expiry.expire(session, owner, tools.clock(), tools.terms)
            more = more or gone == PACKAGES_AT_ONCE
        return 0 if more or len(due) == ACCOUNTS_AT_ONCE else PAUSE
