"""Files by key (certificates, recipient files, exports): in a folder, or S3-compatible by URL."""

import asyncio
import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

_KEY: Final = re.compile(
    r"[a-z0-9][a-z0-9_-]{0,63}(?:/[a-z0-9][a-z0-9_-]{0,63}){1,3}(?:\.[a-z]{1,8})?"
)
_FOLDER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SUFFIX: Final = re.compile(r"(?:\.[a-z]{1,8})?")
_PART: Final = 5 * 2**20  # the smallest part S3 takes in a multipart upload
_PARTS_AT_ONCE: Final = 3  # bounds what an upload keeps in memory: 15 MiB


class TooLargeError(Exception):
    """An object is larger than the caller's limit; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file is larger than {limit:,} bytes")
        self.limit = limit


def new_key(folder: str, suffix: str = "") -> str:
    """Make a key nobody can guess: `folder/ab/32 hex digits` and a suffix such as `.xlsx`."""
    if not _FOLDER.fullmatch(folder) or not _SUFFIX.fullmatch(suffix):
        raise ValueError(f'"{folder}" and "{suffix}" do not make a key')
    name = secrets.token_hex(16)
    return f"{folder}/{name[:2]}/{name}{suffix}"


class Store:
    """Objects under keys made by `new_key`; an object is there whole or not at all.

    Any key of another form raises ValueError, so a path can not be smuggled in.
    Reading a key that is not there raises FileNotFoundError.
    """

    def __init__(self, backend: ObjectStore, folder: Path | None = None) -> None:
        self._backend = backend
        self._folder = folder

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Open a folder (made with mode 0700 when missing) or a URL such as `s3://bucket/prefix`.

        The endpoint and credentials of an S3-compatible service come from the usual AWS_*
        variables. Raises ValueError naming the place when the URL is not understood.
        """
        if isinstance(place, str) and "://" in place:
            try:
                return cls(from_url(place))
            except (BaseError, ValueError) as error:
                reason = str(error).partition("\n")[0]
                raise ValueError(f'"{place}" is not a place to store files: {reason}') from None
        folder = Path(place).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(folder), folder)

    async def put(self, key: str, data: bytes | AsyncIterable[bytes], *, limit: int) -> int:
        """Write an object and return its size in bytes; the old one stays until the new is whole.

        An iterator is written as it comes. Raises TooLargeError above `limit` bytes; then, and
        when the iterator fails or the caller is cancelled, nothing is kept.
        """
        _check(key)
        counted = _Counted(_once(data) if isinstance(data, bytes) else data, limit)
        await obstore.put_async(
            self._backend, key, counted.chunks(), chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE
        )
        if self._folder is not None:
            await asyncio.to_thread(_flush, self._folder / key)
        return counted.size

    async def get(self, key: str, *, limit: int) -> bytes:
        """Read a whole object; TooLargeError above `limit` bytes, before anything is read."""
        _check(key)
        try:
            found = await obstore.get_async(self._backend, key)
        except FileNotFoundError:
            raise _missing(key) from None
        if found.meta["size"] > limit:
            raise TooLargeError(limit)
        return bytes(await found.bytes_async())

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """Read an object piece by piece."""
        _check(key)
        try:
            found = await obstore.get_async(self._backend, key)
        except FileNotFoundError:
            raise _missing(key) from None
        async for piece in found.stream(min_chunk_size=2**18):
            yield bytes(piece)

    @asynccontextmanager
    async def path(self, key: str) -> AsyncIterator[Path]:
        """Give a file to read: the stored file itself, or a temporary copy of a remote object."""
        _check(key)
        if self._folder is not None:
            if not (self._folder / key).is_file():
                raise _missing(key)
            yield self._folder / key
            return
        with tempfile.NamedTemporaryFile(prefix="sms-console-") as copy:
            async for piece in self.stream(key):
                await asyncio.to_thread(copy.write, piece)
            copy.flush()
            yield Path(copy.name)

    async def size(self, key: str) -> int:
        """Return an object's size in bytes."""
        _check(key)
        try:
            return (await obstore.head_async(self._backend, key))["size"]
        except FileNotFoundError:
            raise _missing(key) from None

    async def delete(self, key: str) -> None:
        """Remove an object; one that is already gone is no error, so a clean-up can be repeated.

        In a folder this also removes what a writer left that was killed: unlike S3, which does so
        by a rule of the bucket, nothing else would.
        """
        _check(key)
        with suppress(FileNotFoundError):
            await obstore.delete_async(self._backend, key)
        if self._folder is not None:
            await asyncio.to_thread(_delete_unfinished, self._folder / key)


class _Counted:
    def __init__(self, source: AsyncIterable[bytes], limit: int) -> None:
        self._source = source
        self._limit = limit
        self.size = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._source:
            self.size += len(chunk)
            if self.size > self._limit:
                raise TooLargeError(self._limit)
            yield chunk


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(f'"{key[:100]}" is not a key of the store')


def _missing(key: str) -> FileNotFoundError:
    return FileNotFoundError(f'there is no stored file "{key}"')


def _delete_unfinished(path: Path) -> None:
    # obstore writes an object under its name and the number of the attempt.
    for unfinished in path.parent.glob(f"{path.name}#*"):
        unfinished.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    # A row that names this file may be committed next, and that commit survives a power cut.
    for entry in (path, path.parent):
        handle = os.open(entry, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
