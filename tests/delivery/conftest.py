"""Workers to give jobs to, each with its database and its files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.session import Database
from tests.console import Clock
from tests.delivery.durable import Bench


@pytest.fixture
async def bench(database: Database, tmp_path: Path, clock: Clock) -> Bench:
    """A bench on SQLite."""
    return await Bench.make(database, tmp_path, clock)


@pytest.fixture
async def shared(postgresql_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Bench]:
    """A bench on PostgreSQL, which several workers share."""
    database = Database(postgresql_url)
    yield await Bench.make(database, tmp_path, clock)
    await database.close()


@pytest.fixture(params=["bench", "shared"])
def either(request: pytest.FixtureRequest) -> Bench:
    """A bench on each database."""
    found: Bench = request.getfixturevalue(request.param)
    return found
