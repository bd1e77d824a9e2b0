"""Tests of storage run on both databases."""

from collections.abc import AsyncIterator

import pytest

from db.session import Database


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database of each kind."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database of each kind."""
    database = Database(database_url)
    yield database
    await database.close()
