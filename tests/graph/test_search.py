"""What lists are searched for, whichever the list: tidied, bounded, and storable."""

import pytest

from graph import search
from tests.console import Console

LISTS = (
    "applications(search: $text)",
    "signatures(search: $text)",
    "templates(search: $text)",
    "bulkTasks(where: {search: $text})",
    "users(search: $text)",
    "groups(search: $text)",
    "policies(search: $text)",
)


@pytest.mark.parametrize("listing", LISTS)
async def test_a_search_takes_what_a_database_takes(console: Console, listing: str) -> None:
    root = console.root(await console.add_account())
    query = f"query ($text: String) {{ {listing} {{ nodes {{ id }} }} }}"
    for text in ("a\0b", "x" * (search.MAX_SEARCH + 1)):
        assert (await root.ask(query, text=text)).code == "BAD_USER_INPUT"
    for taken in (None, "", "  ", "x" * search.MAX_SEARCH, "50%_\\'"):
        (found,) = (await root.run(query, text=taken)).values()
        assert found == {"nodes": []}


async def test_no_policy_has_a_name_that_no_database_takes(console: Console) -> None:
    root = console.root(await console.add_account())
    query = "query ($name: String!) { policyByName(name: $name) { id } }"
    assert await root.run(query, name="a\0b") == {"policyByName": None}
