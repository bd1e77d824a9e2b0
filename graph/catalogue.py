"""The actions that policies can name, for the policy generator (CAM-3, CAM-5, CAM-7)."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.enums import publish
from graph.guard import query
from policies import actions
from policies.actions import CATALOGUE, Access, Action, Level
from policies.statement import SERVICES
from policies.wildcard import STAR

publish(
    Level,
    name="ActionLevel",
    description="How finely an action can be granted.",
    values={
        "RESOURCE": "For one application, or for all of them.",
        "OPERATION": "Only as a whole: a statement needs `*` as its resource.",
    },
)
publish(
    Access,
    name="ActionAccess",
    description="What an action does to what it names.",
    values={
        "LIST": "It lists.",
        "READ": "It shows one thing.",
        "WRITE": "It changes something.",
    },
)


@strawberry.type(description="An action that a policy can name.")
class PolicyAction:
    """One row of the table that fields, presets and policies share."""

    name: str = strawberry.field(description="As policies name it: `name/sms:DescribeAppList`.")
    service: str = strawberry.field(description="`sms` or `cam`.")
    level: Level = strawberry.field(description="How finely it can be granted.")
    access: Access = strawberry.field(description="What it does.")
    description: str = strawberry.field(description="What it is for.")
    usable_resource: str = strawberry.field(
        description="The widest resource that a statement with this action can name."
    )

    @classmethod
    def of(cls, action: Action, owner: int | None) -> "PolicyAction":
        """Show a row to somebody of an account."""
        applications = f"qcs::sms::uin/{owner or STAR}:app/*"
        return cls(
            name=action.canonical,
            service=action.service,
            level=action.level,
            access=action.access,
            description=action.description,
            usable_resource=applications if action.level is Level.RESOURCE else "*",
        )


@strawberry.type
class CatalogueQuery:
    """Root fields about the language of policies."""

    @query(actions.DESCRIBE_CATALOGUE)
    async def policy_actions(
        self,
        info: Info,
        service: Annotated[
            str | None, strawberry.argument(description="Only actions of `sms`, or of `cam`.")
        ] = None,
        search: Annotated[
            str | None, strawberry.argument(description="A part of the name or the description.")
        ] = None,
    ) -> list[PolicyAction] | None:
        """Every action that a policy of an account can name."""
        owner = info.context.caller.account_uin
        sought = (search or "").strip().lower()
        return [
            PolicyAction.of(action, owner)
            for action in CATALOGUE.values()
            if action.service in SERVICES
            and service in (None, action.service)
            and sought in f"{action.name} {action.description}".lower()
        ]
