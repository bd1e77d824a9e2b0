"""BLK-2: the form for a template has one number column and one column per variable."""

import io
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from delivery.recipient_file import form
from delivery.recipient_file.bounds import FileRefused
from domain.errors import Code
from domain.region import Region
from tests.delivery.recipients import GOOD, checked, plan

VALUES = ["Ann", "007"]


@pytest.mark.parametrize("region", list(Region))
@pytest.mark.parametrize("variables", [0, 1, 2, 100])
def test_the_first_sheet_is_the_header_alone(region: Region, variables: int) -> None:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(form.build_xlsx(variables, region)))
    assert workbook.get_sheet_by_index(0).to_python() == [form.header(variables)]


def test_the_second_sheet_explains_each_column() -> None:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(form.build_xlsx(2, Region.GLOBAL)))
    rows = workbook.get_sheet_by_index(1).to_python()
    assert [row[0] for row in rows[1:]] == form.header(2)
    assert [row[2] for row in rows[1:]] == [
        "8526666xxxx",
        "Example Ltd 示例公司",
        "server B 服务器B",
    ]
    assert "outside Mainland China" in str(rows[1][1])


@pytest.mark.parametrize("region", list(Region))
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_unedited_form_sends_nothing(tmp_path: Path, region: Region, kind: str) -> None:
    path = tmp_path / "form"
    path.write_bytes(form.build_xlsx(2, region) if kind == "xlsx" else form.build_csv(2))
    with pytest.raises(FileRefused) as caught:
        checked(plan(path, region=region))
    assert caught.value.code is Code.REQUIRED


def test_cells_are_texts_so_that_numbers_stay_whole() -> None:
    workbook = io.BytesIO(form.build_xlsx(2, Region.MAINLAND))
    with zipfile.ZipFile(workbook) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert '<col min="1" max="3" ' in sheet
    assert 'numFmtId="49"' in styles  # the built-in format "@"


def test_a_filled_csv_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    path.write_bytes(form.build_csv(2) + f"{GOOD},Ann,007\r\n".encode())
    assert checked(plan(path)).recipients[0][:4] == (2, f"+86{GOOD}", "CN", VALUES)
