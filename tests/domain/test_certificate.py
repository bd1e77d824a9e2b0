"""Certificate images, real and hostile (SIG-1, SIG-2)."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from domain.certificate import MOST_PIXELS, SIZE_LIMIT, ImageInfo, check_image
from domain.errors import Code, Problem, Refused


def image(format_: str, mode: str = "RGB", **options: object) -> bytes:
    """Save a small picture with something in it."""
    buffer = BytesIO()
    Image.linear_gradient("L").resize((60, 40)).convert(mode).save(buffer, format_, **options)
    return buffer.getvalue()


def photograph() -> bytes:
    """Save a JPEG with a second picture behind its end, as phones do."""
    buffer = BytesIO()
    first, second = Image.new("RGB", (60, 40)), Image.new("RGB", (30, 20))
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    return buffer.getvalue()


JPEG, PNG, PROGRESSIVE = image("JPEG"), image("PNG"), image("JPEG", progressive=True)


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def refusal(data: bytes, field: str = "certificate") -> Problem:
    with pytest.raises(Refused) as refused:
        check_image(data, field)
    [problem] = refused.value.problems
    assert problem.field == (field,)
    return problem


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (JPEG, "image/jpeg"),
        (PROGRESSIVE, "image/jpeg"),
        (image("JPEG", "L"), "image/jpeg"),
        (image("JPEG", "CMYK", quality=95, optimize=True), "image/jpeg"),
        (PNG, "image/png"),
        (image("PNG", "P"), "image/png"),
        (image("PNG", "LA"), "image/png"),
    ],
)
def test_real_images_are_known_by_content(data: bytes, media_type: str) -> None:
    assert check_image(data) == ImageInfo(media_type, 60, 40, len(data))


@pytest.mark.parametrize("real", [JPEG, PROGRESSIVE, PNG])
@pytest.mark.parametrize("behind", [b"PK\x03\x04archive", b"<script>", b"\xff\xd9", b"\x00" * 99])
def test_what_is_behind_the_end_is_not_part_of_the_image(real: bytes, behind: bytes) -> None:
    """A polyglot keeps its image and loses the rest."""
    assert check_image(real + behind).length == len(real)


def test_a_photograph_with_a_preview_behind_it_is_an_image() -> None:
    data = photograph()
    found = check_image(data)
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 60, 40)
    assert found.length < len(data)
    assert check_image(data[: found.length]) == found


@pytest.mark.parametrize(
    "data",
    [
        image("GIF"),
        image("BMP"),
        image("WEBP"),
        image("TIFF"),
        b"%PDF-1.7",
        b"\x00" * 100,
        b"<svg/>",
        b"\xff\xd8",
    ],
)
def test_other_formats_are_refused_whatever_their_name(data: bytes) -> None:
    assert refusal(data) == Problem(
        Code.INVALID,
        "certificate is neither a JPEG nor a PNG image, whatever its name: convert it",
        ("certificate",),
    )


def test_an_empty_file_is_refused_under_its_own_field() -> None:
    assert refusal(b"", "authorization_letter") == Problem(
        Code.REQUIRED,
        "authorization letter is empty: upload a .jpg or .png image",
        ("authorization_letter",),
    )


def test_it_has_less_than_5_mb() -> None:
    assert check_image(JPEG + b"\x00" * (SIZE_LIMIT - 1 - len(JPEG))).length == len(JPEG)
    problem = refusal(JPEG + b"\x00" * (SIZE_LIMIT - len(JPEG)))
    assert problem.code is Code.TOO_LARGE
    assert problem.message == (
        "certificate has 5242880 bytes: upload an image of less than 5242880"
    )


def test_a_few_bytes_cannot_ask_for_much_memory() -> None:
    """A decompression bomb is refused by what its header claims."""
    pixels = chunk(b"IDAT", zlib.compress(b"\x00"))
    assert check_image(png(MOST_PIXELS, 1, pixels)).width == MOST_PIXELS
    assert refusal(png(MOST_PIXELS + 1, 1, pixels)).code is Code.TOO_LARGE
    assert refusal(png(0x7FFFFFFF, 0x7FFFFFFF, pixels)).code is Code.TOO_LARGE
    at = JPEG.index(b"\xff\xc0") + 5
    immense = JPEG[:at] + b"\xff\xff\xff\xff" + JPEG[at + 4 :]
    assert refusal(immense).message == (
        "certificate is 65535 by 65535 pixels: scale it down to at most 50000000 in all"
    )


@pytest.mark.parametrize("real", [JPEG, PROGRESSIVE, PNG])
def test_a_truncated_image_is_damaged_wherever_it_ends(real: bytes) -> None:
    for end in range(8, len(real)):
        problem = refusal(real[:end])
        assert problem.code is Code.INVALID
        assert "is a damaged image (" in problem.message


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (png(0, 5), "it has no size"),
        (PNG[:8] + PNG[33:], "it has no header"),
        (PNG.replace(b"IDAT", b"IDAU"), "its headers do not hold together"),
        (b"\xff\xd8\xff\xd9", "it has no frame"),
        (JPEG[:2] + b"\xff\xfe\x00\x04hiX" + JPEG[2:], "a marker is missing"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, fault: str) -> None:
    assert refusal(data).message == (
        f"certificate is a damaged image ({fault}): save or scan it again"
    )


@given(
    st.sampled_from([JPEG, PROGRESSIVE, PNG, photograph()]),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8),
    st.integers(0, 4000),
)
def test_no_bytes_do_more_than_be_refused(
    real: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    """Warnings are errors here, so a file that makes Pillow warn is covered too."""
    data = bytearray(real)
    for position, value in changes:
        data[position % len(data)] = value
    try:
        found = check_image(bytes(data[:end]))
    except Refused:
        return
    assert 0 < found.width * found.height <= MOST_PIXELS
    assert found.length <= end
