"""Taking in images: bounded while they are read, checked by content, stored before their rows."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from strawberry.file_uploads import Upload

from db.file import FilePurpose, StoredFile
from db.store import Store, new_key
from domain.certificate import SIZE_LIMIT, check_image
from domain.errors import Code, Problem, Refused
from graph.errors import ApiError

log = logging.getLogger(__name__)

SUFFIXES: Final = {"image/png": ".png", "image/jpeg": ".jpg"}


@dataclass(frozen=True, slots=True)
class Image:
    """An image that passed the checks and is not stored yet."""

    purpose: FilePurpose
    data: bytes
    media_type: str
    sha256: str


async def read_images(
    uploads: Mapping[FilePurpose, Upload | None],
) -> tuple[list[Image], list[Problem]]:
    """Read and check what was uploaded; gives the images, and the problems of those that are none.

    Each purpose is the name of the input field the upload came in.
    """
    images: list[Image] = []
    problems: list[Problem] = []
    for purpose, upload in uploads.items():
        if upload is None:
            continue
        try:
            images.append(await _read(purpose, upload))
        except Refused as refusal:
            problems += refusal.problems
    return images, problems


async def _read(purpose: FilePurpose, upload: object) -> Image:
    if not isinstance(upload, UploadFile):
        message = f"{purpose} is no uploaded file: send it as a part of a multipart request"
        raise Refused.one(Code.INVALID, message, purpose)
    await upload.seek(0)  # one part may fill several variables
    data = await upload.read(SIZE_LIMIT)
    if upload.size is not None and upload.size > len(data):
        message = f"{purpose} has {upload.size} bytes: upload an image of less than {SIZE_LIMIT}"
        raise Refused.one(Code.TOO_LARGE, message, purpose)
    return await asyncio.to_thread(checked, purpose, data)


def checked(purpose: FilePurpose, data: bytes) -> Image:
    """Find out what the bytes of an image are; slow, and raises Refused for what is none."""
    info = check_image(data, purpose)
    image = data[: info.length]
    return Image(purpose, image, info.media_type, hashlib.sha256(image).hexdigest())


@contextmanager
def together_with(problems: Sequence[Problem]) -> Iterator[None]:
    """Refuse with what the block's rules find and `problems` in one answer."""
    try:
        yield
    except Refused as refusal:
        raise Refused(*refusal.problems, *problems) from None
    if problems:
        raise Refused(*problems)


@asynccontextmanager
async def stored(
    store: Store, images: Iterable[Image]
) -> AsyncIterator[dict[FilePurpose, StoredFile]]:
    """Store images for the block that makes their rows, and delete them when it is refused.

    After any other failure they stay: whether a broken commit has reached the disk cannot be told,
    and bytes without a row do less harm than a row without bytes.
    """
    files: dict[FilePurpose, StoredFile] = {}
    for image in images:
        key = new_key(image.purpose, SUFFIXES[image.media_type])
        size = await store.put(key, image.data, limit=SIZE_LIMIT)
        files[image.purpose] = StoredFile(image.purpose, image.media_type, size, image.sha256, key)
    try:
        yield files
    except (Refused, ApiError):
        await discard(store, [file.key for file in files.values()])
        raise


async def discard(store: Store, keys: Iterable[str]) -> None:
    """Delete what no row names any more; a failure costs space, so it is only logged."""
    for key in keys:
        try:
            await store.delete(key)
        except Exception:  # noqa: BLE001 - whatever the store's driver raises
            log.warning('file "%s" could not be deleted and stays in the store', key)
