"""A copy of a SQLite installation that runs, and starting again from it."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from db.job import JobRow
from db.session import Database
from db.store import Store, new_key
from server.backup import CannotBackUpError, back_up
from server.settings import Settings
from tests import bulk
from tests.console import Clock
from tests.delivery.durable import Bench, all_done, rows, until
from tests.server.remote import DEMO_UIN, remote, root_password
from tests.serving import environment, free_port, run, serving


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=f"sqlite:///{database.url.database}")


async def test_a_copy_made_in_the_middle_of_work_goes_on_from_there(
    database: Database, settings: Settings, tmp_path: Path, clock: Clock
) -> None:
    bench = await Bench.make(database, tmp_path, clock)
    task, key = await bench.upload(rows(12_000))
    worker = await bench.standing_worker(1)
    try:
        back_up(settings, tmp_path / "copy")
    finally:
        worker.kill()
        await worker.wait()
    await database.close()
    copied = Database(f"sqlite+aiosqlite:///{tmp_path / 'copy' / 'console.sqlite'}")
    async with copied.read() as session:
        row = await bulk.task_of(copied, task)
        assert 0 < row.rows_seen < 12_000
        assert [job.started_at for job in await session.exec(select(JobRow))] == [None]
    store = Store.open(tmp_path / "copy" / "files")
    assert await store.size(key) > 0
    tools = replace(bench.tools, database=copied, store=store)
    again = replace(bench, tools=tools)
    async with again.working() as workflows:
        await workflows.relay(clock.now)
        await until(lambda: all_done(again))
    row = await bulk.task_of(copied, task)
    assert (row.recipients, row.problem) == (12_000, None)
    assert len(await bulk.messages(copied, task)) == 12_000
    await copied.close()


async def test_files_that_come_and_go_meanwhile_do_not_stop_a_copy(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path / "files")
    stays, goes = new_key("export"), new_key("export")
    for key in (stays, goes):
        await store.put(key, b"x", limit=1)
    copyfile = shutil.copyfile

    def losing(source: Path, target: Path) -> None:
        if source == tmp_path / "files" / goes:
            source.unlink()
        copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", losing)
    back_up(settings, tmp_path / "copy")
    copied = {path.name for path in (tmp_path / "copy" / "files").rglob("*") if path.is_file()}
    assert copied == {Path(stays).name}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"database_url": "postgresql://h/d"}, "PostgreSQL has its own tool for this"),
        ({"database_url": "sqlite:////nowhere/x.sqlite"}, 'there is no database at "/nowhere/x'),
    ],
)
def test_what_cannot_be_copied_is_told(tmp_path: Path, given: dict[str, str], told: str) -> None:
    with pytest.raises(CannotBackUpError, match=told):
        back_up(Settings(data=tmp_path, **given), tmp_path / "copy")  # type: ignore[arg-type]  # - only texts


def test_an_older_copy_is_never_overwritten(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "console.sqlite").write_text("older")
    with pytest.raises(CannotBackUpError, match="is not empty: name a folder that is not there"):
        back_up(settings, tmp_path / "copy")
    assert (tmp_path / "copy" / "console.sqlite").read_text() == "older"


def test_a_server_starts_from_the_copy_of_one_that_runs(tmp_path: Path) -> None:
    first = environment(tmp_path / "data", free_port())
    with serving(first, "--demo"):
        made = run(first, "backup", str(tmp_path / "copy"))
        assert (made.returncode, made.stderr) == (0, "")
    with sqlite3.connect(tmp_path / "copy" / "console.sqlite") as copied:
        assert copied.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    shutil.copyfile(tmp_path / "data" / "secret.key", tmp_path / "copy" / "secret.key")
    second = environment(tmp_path / "copy", free_port())
    with serving(second), remote(second) as user:
        user.sign_in(accountUin=DEMO_UIN, password=root_password(tmp_path / "data"))
        assert user.refused() is None
