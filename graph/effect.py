"""What a statement of a policy does."""

from graph.enums import publish
from policies.rule import Effect

__all__ = ["Effect"]

publish(
    Effect,
    name="PolicyEffect",
    description="What a statement does; a matching deny always wins.",
    values={"ALLOW": "It allows.", "DENY": "It denies, whatever else allows."},
)
