"""BLK-3: every row is a recipient, an error with its place and reason, or a duplicate."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter

from domain.errors import Code
from domain.region import IdentityKind, Region
from tests.delivery.recipients import GOOD, HEADER, checked, csv_file, plan, xlsx

OTHER = "13900139000"


def test_a_good_row_is_a_recipient_with_its_size(tmp_path: Path) -> None:
    found = checked(plan(xlsx(tmp_path / "a", [HEADER, [GOOD, "Ann", "A-1"]])))
    text = "【XYZ】Dear Ann, your order A-1 is on its way."
    assert found.recipients == [(2, f"+86{GOOD}", "CN", ["Ann", "A-1"], len(text), 1)]
    assert (found.errors, found.duplicates, found.blank_rows) == ([], [], 0)
    assert (found.rows_seen, found.rows_total) == (2, 2)


def test_a_long_text_takes_more_segments(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "x" * 100, "y"], [OTHER, "😀" * 20, "y"]])
    sizes = [(row[4], row[5]) for row in checked(plan(path)).recipients]
    constant = len("【XYZ】Dear , your order  is on its way.")
    assert sizes == [(constant + 101, 3), (constant + 41, 2)]


def test_global_numbers_are_measured_by_their_alphabet(tmp_path: Path) -> None:
    rows: list[list[object]] = [[85266661234.0, "Ann", "A-1"], ["+447400123456", "Anç", "A-1"]]
    found = checked(plan(xlsx(tmp_path / "a", rows), region=Region.GLOBAL, signature=None))
    size = len("Dear Ann, your order A-1 is on its way.")
    assert found.recipients == [
        (1, "+85266661234", "HK", ["Ann", "A-1"], size, 1),
        (2, "+447400123456", "GB", ["Anç", "A-1"], size, 1),
    ]


def test_what_a_sheet_stores_is_what_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [13800138000, 7, 1.5])
        sheet.write_row(1, 0, ["013800138001", "007", " kept "])
        sheet.write_row(2, 0, [13800138002, True])
        sheet.write_datetime(2, 2, dt.date(2026, 11, 22), date)
        sheet.write_formula(3, 0, "=13800138000+3", None, 13800138003)
        sheet.write_formula(3, 1, '=HYPERLINK("http://example.com")', None, "cached")
        sheet.write_formula(3, 2, "=3+4", None, 7)
        sheet.write_string(4, 0, "13800138004")
        sheet.write_string(4, 1, "=1+1")
        sheet.write_string(4, 2, "two\r\nlines")
        sheet.write_row(5, 0, [13800138005, "Ann"])
        sheet.write_formula(5, 2, "=1/0", None, "#DIV/0!")
    found = checked(plan(path, "Values {1} and {2}"))
    assert [error[:4] for error in found.errors] == [(6, "C", Code.REQUIRED, "")]
    assert [(row[1], row[3]) for row in found.recipients] == [
        ("+8613800138000", ["7", "1.5"]),
        ("+8613800138001", ["007", " kept "]),
        ("+8613800138002", ["TRUE", "2026-11-22"]),
        ("+8613800138003", ["cached", "7"]),
        ("+8613800138004", ["=1+1", "two\nlines"]),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_each_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [
        ["手机号码", "姓名", "订单"],
        [GOOD, "张三", "=1+1"],
        [f" {OTHER} ", "李四, 先生", 'a"b'],
    ]
    path = csv_file(tmp_path / "a", rows, encoding=encoding, delimiter=delimiter)
    assert [row[:4] for row in checked(plan(path)).recipients] == [
        (2, f"+86{GOOD}", "CN", ["张三", "=1+1"]),
        (3, f"+86{OTHER}", "CN", ["李四, 先生", 'a"b']),
    ]


def test_every_bad_cell_has_row_column_value_and_reason(tmp_path: Path) -> None:
    rows = [
        ["Mobile", "Name", "Order"],
        ["12345", "Ann", "A-1"],
        ["", "Ann", "A-2"],
        ["85266661234", "Ann", "A-3"],
        [GOOD, "see http://example.com/x", "【x】"],
        [GOOD, "x" * 501, "A-5"],
        ["abc", "http://example.com/x", "A-6"],
        [GOOD, "Ann", "A-7"],
    ]
    found = checked(plan(xlsx(tmp_path / "a", rows)))
    assert [row[0] for row in found.recipients] == [8]
    assert [error[:4] for error in found.errors] == [
        (2, "A (Mobile)", Code.INVALID, "12345"),
        (3, "A (Mobile)", Code.REQUIRED, ""),
        (4, "A (Mobile)", Code.MISMATCH, "85266661234"),
        (5, "B (Name)", Code.INVALID, "see http://example.com/x"),
        (5, "C (Order)", Code.INVALID, "【x】"),
        (6, "B (Name)", Code.TOO_LONG, "x" * 100),
        (7, "A (Mobile)", Code.INVALID, "abc"),
        (7, "B (Name)", Code.INVALID, "http://example.com/x"),
    ]
    messages = [error[4] for error in found.errors]
    assert messages[0].startswith('mobile number "12345" is not a Mainland China mobile number')
    assert messages[1] == "mobile number is empty: enter one, or clear the row"
    assert messages[2].endswith(
        "is registered in HK, outside Mainland China: use Global SMS for it"
    )
    assert "contains a link" in messages[3]
    assert all("\n" not in message and len(message) < 300 for message in messages)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_number_written_by_a_program_is_that_number(tmp_path: Path, kind: str) -> None:
    numbers = [GOOD, f"{GOOD}.0", "1.3800138E10", " 1.38E+10", "1.38E+10 "]
    rows = [[number, f"Ann {place}", "A-1"] for place, number in enumerate(numbers)]
    write = xlsx if kind == "xlsx" else csv_file
    found = checked(plan(write(tmp_path / "a", rows)))
    assert [row[:2] for row in found.recipients] == [(row, f"+86{GOOD}") for row in (1, 2, 3)]
    message = (
        'mobile number "1.38E+10" has been shortened by the spreadsheet: format the column as text'
    )
    assert found.errors == [
        (4, "A", Code.INVALID, " 1.38E+10", message),
        (5, "A", Code.INVALID, "1.38E+10 ", message),
    ]


def test_a_global_number_written_by_a_program_is_that_number(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [["85266661234.0", "Ann", "A"], ["8.5266661E+10", "Ann", "A"]])
    found = checked(plan(path, region=Region.GLOBAL))
    assert [row[1] for row in found.recipients] == ["+85266661234", "+85266661000"]


def test_a_mainland_number_is_no_global_recipient(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[f"86{GOOD}", "Ann", "A-1"]])
    found = checked(plan(path, region=Region.GLOBAL))
    assert found.recipients == []
    assert found.errors[0][:3] == (1, "A", Code.MISMATCH)


def test_a_full_text_of_500_characters_is_the_longest(tmp_path: Path) -> None:
    constant = len("【XYZ】Dear , your order  is on its way.")
    rows = [[GOOD, "x", "y" * (499 - constant)], [OTHER, "x", "y" * (500 - constant)]]
    found = checked(plan(xlsx(tmp_path / "a", rows)))
    assert [(row[0], row[4], row[5]) for row in found.recipients] == [(1, 500, 8)]
    assert [error[:3] for error in found.errors] == [(2, "C", Code.TOO_LONG)]
    assert found.errors[0][4].startswith("text has 501 characters with its signature")


def test_an_individual_has_short_variables(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "x" * 12, "y"], [OTHER, "x" * 13, "y"]])
    found = checked(plan(path, identity=IdentityKind.INDIVIDUAL))
    assert [row[0] for row in found.recipients] == [1]
    assert [error[:3] for error in found.errors] == [(2, "B", Code.TOO_LONG)]


def test_a_verification_code_is_digits(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, 123456], [OTHER, "12345a"]])
    found = checked(plan(path, "Your code is {1}."))
    assert [row[:4] for row in found.recipients] == [(1, f"+86{GOOD}", "CN", ["123456"])]
    assert [error[:3] for error in found.errors] == [(2, "B", Code.INVALID)]


def test_one_number_gets_the_same_content_once(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [
        HEADER,
        [GOOD, "Ann", "A-1"],
        [GOOD, "Ann", "A-2"],
        [f"+86 {GOOD}", "Ann", "A-1"],
        [OTHER, "Ann", "A-1"],
        [13800138000, "Ann", "A-1"],
    ]
    found = checked(plan(xlsx(tmp_path / "a", rows)))
    assert [row[0] for row in found.recipients] == [2, 3, 5]
    assert found.duplicates == [(4, 2, f"+86{GOOD}"), (6, 2, f"+86{GOOD}")]


def test_content_is_the_text_and_not_its_pieces(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "ab", "c"], [GOOD, "a", "bc"]])
    assert checked(plan(path, "Hello {1}{2}")).duplicates == [(2, 1, f"+86{GOOD}")]


def test_a_template_without_variables_needs_only_numbers(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [[GOOD], [OTHER], [GOOD]])
    found = checked(plan(path, "We are closed tomorrow."))
    assert [row[:4] for row in found.recipients] == [
        (1, f"+86{GOOD}", "CN", []),
        (2, f"+86{OTHER}", "CN", []),
    ]
    assert found.duplicates == [(3, 1, f"+86{GOOD}")]


def test_a_variable_used_twice_or_out_of_order(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "a%s", "bb"], [OTHER, "a", "bb"]])
    found = checked(plan(path, "100% {2}, {1} and {2}"))
    assert [row[4] for row in found.recipients] == [
        len(f"【XYZ】100% bb, {name} and bb") for name in ("a%s", "a")
    ]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_empty_value_is_an_error_of_its_row(tmp_path: Path, kind: str) -> None:
    rows = [HEADER, [GOOD, "Ann", "A-1"], [OTHER, "Ann"], [OTHER, "", " "], [OTHER, "Ann", "A-1"]]
    write = xlsx if kind == "xlsx" else csv_file
    found = checked(plan(write(tmp_path / "a", rows)))
    assert [row[0] for row in found.recipients] == [2, 5]
    second = "variable {2} is empty: fill it in"
    assert found.errors == [
        (3, "C (Variable 2)", Code.REQUIRED, "", second),
        (4, "B (Variable 1)", Code.REQUIRED, "", "variable {1} is empty: fill it in"),
        (4, "C (Variable 2)", Code.REQUIRED, " ", second),
    ]


def test_more_cells_than_variables_are_left_out(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [[GOOD, "Ann", "A-1"], [OTHER, "Ann", "A-1", "more"]])
    assert [row[3] for row in checked(plan(path)).recipients] == [["Ann", "A-1"]] * 2


def test_only_bad_rows_are_errors_and_no_refusal(tmp_path: Path) -> None:
    found = checked(plan(xlsx(tmp_path / "a", [HEADER, ["x", "Ann", "A-1"], ["y", "Ann", "A-2"]])))
    assert (found.recipients, [error[0] for error in found.errors]) == ([], [2, 3])


def test_a_huge_cell_is_an_error_of_its_row(tmp_path: Path) -> None:
    rows = [[GOOD, "x" * 32_767, "A-1"], ["1" * 32_767, "Ann", "A-1"], [OTHER, "Ann", "A-1"]]
    found = checked(plan(xlsx(tmp_path / "a", rows)))
    assert [row[0] for row in found.recipients] == [3]
    assert [(error[0], error[1], len(error[3])) for error in found.errors] == [
        (1, "B", 100),
        (2, "A", 100),
    ]
    assert all(len(error[4]) < 300 for error in found.errors)
