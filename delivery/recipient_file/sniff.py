"""What an uploaded file really is, by its bytes and never by its name.

Everything here happens before a spreadsheet reader sees the file: an .xlsx is a zip, so its
directory is bounded before it is read, and its parts before they are unpacked.
"""

import codecs
import csv
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from delivery.recipient_file.bounds import Bounds, FileRefused
from domain.errors import Code

_SAVE_AS: Final = "save it as .xlsx or .csv and upload that"
_PARTS: Final = 1_000  # an .xlsx of one sheet has about ten
_DIRECTORY_BYTES: Final = _PARTS * 256
_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_LONGEST_COMMENT: Final = 0xFFFF
_ENCRYPTED: Final = 0x1
_ZIP64: Final = 0xFFFF
_SAMPLE: Final = 2**16
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"{\\rtf", "an RTF document"),
)
_MARKUP: Final = (b"<!doctype", b"<html", b"<?xml", b"<table")


@dataclass(frozen=True, slots=True)
class Sheet:
    """An .xlsx workbook that may be opened."""


@dataclass(frozen=True, slots=True)
class Text:
    """A .csv file: how its bytes become text, and what stands between its cells."""

    encoding: str
    delimiter: str


def sniff(path: Path, bounds: Bounds) -> Sheet | Text:
    """Tell an .xlsx from a .csv; FileRefused names anything else, and a file out of bounds."""
    size = path.stat().st_size
    if size == 0:
        raise FileRefused(Code.REQUIRED, "the file is empty")
    if size > bounds.file_bytes:
        raise FileRefused(
            Code.TOO_LARGE,
            f"the file is larger than {_megabytes(bounds.file_bytes)}: split it and send two tasks",
        )
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if start.startswith(b"PK"):
        _check_zip(path, size, bounds)
        return Sheet()
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse_ole(path)
    for magic, name in _OTHERS:
        if start.startswith(magic):
            raise _not_a_sheet(name)
    if start.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower().startswith(_MARKUP):
        raise _not_a_sheet("a web page or an XML document")
    encoding = _encoding(path, start)
    return Text(encoding, _delimiter(path, encoding))


def _not_a_sheet(what: str) -> FileRefused:
    return FileRefused(Code.INVALID, f"the file is {what}, not a sheet of recipients: {_SAVE_AS}")


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB" if size >= 2**20 else f"{size:,} bytes"


def _refuse_ole(path: Path) -> FileRefused:
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        return FileRefused(
            Code.INVALID, "the workbook is protected by a password: remove it and upload again"
        )
    return _not_a_sheet("an old Office document (.xls, Excel 97-2003)")


def _check_zip(path: Path, size: int, bounds: Bounds) -> None:
    _check_directory(path, size)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = [part.filename for part in parts]
            _check_kind(archive, set(names))
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error):
        raise _damaged() from None
    if len(set(map(str.casefold, names))) != len(names):
        raise FileRefused(Code.INVALID, f"the workbook has a part twice: {_SAVE_AS}")
    for part in parts:
        _check_part(part)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > bounds.unpacked_bytes or unpacked > bounds.ratio * size:
        raise FileRefused(
            Code.TOO_LARGE,
            f"the workbook unpacks to {_megabytes(unpacked)}, more than"
            f" {_megabytes(min(bounds.unpacked_bytes, bounds.ratio * size))}:"
            " keep only the rows and columns that are needed, or upload a .csv",
        )


def _damaged() -> FileRefused:
    return FileRefused(
        Code.INVALID, "the workbook is damaged or was not uploaded whole: save it again as .xlsx"
    )


def _check_directory(path: Path, size: int) -> None:
    """Bound the zip's directory before it is read: each of its entries costs memory."""
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
        tail = file.read()
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise _damaged()
    _, _, _, _, entries, directory, offset, _ = _END.unpack_from(tail, at)
    if entries == _ZIP64 or entries > _PARTS or directory > _DIRECTORY_BYTES:
        raise FileRefused(
            Code.TOO_LARGE, f"the workbook has more than {_PARTS:,} parts: {_SAVE_AS}"
        )
    if offset + directory > size:
        raise _damaged()


def _check_kind(archive: zipfile.ZipFile, names: set[str]) -> None:
    if "mimetype" in names and archive.getinfo("mimetype").file_size < _DIRECTORY_BYTES:
        kind = archive.read("mimetype")
        if b"opendocument" in kind:
            raise _not_a_sheet("an OpenDocument file (.ods)")
    for name, what in (
        ("xl/workbook.bin", "a binary workbook (.xlsb)"),
        ("xl/vbaProject.bin", "a workbook with macros (.xlsm)"),
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a presentation"),
        ("Index/Document.iwa", "an Apple iWork document"),
    ):
        if name in names:
            raise _not_a_sheet(what)
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise _not_a_sheet("a zip archive")


def _check_part(part: zipfile.ZipInfo) -> None:
    name = part.filename
    if name.startswith(("/", "\\")) or ".." in name.split("/") or ":" in name:
        raise FileRefused(Code.INVALID, f"the workbook has a part with a wrong name: {_SAVE_AS}")
    if part.flag_bits & _ENCRYPTED:
        raise FileRefused(
            Code.INVALID, "the workbook is protected by a password: remove it and upload again"
        )
    if name.lower().endswith((".zip", ".xlsx", ".docx", ".gz")):
        raise FileRefused(
            Code.INVALID, f"the workbook has another archive inside: remove it, then {_SAVE_AS}"
        )


def _encoding(path: Path, start: bytes) -> str:
    """Find how a text file is written: what is not UTF-8 is GB18030, as Excel saves it in China."""
    if start.startswith(_UTF16):
        candidates = ["utf-16"]
    elif b"\0" in start:
        candidates = []
    else:
        candidates = ["utf-8-sig", "gb18030"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise FileRefused(
        Code.INVALID,
        "the file is neither a workbook nor a text in UTF-8, UTF-16 or GB18030:"
        " save it as .xlsx, or as a CSV in UTF-8",
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while piece := file.read(2**20):
                if _NO_TEXT.search(decoder.decode(piece)):
                    return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str) -> str:
    """The number stands first in a row, and has none of the three in it: the first seen wins."""
    with path.open(encoding=encoding, newline="") as file:
        quoted = False
        for character in file.read(_SAMPLE):
            if character == '"':
                quoted = not quoted
            elif character in ",;\t" and not quoted:
                return character
    return csv.excel.delimiter
