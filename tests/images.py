"""Real images, and uploads of them as the endpoint hands them to a resolver."""

from functools import cache
from io import BytesIO
from random import Random

from PIL import Image
from starlette.datastructures import Headers, UploadFile


@cache
def image(kind: str = "PNG", width: int = 40, height: int = 30) -> bytes:
    """Draw an image; `kind` is PNG or JPEG."""
    buffer = BytesIO()
    noise = Random(7).randbytes(width * height * 3)  # noqa: S311 - the same picture each time
    Image.frombytes("RGB", (width, height), noise).save(buffer, kind)
    return buffer.getvalue()


def upload(data: bytes | None = None, name: str = "scan.png") -> UploadFile:
    """Wrap bytes as a part of a multipart request; by default a small PNG."""
    data = image() if data is None else data
    headers = Headers({"content-type": "application/octet-stream"})
    return UploadFile(BytesIO(data), size=len(data), filename=name, headers=headers)
