"""Versions of a custom policy (CAM-3): up to five, one of them in force."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.dataloader import DataLoader

from db import policy as policies
from db.policy import PolicyVersionRow
from graph.context import Context


@strawberry.type(description="One document of a custom policy; it never changes.")
class PolicyVersion:
    """What an author wrote, when, and whether it counts."""

    number: int = strawberry.field(description="Counts from 1 and is never used again.")
    document: str = strawberry.field(description="The document as its author wrote it.")
    in_force: bool = strawberry.field(description="Whether decisions are taken by this version.")
    created_at: datetime = strawberry.field(description="When it was added.")
    created_by: str = strawberry.field(description="The uin of its author.")

    @classmethod
    def of(cls, row: PolicyVersionRow, in_force: int) -> "PolicyVersion":
        """Show a row."""
        return cls(
            number=row.number,
            document=row.document,
            in_force=row.number == in_force,
            created_at=row.created_at,
            created_by=str(row.created_by),
        )


class Versions:
    """Loads what the policies of one page need, in one statement each."""

    def __init__(self, context: Context) -> None:
        """Load from the database of `context`."""
        self._context = context
        self.in_force: DataLoader[int, PolicyVersionRow | None] = DataLoader(self._in_force)
        self.every: DataLoader[int, Sequence[PolicyVersionRow]] = DataLoader(self._every)

    async def _in_force(self, policy_ids: list[int]) -> list[PolicyVersionRow | None]:
        async with self._context.database.read() as session:
            found = await policies.documents(session, self._context.owner, policy_ids)
        return [found.get(policy_id) for policy_id in policy_ids]

    async def _every(self, policy_ids: list[int]) -> list[Sequence[PolicyVersionRow]]:
        async with self._context.database.read() as session:
            rows = await policies.versions(session, policy_ids)
        found: dict[int, list[PolicyVersionRow]] = defaultdict(list)
        for row in rows:
            found[row.policy_id].append(row)
        return [found[policy_id] for policy_id in policy_ids]
