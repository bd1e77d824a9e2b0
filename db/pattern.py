"""A policy plan as a WHERE clause: the list is filtered in one statement, not row by row."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, false, not_, or_, true

from policies.plan import Plan, PlanKind


def matches_plan(column: Any, plan: Plan) -> ColumnElement[bool]:
    """Say which rows of a numeric id column the plan admits."""
    if plan.kind is PlanKind.ALWAYS_ALLOWED:
        return true()
    if plan.kind is PlanKind.ALWAYS_DENIED:
        return false()
    return and_(_any_of(column, plan.allow), not_(_any_of(column, plan.deny)))


def _any_of(column: Any, patterns: Sequence[str]) -> ColumnElement[bool]:
    # Patterns hold digits and stars only, so nothing in them needs escaping for LIKE.
    whole = [int(pattern) for pattern in patterns if "*" not in pattern]
    wild = [pattern.replace("*", "%") for pattern in patterns if "*" in pattern]
    return or_(
        false(),
        *([column.in_(whole)] if whole else []),
        *(cast(column, String).like(pattern) for pattern in wild),
    )
