"""CSV, workbooks and archives as other programs read them (STA-6, STA-8)."""

import csv
import io
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from delivery.export import archive, csv_file
from delivery.export.archive import Member
from delivery.export.table import TooManyRowsError, at_most, at_once
from delivery.export.xlsx_file import XlsxFile
from domain.cell import Cell

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
# What XML can hold; the rest never gets into a message (domain/text.py).
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))


def read_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def workbook(path: Path, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[list]:  # type: ignore[type-arg]  # - whatever the reader makes of the cells
    book = XlsxFile(path, headings, ZONE)
    book.write(rows)
    book.close()
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_csv_has_a_mark_and_crlf_and_quotes_what_needs_it() -> None:
    data = csv_file.head(["Number", "Text"])
    data += csv_file.lines([["+8613800138000", '„a", b\nc'], ["=1", "退订"]], ZONE)
    assert data == ('\ufeffNumber,Text\r\n+8613800138000,"„a"", b\nc"\r\n\'=1,退订\r\n'.encode())
    assert read_csv(data)[1:] == [["+8613800138000", '„a", b\nc'], ["'=1", "退订"]]


def test_a_lone_surrogate_spoils_no_file() -> None:
    assert csv_file.lines([["a\ud800"]], ZONE) == b"a?\r\n"


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2)))
def test_every_text_comes_back_from_csv(rows: list[list[str]]) -> None:
    back = read_csv(csv_file.head(["a", "b"]) + csv_file.lines(rows, ZONE))[1:]
    for row, cells in zip(back, rows, strict=True):
        for shown, cell in zip(row, cells, strict=True):
            assert shown in {cell, f"'{cell}"}


def test_a_workbook_keeps_texts_numbers_and_times_apart(tmp_path: Path) -> None:
    sheet = workbook(
        tmp_path / "a.xlsx",
        ["Number", "Count", "Share", "At", "Nothing"],
        [["+8613800138000", 3, 0.5, AT, None], ["=1+1", -1, 0.0, AT, "http://example.com"]],
    )
    at = datetime(2026, 3, 2, 10, 0)  # noqa: DTZ001 - workbooks know no zones
    assert sheet == [
        ["Number", "Count", "Share", "At", "Nothing"],
        ["+8613800138000", 3.0, 0.5, at, ""],
        ["=1+1", -1.0, 0.0, at, "http://example.com"],
    ]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as package:
        xml = package.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert b"hyperlink" not in xml


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[0m", "\ufffe", "\ud800", "_x0041_", "a" * 40_000])
def test_no_text_makes_a_workbook_unreadable(tmp_path: Path, text: str) -> None:
    sheet = workbook(tmp_path / "a.xlsx", ["Text", "End"], [[text, "end"]])
    assert sheet[1][1] == "end"
    assert len(sheet[1][0]) <= 32_767
    assert sheet[1][0]


def test_an_archive_is_one_that_others_can_open(tmp_path: Path) -> None:
    contents = {"records-1.csv": b"one\r\n" * 1_000, "records-2.csv": b"", "记录-3.csv": b"x"}
    members, whole = [], b""
    for name, content in contents.items():
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(content) + packer.flush()
        members.append(Member(name, zlib.crc32(content), len(content), len(packed)))
        whole += archive.local_header(members[-1], AT) + packed
    (tmp_path / "a.zip").write_bytes(whole + archive.directory(members, AT))
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == contents
        assert opened.infolist()[0].date_time == (2026, 3, 2, 2, 0, 0)


async def test_more_rows_than_allowed_are_an_error_and_no_short_table() -> None:
    assert [rows async for rows in at_most(2, at_once([["1"], ["2"]]))] == [[["1"], ["2"]]]
    with pytest.raises(TooManyRowsError):
        [rows async for rows in at_most(1, at_once([["1"], ["2"]]))]
