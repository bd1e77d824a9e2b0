"""What a list is searched for: bounded, and nothing a database cannot take."""

from typing import Final

from domain import text
from graph.errors import BadUserInput

MAX_SEARCH: Final = 100


def wanted(search: str | None) -> str:
    """Tidy a search text, empty for none; raises BadUserInput."""
    tidied = text.tidy(search or "")
    problems = text.check(tidied, "search", least=0, most=MAX_SEARCH)
    if problems:
        raise BadUserInput(problems[0].message, argument="search")
    return tidied
