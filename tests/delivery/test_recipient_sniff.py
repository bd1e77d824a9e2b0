"""BLK-3: a file is what its bytes say, and is bounded before a reader opens it."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.sniff import Sheet, Text, sniff
from domain.errors import Code
from tests.delivery.recipients import GOOD, HEADER, csv_file, repacked, xlsx

ROWS = [HEADER, [GOOD, "张三", "A-1"]]


def refused(path: Path, bounds: Bounds | None = None) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        sniff(path, bounds or Bounds())
    assert "\n" not in caught.value.message
    return caught.value


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    return xlsx(tmp_path / "good.xlsx", ROWS)


def test_a_workbook_is_one_under_any_name(workbook: Path) -> None:
    assert sniff(workbook.rename(workbook.with_suffix(".csv")), Bounds()) == Sheet()


@pytest.mark.parametrize(
    ("encoding", "understood_as"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("ascii", "utf-8-sig"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_decoded_and_split(
    tmp_path: Path, encoding: str, understood_as: str, delimiter: str
) -> None:
    name = "Li" if encoding == "ascii" else "张三"
    path = csv_file(
        tmp_path / "a.csv", [[GOOD, name, "x, y; z"]], encoding=encoding, delimiter=delimiter
    )
    assert sniff(path, Bounds()) == Text(understood_as, delimiter)


def test_a_quoted_header_hides_its_commas(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [["Mobile, no blanks; please", "Name"]], delimiter=";")
    assert sniff(path, Bounds()) == Text("utf-8-sig", ";")


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert sniff(written(tmp_path / "a.csv", GOOD.encode()), Bounds()) == Text("utf-8-sig", ",")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"{\\rtf1", "an RTF document"),
        (b"\xef\xbb\xbf <html><table>", "a web page or an XML document"),
        (b"<?xml version='1.0'?>", "a web page or an XML document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Office document (.xls"),
    ],
)
def test_another_kind_is_refused_by_name(tmp_path: Path, content: bytes, what: str) -> None:
    refusal = refused(written(tmp_path / "recipients.xlsx", content))
    assert refusal.code is Code.INVALID
    assert refusal.message.startswith(f"the file is {what}")
    assert refusal.message.endswith("save it as .xlsx or .csv and upload that")


@pytest.mark.parametrize(
    ("part", "content", "what"),
    [
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument file"),
        ("xl/workbook.bin", b"", "a binary workbook (.xlsb)"),
        ("xl/vbaProject.bin", b"", "a workbook with macros (.xlsm)"),
        ("word/document.xml", b"", "a Word document"),
        ("ppt/presentation.xml", b"", "a presentation"),
        ("Index/Document.iwa", b"", "an Apple iWork document"),
        ("readme.txt", b"", "a zip archive"),
    ],
)
def test_another_zip_is_refused_by_name(
    tmp_path: Path, part: str, content: bytes, what: str
) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, content)
    assert refused(path).message.startswith(f"the file is {what}")


@pytest.mark.parametrize("part", ["[Content_Types].xml", "xl/workbook.xml"])
def test_a_workbook_has_its_parts(tmp_path: Path, workbook: Path, part: str) -> None:
    path = repacked(workbook, tmp_path / "a.xlsx", drop=part)
    assert refused(path).message.startswith("the file is a zip archive")


def test_a_password_is_named(tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    message = "the workbook is protected by a password: remove it and upload again"
    assert refused(written(tmp_path / "a.xlsx", content)).message == message


def test_an_encrypted_part_is_a_password_too(workbook: Path) -> None:
    content = bytearray(workbook.read_bytes())
    flags = content.index(b"PK\x01\x02") + 8
    content[flags] |= 1
    assert "protected by a password" in refused(written(workbook, bytes(content))).message


def test_an_empty_file(tmp_path: Path) -> None:
    refusal = refused(written(tmp_path / "a.csv", b""))
    assert (refusal.code, refusal.message) == (Code.REQUIRED, "the file is empty")


def test_the_size_limit_is_the_largest_file_taken(workbook: Path) -> None:
    size = workbook.stat().st_size
    assert sniff(workbook, Bounds(file_bytes=size)) == Sheet()
    refusal = refused(workbook, Bounds(file_bytes=size - 1))
    assert refusal.code is Code.TOO_LARGE
    assert f"larger than {size - 1:,} bytes" in refusal.message


def test_the_unpacked_limit_is_the_largest_sum_taken(workbook: Path) -> None:
    with zipfile.ZipFile(workbook) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    assert sniff(workbook, Bounds(unpacked_bytes=unpacked)) == Sheet()
    assert refused(workbook, Bounds(unpacked_bytes=unpacked - 1)).code is Code.TOO_LARGE


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path: Path, workbook: Path) -> None:
    zeros = {"xl/worksheets/sheet2.xml": bytes(50 * 2**20)}
    refusal = refused(repacked(workbook, tmp_path / "bomb.xlsx", add=zeros))
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message.startswith("the workbook unpacks to 50 MB, more than")


def test_many_parts_are_refused_before_they_are_listed(tmp_path: Path, workbook: Path) -> None:
    many = {f"xl/media/{number}.png": b"" for number in range(1_001)}
    refusal = refused(repacked(workbook, tmp_path / "a.xlsx", add=many))
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message.startswith("the workbook has more than 1,000 parts")


def test_a_directory_larger_than_its_count_is_refused(workbook: Path) -> None:
    content = bytearray(workbook.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    struct.pack_into("<L", content, end + 12, 2**31)
    assert refused(written(workbook, bytes(content))).code is Code.TOO_LARGE


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.xml", "xl/../../x.xml", "c:/x.xml"])
def test_a_part_with_a_path_outside_is_refused(tmp_path: Path, workbook: Path, name: str) -> None:
    refusal = refused(repacked(workbook, tmp_path / "a.xlsx", add={name: b"x"}))
    assert "a part with a wrong name" in refusal.message


def test_a_part_that_is_there_twice_is_refused(tmp_path: Path, workbook: Path) -> None:
    path = repacked(workbook, tmp_path / "a.xlsx", add={"XL/Worksheets/sheet1.xml": b"<x/>"})
    assert "has a part twice" in refused(path).message


def test_an_archive_inside_is_refused(tmp_path: Path, workbook: Path) -> None:
    inner = io.BytesIO(workbook.read_bytes()).getvalue()
    path = repacked(workbook, tmp_path / "a.xlsx", add={"xl/embeddings/book.xlsx": inner})
    assert "another archive inside" in refused(path).message


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_damaged(workbook: Path, kept: float) -> None:
    content = workbook.read_bytes()
    refusal = refused(written(workbook, content[: int(len(content) * kept)]))
    assert "damaged or was not uploaded whole" in refusal.message


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02binary", "号码".encode("utf-16-le"), b"1380013\xff\xff,x", b"138\xff"],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    message = refused(written(tmp_path / "a.csv", content)).message
    assert message.startswith("the file is neither a workbook nor a text in UTF-8")
