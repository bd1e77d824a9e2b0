"""One suite every place for files must pass: a folder, a bucket of a real S3 server, memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from db.store import Store, TooLargeError, new_key

MB = 2**20


@pytest.fixture(params=["folder", "bucket", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return Store.open(tmp_path / "files")
    if request.param == "memory":
        return Store(MemoryStore())
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    return Store.open("s3://console/files")


async def pieces(*sizes: int, fails: bool = False) -> AsyncIterator[bytes]:
    for position, size in enumerate(sizes):
        yield bytes([position]) * size
    if fails:
        raise ConnectionResetError("the client went away")


def files_in(folder: Path) -> list[Path]:
    return [entry for entry in folder.rglob("*") if entry.is_file()]


async def test_what_is_put_comes_back(store: Store) -> None:
    key = new_key("certificate", ".png")
    assert await store.put(key, b"\x89PNG", limit=4) == 4
    assert await store.get(key, limit=4) == b"\x89PNG"
    assert await store.size(key) == 4


async def test_an_empty_file_is_a_file(store: Store) -> None:
    key = new_key("export")
    assert await store.put(key, b"", limit=0) == 0
    assert await store.get(key, limit=0) == b""


async def test_a_long_upload_is_streamed_both_ways(store: Store) -> None:
    key = new_key("recipient-file", ".xlsx")
    assert await store.put(key, pieces(6 * MB, 6 * MB, 1), limit=12 * MB + 1) == 12 * MB + 1
    read = [piece async for piece in store.stream(key)]
    assert b"".join(read) == b"\0" * 6 * MB + b"\1" * 6 * MB + b"\2"


async def test_a_second_put_replaces_the_first(store: Store) -> None:
    key = new_key("export")
    await store.put(key, b"first", limit=10)
    await store.put(key, b"second", limit=10)
    assert await store.get(key, limit=10) == b"second"


async def test_an_upload_over_the_limit_leaves_nothing(store: Store) -> None:
    key = new_key("recipient-file")
    with pytest.raises(TooLargeError, match="larger than 6,291,456 bytes"):
        await store.put(key, pieces(6 * MB, 1), limit=6 * MB)
    with pytest.raises(FileNotFoundError, match=key):
        await store.size(key)


async def test_a_broken_upload_keeps_the_old_file(store: Store) -> None:
    key = new_key("recipient-file")
    await store.put(key, b"old", limit=3)
    with pytest.raises(ConnectionResetError):
        await store.put(key, pieces(6 * MB, 6 * MB, fails=True), limit=20 * MB)
    assert await store.get(key, limit=3) == b"old"


async def test_a_broken_upload_leaves_no_part_in_the_folder(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with pytest.raises(ConnectionResetError):
        await store.put(new_key("recipient-file"), pieces(6 * MB, fails=True), limit=20 * MB)
    assert files_in(tmp_path) == []


async def test_reading_is_bounded(store: Store) -> None:
    key = new_key("certificate")
    await store.put(key, b"12345", limit=5)
    with pytest.raises(TooLargeError) as refused:
        await store.get(key, limit=4)
    assert refused.value.limit == 4


async def test_a_reader_gets_a_file(store: Store) -> None:
    key = new_key("recipient-file", ".csv")
    await store.put(key, pieces(6 * MB, 3), limit=7 * MB)
    async with store.path(key) as path:
        assert path.read_bytes() == b"\0" * 6 * MB + b"\1" * 3


async def test_a_remote_file_leaves_no_copy() -> None:
    store = Store(MemoryStore())
    key = new_key("recipient-file")
    await store.put(key, b"rows", limit=4)
    async with store.path(key) as path:
        assert path.exists()
    assert not path.exists()


async def test_a_local_file_is_not_copied(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    key = new_key("recipient-file")
    await store.put(key, b"rows", limit=4)
    async with store.path(key) as path:
        assert path == tmp_path / key


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: Store) -> None:
    key = new_key("export")
    await store.put(key, b"x", limit=1)
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(FileNotFoundError, match=key):
        await store.get(key, limit=1)
    with pytest.raises(FileNotFoundError, match=key):
        [piece async for piece in store.stream(key)]
    with pytest.raises(FileNotFoundError, match=key):
        async with store.path(key):
            pass


@pytest.mark.parametrize(
    "key",
    [
        "../secret",
        "export/../../secret",
        "/etc/passwd",
        "export//x",
        "export/.hidden",
        "export",
        "export/x\n",
        "Export/x",
        "export/x.tar.gz",
        "a/b/c/d/e",
        "export/" + "x" * 65,
    ],
)
async def test_a_key_can_not_carry_a_path(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="is not a key of the store"):
        await store.put(key, b"x", limit=1)
    with pytest.raises(ValueError, match="is not a key of the store"):
        await store.get(key, limit=1)
    with pytest.raises(ValueError, match="is not a key of the store"):
        await store.size(key)
    with pytest.raises(ValueError, match="is not a key of the store"):
        await store.delete(key)
    with pytest.raises(ValueError, match="is not a key of the store"):
        [piece async for piece in store.stream(key)]
    with pytest.raises(ValueError, match="is not a key of the store"):
        async with store.path(key):
            pass


def test_keys_can_not_be_guessed_or_misspelt() -> None:
    assert len({new_key("export") for _ in range(100)}) == 100
    for folder, suffix in (("../x", ""), ("export", "/x"), ("export", "png"), ("", "")):
        with pytest.raises(ValueError, match="do not make a key"):
            new_key(folder, suffix)


def test_the_folder_is_private(tmp_path: Path) -> None:
    Store.open(tmp_path / "data" / "files")
    assert (tmp_path / "data" / "files").stat().st_mode & 0o777 == 0o700


def test_a_place_that_is_not_understood_is_named() -> None:
    with pytest.raises(ValueError, match='"nonsense://bucket" is not a place to store files') as at:
        Store.open("nonsense://bucket")
    assert "\n" not in str(at.value)


def test_an_s3_url_opens() -> None:
    Store.open("s3://bucket/prefix")


async def test_deleting_also_removes_what_a_killed_writer_left(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    key, other = new_key("dump", ".part"), new_key("dump", ".part")
    for name in (f"{key}#1", f"{key}#2", f"{other}#1"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    await store.delete(key)
    left = await asyncio.to_thread(lambda: [path.name for path in tmp_path.rglob("*#*")])
    assert left == [Path(f"{other}#1").name]
