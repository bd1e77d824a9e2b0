"""The chapter about carriers and routes does what it says, operation by operation."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from db import carrier, route
from domain.region import Region, SmsType
from domain.route import Choice, Destination
from graph.schema import schema
from tests.console import Console
from tests.docs.test_guide import Reader, Step, steps

PAGE: Final = (Path(__file__).parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")
CHAPTER: Final = re.compile(r"^## Carriers and routes$(.*?)^## ", re.MULTILINE | re.DOTALL)
# Steps of a list are indented, and so are the blocks in them.
INDENTED: Final = re.compile(r"^   ```.*?^   ```$", re.MULTILINE | re.DOTALL)
TOPICS: Final = re.compile(r"carrier|route")


def operations() -> list[Step]:
    (chapter,) = CHAPTER.findall(PAGE)
    return steps(INDENTED.sub(lambda block: dedent(block.group()), chapter))


@pytest.fixture
async def reader(console: Console) -> Reader:
    """An operator of a new installation."""
    async with console.database.write() as session:
        await carrier.ensure_default(session, console.clock.now)
    return Reader(console, {"as an operator": await console.operator()})


async def test_every_step_of_the_chapter_works_in_order(reader: Reader) -> None:
    for step in operations():
        await reader.follow(step)
    answers = reader.answers
    assert [row["targets"] for row in answers["routes"]] == [
        [{"carrier": "acme", "weight": 1}],
        [{"carrier": "simulator", "weight": 1}],
    ]
    assert answers["routeDryRun"]["carriers"][0]["carrier"] == "simulator"
    assert answers["routeDelete"]["deletedId"] == answers["routes"][1]["id"]
    assert answers["carrierUpdate"]["carrier"]["smpp"]["throughput"] == 200
    async with reader.console.database.read() as session:
        routing = await route.routing(session)
    number = Destination(1, Region.GLOBAL, "HK", "+85266669999", SmsType.REGULAR)
    assert routing.choose(number, 0) == Choice(2, ("acme",))


def test_the_chapter_leaves_no_operation_out() -> None:
    types = schema._schema  # noqa: SLF001 - the graphql-core schema has no public name
    assert types.query_type is not None
    assert types.mutation_type is not None
    there = {
        name
        for fields in (types.query_type.fields, types.mutation_type.fields)
        for name in fields
        if TOPICS.match(name)
    }
    shown = {
        field.name.value
        for step in operations()
        for operation in parse(step.document).definitions
        if isinstance(operation, OperationDefinitionNode)
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    }
    assert shown == there
    assert len(there) == 14
