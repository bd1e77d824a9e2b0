"""How a benchmark tells its results: machine facts first, then rows with a peer or a goal."""

import argparse
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured value.

    `ratio` is how many times better it is than `peer`, measured in the same run; `goal` is what was
    promised, in words, and `met` whether it holds (None where nothing was promised).
    """

    name: str
    value: float | str
    unit: str
    peer: str | None = None
    ratio: float | None = None
    goal: str | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What every benchmark can be asked for."""

    quick: bool
    as_json: bool
    asked: frozenset[str] = frozenset()
    """Which of the benchmark's own flags were given."""


def read_options(description: str, flags: Mapping[str, str] = MappingProxyType({})) -> Options:
    """Read the command line of a benchmark; `flags` are its own, with what they do."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="end within a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    for flag, meaning in flags.items():
        parser.add_argument(f"--{flag}", action="store_true", help=meaning)
    given = vars(parser.parse_args())
    asked = frozenset(flag for flag in flags if given[flag])
    return Options(quick=given["quick"], as_json=given["json"], asked=asked)


def machine_facts(*packages: str) -> Iterator[Row]:
    """Tell what the numbers depend on, with the versions of the `packages` that were measured."""
    yield Row(name="processor", value=_processor(), unit="")
    yield Row(name="processors", value=os.cpu_count() or 0, unit="")
    yield Row(name="load before", value=round(os.getloadavg()[0], 2), unit="processes")
    yield Row(name="system", value=platform.platform(), unit="")
    yield Row(name="python", value=platform.python_version(), unit="")
    for package in packages:
        yield Row(name=package, value=version(package), unit="")


class Report:
    """Prints rows: as JSON at once, as a table when it is closed."""

    def __init__(self, title: str, options: Options) -> None:
        self._title = title
        self._as_json = options.as_json
        self._rows: list[Row] = []

    def facts(self, *packages: str) -> None:
        """Print the machine facts."""
        for fact in machine_facts(*packages):
            print(
                _line(fact) if self._as_json else f"{fact.name}: {fact.value} {fact.unit}".strip()
            )

    def add(self, row: Row) -> None:
        """Take one result."""
        self._rows.append(row)
        if self._as_json:
            print(_line(row), flush=True)

    def close(self) -> int:
        """Print the table and return the exit code: 1 when a goal was missed."""
        if not self._as_json:
            Console(width=150).print(self._table())
        return int(any(row.met is False for row in self._rows))

    def _table(self) -> Table:
        table = Table(
            "what", "value", "unit", "times better", "than", "goal", "met", title=self._title
        )
        for row in self._rows:
            table.add_row(
                row.name,
                _short(row.value),
                row.unit,
                "" if row.ratio is None else _short(row.ratio),
                row.peer or "",
                row.goal or "",
                {None: "", True: "yes", False: "NO"}[row.met],
            )
        return table


def _line(row: Row) -> str:
    return json.dumps(asdict(row))


def _short(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
