"""Whether units come back, as the schema names it (PKG-4)."""

from domain.price import RefusedUnits
from graph.enums import publish

__all__ = ["RefusedUnits"]

publish(
    RefusedUnits,
    name="RefusedUnits",
    description="What becomes of the units of messages that a carrier turned down at submission. "
    "Units of what no carrier was asked to send always come back; those of what a carrier took "
    "never do.",
    values={
        "RETURNED": "They come back when the task ends.",
        "KEPT": "They are used up.",
    },
)
