"""Erasing what accounts deleted and did not ask back in time, with its files (APP-6)."""

from typing import Final

from db import message_context, purge
from delivery.step import Tools
from domain.restore import RestoreKind

AT_ONCE: Final = 100
SELDOM: Final = 3_600.0  # seconds between looks; deletions are days old by then


class Purge:
    """Erases a bounded number of objects at each step; several workers may do so at once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def step(self) -> float:
        """Erase what is due; gives in how many seconds to look again, 0 when more is left."""
        tools = self._tools
        before = tools.clock() - tools.terms.restore_for
        async with tools.database.write() as session:
            begun = await purge.begin(session, before, AT_ONCE)
        async with tools.database.read() as session:
            marked = await purge.marked(session, AT_ONCE)
        for row in marked:
            async with tools.database.read() as session:
                keys = await purge.keys(session, row)
            for key in keys:
                await tools.store.delete(key)
            if row.kind is RestoreKind.APPLICATION:
                await self._erase_contexts(row.object_id)
            async with tools.database.write() as session:
                await purge.finish(session, row.id)
        return 0 if AT_ONCE in {begun, len(marked)} else SELDOM

    async def _erase_contexts(self, app_id: int) -> None:
        """Erase what programs gave with its messages, in bounded steps."""
        erased = 1
        while erased:
            async with self._tools.database.write() as session:
                erased = await message_context.erase_application(session, app_id)
