"""A console whose files are in an S3 bucket: nothing of them is on its own disk (BLK-3, SIG-1)."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

import httpx2
import pytest

from db.session import Database
from db.store import Store, new_key
from delivery.dump_expiry import DumpExpiry
from domain.task import TaskStatus
from server.app import create_app
from server.settings import Settings
from tests import bulk, dumping
from tests.console import KEY, START, Clock, Console
from tests.delivery.durable import Bench, rows, until
from tests.images import image
from tests.server.test_download import browser

PLACE = "s3://console/files"


@pytest.fixture(autouse=True)
def _bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Say where the bucket is, as an operator does."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def http(
    database: Database, tmp_path: Path, clock: Clock
) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of an application that keeps its files in the bucket."""
    settings = Settings(
        data=tmp_path / "data",
        database_url=f"sqlite:///{database.url.database}",
        store_url=PLACE,
        secret_key=b64encode(KEY).decode(),
    )
    app = create_app(settings, clock=clock)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://console.test") as client,
    ):
        yield client


async def test_a_certificate_goes_to_the_bucket_and_comes_back(
    console: Console, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    root = await browser(console, http, (await console.add_account()).uin)
    made = await root.apply(image())
    answer = await root.get(made["signature"]["certificate"]["url"])
    assert answer.content == image()
    assert list((tmp_path / "data").rglob("*.png")) == []


async def test_a_recipient_file_is_checked_from_the_bucket_and_gone_afterwards(
    database: Database, tmp_path: Path, clock: Clock
) -> None:
    bench = await Bench.make(database, tmp_path, clock)
    bench = replace(bench, tools=replace(bench.tools, store=Store.open(PLACE)))
    task_id, key = await bench.upload(rows(2_000))
    assert await bench.tools.store.size(key) > 0
    async with bench.working() as workflows:
        assert await workflows.relay(START) == 1
        await until(lambda: bench.is_checked(task_id))
    row = await bulk.task_of(database, task_id)
    assert (row.status, row.recipients, row.problem) == (TaskStatus.READY, 2_000, None)
    with pytest.raises(FileNotFoundError, match=key):
        await bench.tools.store.size(key)


async def test_a_dump_is_written_to_the_bucket_and_its_parts_are_gone(
    database: Database, tmp_path: Path, clock: Clock
) -> None:
    """STA-8; the archive is larger than one part of an upload to S3 is."""
    bench = await dumping.Bench.make(database, tmp_path, clock)
    store = Store.open(f"{PLACE}/dumps")
    bench = replace(bench, tools=replace(bench.tools, store=store))
    noise = [f'["{token_hex(40)}","{token_hex(40)}"]' for _ in range(50_000)]
    await dumping.add_records(database, bench.parts, len(noise), params=noise)
    dump_id = await bench.order()
    await bench.work(dump_id)
    row = await bench.row(dump_id)
    assert row.size is not None
    assert row.size > 5 * 2**20
    assert dumping.phones(await bench.archive(dump_id)) == dumping.expected(len(noise))
    assert bench.left() == []
    clock.advance(timedelta(days=7))
    await DumpExpiry(bench.tools).step()
    with pytest.raises(FileNotFoundError):
        await store.size(row.key or "")


async def test_prefixes_of_one_bucket_are_apart(s3: dict[str, str]) -> None:
    one, other = Store.open(f"{PLACE}/one"), Store.open(f"{PLACE}/other")
    key = new_key("export")
    await one.put(key, b"mine", limit=4)
    with pytest.raises(FileNotFoundError):
        await other.get(key, limit=4)
    assert await one.get(key, limit=4) == b"mine"
