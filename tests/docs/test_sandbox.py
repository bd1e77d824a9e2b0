"""The page about the simulator says what the table of endings does."""

from pathlib import Path

from domain.carrier import Verdict
from domain.sandbox import ENDINGS, Script

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def code(script: Script) -> str:
    return "" if script.delay is None and script.first is Verdict.ACCEPTED else f"`{script.code}`"


def test_the_page_lists_every_ending_as_the_table_does() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| 99")
    ]
    assert rows == [
        [digits, ending.description, code(ending.script)] for digits, ending in ENDINGS.items()
    ]
