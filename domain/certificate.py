"""Certificate images: JPEG or PNG by content, never by name, and never decoded (SIG-1, SIG-2)."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from domain.errors import Code, Refused

SIZE_LIMIT: Final = 5 * 1024 * 1024  # bytes; the guide: less than 5 MB
MOST_PIXELS: Final = 50_000_000

_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_START: Final = b"\xff\xd8\xff"

# A marker inside entropy-coded data: not a stuffed zero, not a restart, not a fill byte.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_LEAD: Final = re.compile(rb"\xff+")  # fill bytes may precede a marker
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What an upload is: media type, size in pixels, and the bytes that are the image.

    Phones put previews and clips behind the end of a JPEG, and polyglots put archives there:
    only the first `length` bytes are to be kept.
    """

    media_type: str
    width: int
    height: int
    length: int


class _Broken(Exception):  # noqa: N818 - said of an image, and never leaves this module
    """The bytes do not follow their format."""


def check_image(data: bytes, field: str = "certificate") -> ImageInfo:
    """Find out what an uploaded image is; raise Refused when it is none that may be kept.

    The file is walked from marker to marker before Pillow verifies it, so that a truncated one is
    found without decoding and an immense one refused before memory is asked for.
    """
    label = field.replace("_", " ")
    if not data:
        raise Refused.one(Code.REQUIRED, f"{label} is empty: upload a .jpg or .png image", field)
    if len(data) >= SIZE_LIMIT:
        message = f"{label} has {len(data)} bytes: upload an image of less than {SIZE_LIMIT}"
        raise Refused.one(Code.TOO_LARGE, message, field)
    try:
        if data.startswith(_PNG_START):
            found = _walk_png(data)
        elif data.startswith(_JPEG_START):
            found = _walk_jpeg(data)
        else:
            message = f"{label} is neither a JPEG nor a PNG image, whatever its name: convert it"
            raise Refused.one(Code.INVALID, message, field)
        if found.width * found.height > MOST_PIXELS:
            message = (
                f"{label} is {found.width} by {found.height} pixels: "
                f"scale it down to at most {MOST_PIXELS} in all"
            )
            raise Refused.one(Code.TOO_LARGE, message, field)
        _verify(data[: found.length], found.media_type)
    except _Broken as error:
        message = f"{label} is a damaged image ({error}): save or scan it again"
        raise Refused.one(Code.INVALID, message, field) from error
    return found


def _verify(data: bytes, media_type: str) -> None:
    """Let Pillow read the headers and check sums.

    The plugin classes are named because `Image.open` would go on to other formats, and warns, for
    the whole process, of sizes that were checked already.
    """
    plugin = PngImageFile if media_type == "image/png" else JpegImageFile
    try:
        with plugin(BytesIO(data)) as image:
            image.verify()
    except (SyntaxError, OSError, ValueError, EOFError, struct.error, zlib.error, Warning) as error:
        raise _Broken("its headers do not hold together") from error


def _walk_png(data: bytes) -> ImageInfo:
    position, size = len(_PNG_START), None
    while len(data) >= position + 12:
        length, kind = struct.unpack_from(">I4s", data, position)
        if size is None:
            if kind != b"IHDR" or length != 13 or len(data) < position + 16:  # noqa: PLR2004 - the size of IHDR
                raise _Broken("it has no header")
            size = _sides(*struct.unpack_from(">II", data, position + 8))
        position += 12 + length
        if kind == b"IEND" and position <= len(data):
            return ImageInfo("image/png", *size, position)
    raise _Broken("its end is missing")


def _walk_jpeg(data: bytes) -> ImageInfo:
    size = None
    try:
        for marker, position in _jpeg_markers(data):
            if marker in _FRAMES:
                if size is not None:
                    raise _Broken("it has two frames")
                height, width = struct.unpack_from(">HH", data, position + 3)
                size = _sides(width, height)
            elif marker == _END and size is not None:
                return ImageInfo("image/jpeg", *size, position)
    except (IndexError, struct.error) as error:
        raise _Broken("its end is missing") from error
    raise _Broken("it has no frame")


def _jpeg_markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker up to the end with the position behind it, stepping over what it holds."""
    position, marker = 2, 0
    while marker != _END:
        lead = _LEAD.match(data, position)
        if lead is None:
            raise _Broken("a marker is missing")
        position = lead.end()
        marker = data[position]
        position += 1
        yield marker, position
        if marker in _STANDALONE or marker == _END:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        position += max(length, 2)
        if marker == _SCAN:
            after = _NEXT_MARKER.search(data, position)
            if after is None:
                raise _Broken("its end is missing")
            position = after.start()


def _sides(width: int, height: int) -> tuple[int, int]:
    if not width or not height:
        raise _Broken("it has no size")
    return width, height
