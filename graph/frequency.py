"""How often an application sends to one number, and in all (CFG-3)."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated

import strawberry

from db import account, frequency
from db import application as applications
from db.frequency import Rule
from domain import frequency as rules
from domain.account import Capability
from domain.frequency import Limits
from graph.context import Context, Info
from graph.guard import mutation, query
from graph.node import key_of
from graph.payload import Payload
from graph.target import on_application
from policies import actions

ApplicationId = Annotated[strawberry.ID, strawberry.argument(description="The application's id.")]

_SECONDS = "Seconds that must pass between two messages of the same content to one number"
_PER_DAY = "Messages to one number on a calendar day of the account's time zone"
_PER_HOUR = "Messages to one number within any 60 minutes"
_CONTENT = "Messages of the same content to one number on a calendar day"
_APPLICATION = "Messages of the application in all on a calendar day"
_ALWAYS = "this rule cannot be switched off."
_OFF = "null switches the rule off."


@strawberry.type(description="Frequency limits; what would pass one is refused and not sent.")
class FrequencyLimits:
    """The guide's two rules and three more."""

    same_content_seconds: int = strawberry.field(description=f"{_SECONDS}.")
    number_per_day: int = strawberry.field(description=f"{_PER_DAY}.")
    number_per_hour: int | None = strawberry.field(description=f"{_PER_HOUR}; null: off.")
    same_content_per_day: int | None = strawberry.field(description=f"{_CONTENT}; null: off.")
    application_per_day: int | None = strawberry.field(description=f"{_APPLICATION}; null: off.")


@strawberry.type(description="The frequency limits of an application.")
class FrequencyRule:
    """What is in force, and what would be without a change."""

    limits: FrequencyLimits = strawberry.field(
        description="What is in force; numbers on the allowlist are free of it."
    )
    defaults: FrequencyLimits = strawberry.field(
        description="What is in force in an application whose limits nobody changed."
    )
    changed_at: datetime | None = strawberry.field(
        description="When the limits were last changed; null when they are the defaults."
    )

    @classmethod
    def of(cls, rule: Rule, context: Context) -> "FrequencyRule":
        """Show what is in force."""
        return cls(
            limits=FrequencyLimits(**asdict(rule.limits)),
            defaults=FrequencyLimits(**asdict(context.terms.frequency)),
            changed_at=rule.changed_at,
        )


@strawberry.input(description="Which frequency limits to change; what is left out stays.")
class FrequencyRuleUpdateInput:
    """The rules of the guide's dialogue."""

    same_content_seconds: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description=f"{_SECONDS}, 1 to {rules.SECONDS_MOST:,}; {_ALWAYS}"
    )
    number_per_day: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description=f"{_PER_DAY}, 1 to {rules.NUMBER_MOST:,}; {_ALWAYS}"
    )
    number_per_hour: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description=f"{_PER_HOUR}, 1 to {rules.NUMBER_MOST:,}; {_OFF}"
    )
    same_content_per_day: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description=f"{_CONTENT}, 1 to {rules.NUMBER_MOST:,}; {_OFF}"
    )
    application_per_day: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description=f"{_APPLICATION}, 1 to {rules.APPLICATION_MOST:,}; {_OFF}"
    )

    def merged(self, limits: Limits) -> Limits:
        """Give the limits as they would be after the change."""
        given = {name: getattr(self, name) for name in Limits.__dataclass_fields__}
        return replace(
            limits, **{name: some.value for name, some in given.items() if some is not None}
        )


@strawberry.type(description="The answer to `frequencyRuleUpdate`.")
class FrequencyRulePayload(Payload):
    """The limits as they stand after the mutation."""

    rule: FrequencyRule | None = strawberry.field(
        default=None, description="What is in force now; null when nothing was changed."
    )


@strawberry.type
class FrequencyRuleQuery:
    """Root fields that read frequency limits."""

    @query(actions.DESCRIBE_FREQ_RULE, on=on_application("application_id"))
    async def frequency_rule(
        self, info: Info, application_id: ApplicationId
    ) -> FrequencyRule | None:
        """The frequency limits in force in one application, and the defaults."""
        context, key = info.context, key_of(application_id, "Application")
        async with context.database.read() as session:
            found = await frequency.rule(session, key, context.terms.frequency)
        return FrequencyRule.of(found, context)


@strawberry.type
class FrequencyRuleMutation:
    """Root fields that change frequency limits."""

    @mutation(actions.MODIFY_FREQ_RULE, on=on_application("application_id"))
    async def frequency_rule_update(
        self,
        info: Info,
        application_id: ApplicationId,
        input: Annotated[  # noqa: A002 - the schema's name
            FrequencyRuleUpdateInput, strawberry.argument(description="What to change.")
        ],
    ) -> FrequencyRulePayload:
        """Change frequency limits, for organizations; holds for what is sent from now on."""
        context, key = info.context, key_of(application_id, "Application")
        async with context.change() as session:
            await account.check(session, context.owner, Capability.FREQUENCY_RULE)
            await applications.changing(session, context.owner, key)
            before = await frequency.rule(session, key, context.terms.frequency)
            limits = input.merged(before.limits)
            rules.check(limits)
            after = await frequency.change(session, key, limits, context.now)
        return FrequencyRulePayload(rule=FrequencyRule.of(after, context))
