"""Every GraphQL block in the documents is valid against the schema of this version."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from graph.schema import schema

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```graphql\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(block, id=f"{path.name}-{number}")
    for path in DOCUMENTS
    for number, block in enumerate(BLOCK.findall(path.read_text()), 1)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_valid(block: str) -> None:
    assert validate(schema._schema, parse(block)) == []  # noqa: SLF001 - has no public name


def test_there_are_blocks_to_check() -> None:
    assert len(BLOCKS) > 10
