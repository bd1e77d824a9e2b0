"""A number that callers search for, in whatever form they write it."""

from domain import number
from domain.errors import Problem
from domain.number import Number
from domain.region import Region
from graph.errors import BadUserInput


def searched(phone: str | None, *regions: Region) -> list[str] | None:
    """Give the E.164 forms a searched number may have, None for none; raises BadUserInput."""
    if phone is None:
        return None
    found = [number.parse(phone, region) for region in regions]
    phones = [each.e164 for each in found if isinstance(each, Number)]
    problems = [each for each in found if isinstance(each, Problem)]
    if not phones:
        raise BadUserInput(problems[0].message, argument="phone")
    return phones
