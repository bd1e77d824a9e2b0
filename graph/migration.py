"""Leaving the retired module `consolesms` (CAM-8): a document rewritten, with nothing gained."""

from typing import Annotated

import strawberry

from graph.access import analysed
from graph.context import Info
from graph.document import DocumentIssue
from graph.errors import BadUserInput
from graph.guard import query
from graph.policy_edit import text_of
from policies import actions, legacy
from policies.analysis import Change, TooComplexError
from policies.document import DocumentError


@strawberry.type(description="A legacy action that has a new name.")
class MappedAction:
    """Where it stood, and what stands there now."""

    path: str = strawberry.field(description="JSON path in the old document.")
    legacy: str = strawberry.field(description="The name in `consolesms`.")
    action: str = strawberry.field(description="The name in `sms`.")


@strawberry.type(description="A legacy action that no longer does anything.")
class RemovedAction:
    """Where it stood."""

    path: str = strawberry.field(description="JSON path in the old document.")
    legacy: str = strawberry.field(description="The name in `consolesms`.")


@strawberry.type(description="A decision that two documents take differently.")
class RightsChange:
    """One difference, with an example."""

    action: str = strawberry.field(description="The action.")
    resource: str = strawberry.field(description="A resource as an example.")
    before: bool = strawberry.field(description="Whether the old document allows it.")
    after: bool = strawberry.field(description="Whether the new document allows it.")
    within: list[str] = strawberry.field(
        description="The same holds for every resource of these patterns,"
    )
    beside: list[str] = strawberry.field(description="except those of these patterns.")

    @classmethod
    def of(cls, change: Change) -> "RightsChange":
        """Show a difference."""
        return cls(
            action=change.action,
            resource=change.resource,
            before=change.before,
            after=change.after,
            within=list(change.within),
            beside=list(change.beside),
        )


@strawberry.type(description="A document without `consolesms`.")
class PolicyMigration:
    """The new text, what was done, and what it changes."""

    document: str | None = strawberry.field(
        description="The rewritten document in its author's layout; null when nothing is left of "
        "it, or when it has problems."
    )
    mapped: list[MappedAction] = strawberry.field(description="What has a new name.")
    removed: list[RemovedAction] = strawberry.field(description="What was deleted as disused.")
    difference: list[RightsChange] = strawberry.field(
        description="The decisions that differ between the two documents: none."
    )
    problems: list[DocumentIssue] = strawberry.field(
        description="Why the document cannot be read; empty when it can."
    )


@strawberry.type
class MigrationQuery:
    """Root fields that rewrite documents."""

    @query(actions.MIGRATE_POLICY)
    async def policy_migrate(
        self,
        info: Info,
        document: Annotated[
            str | None, strawberry.argument(description="A document in the policy syntax.")
        ] = None,
        policy_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The policy whose document to rewrite instead."),
        ] = None,
    ) -> PolicyMigration | None:
        """Rewrite `consolesms` actions as `sms` ones; save the result as a new version yourself."""
        context = info.context
        text = document if policy_id is None else await text_of(context, policy_id)
        if text is None or (document is not None and policy_id is not None):
            raise BadUserInput("give exactly one of document and policyId")
        try:
            done = await analysed(legacy.migrate, text, str(context.owner))
        except DocumentError as error:
            problems = [DocumentIssue.of(problem) for problem in error.problems]
            return PolicyMigration(
                document=None, mapped=[], removed=[], difference=[], problems=problems
            )
        except TooComplexError as error:
            raise BadUserInput(str(error), argument="document") from error
        return PolicyMigration(
            document=done.text,
            mapped=[MappedAction(path=p, legacy=old, action=new) for p, old, new in done.mapped],
            removed=[RemovedAction(path=path, legacy=old) for path, old in done.removed],
            difference=[RightsChange.of(change) for change in done.changes],
            problems=[],
        )
