"""BLK-3: every row is a recipient, an error with its place and reason, or a duplicate."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.plan import CheckPlan
from delivery.recipient_file.reader import batches
from domain.errors import Code
from domain.region import IdentityKind, Region
from tests.delivery.recipients import (
    GOOD,
    HEADER,
    checked,
    csv_file,
    plan,
    repacked,
    xlsx,
)

OTHER = "13900139000"


def refused(a_plan: CheckPlan) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        list(batches(a_plan, 0))
    assert "\n" not in caught.value.message
    return caught.value


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
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        sheet.write_string(4, 0, "13800138004")
        sheet.write_string(4, 1, "=1+1")
        sheet.write_string(4, 2, "two\r\nlines")
    found = checked(plan(path, "Values {1} and {2}"))
    assert found.errors == []
    assert [(row[1], row[3]) for row in found.recipients] == [
        ("+8613800138000", ["7", "1.5"]),
        ("+8613800138001", ["007", " kept "]),
        ("+8613800138002", ["TRUE", "2026-11-22"]),
        ("+8613800138003", ["cached", ""]),
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
    assert found.duplicates == [(4, 2), (6, 2)]


def test_content_is_the_text_and_not_its_pieces(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "ab", "c"], [GOOD, "a", "bc"]])
    assert checked(plan(path, "Hello {1}{2}")).duplicates == [(2, 1)]


def test_a_template_without_variables_needs_only_numbers(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [[GOOD], [OTHER], [GOOD]])
    found = checked(plan(path, "We are closed tomorrow."))
    assert [row[:4] for row in found.recipients] == [
        (1, f"+86{GOOD}", "CN", []),
        (2, f"+86{OTHER}", "CN", []),
    ]
    assert found.duplicates == [(3, 1)]


def test_a_variable_used_twice_or_out_of_order(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "a%s", "bb"], [OTHER, "a", "bb"]])
    found = checked(plan(path, "100% {2}, {1} and {2}"))
    assert [row[4] for row in found.recipients] == [
        len(f"【XYZ】100% bb, {name} and bb") for name in ("a%s", "a")
    ]


def test_blank_rows_are_counted_and_keep_the_numbers_of_others(tmp_path: Path) -> None:
    rows = [[], HEADER, [], ["  ", "", " "], [GOOD, "Ann", "A-1"], [], ["bad", "Ann", "A-1"]]
    for path in (xlsx(tmp_path / "a", rows), csv_file(tmp_path / "b", rows)):
        found = checked(plan(path))
        assert [row[0] for row in found.recipients] == [5]
        assert [error[0] for error in found.errors] == [7]
        assert (found.blank_rows, found.rows_seen) == (4, 7)


def test_empty_columns_before_the_number_are_left_out(tmp_path: Path) -> None:
    rows = [[None, None, "Mobile", "Name", "Order"], [None, None, "bad", "Ann", "A-1"]]
    found = checked(plan(xlsx(tmp_path / "a", rows)))
    assert found.errors[0][:2] == (2, "C (Mobile)")


def test_a_short_csv_row_has_empty_values(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [[GOOD, "Ann", "A-1"], [OTHER], [OTHER, "Ann", "A-1", "more"]])
    assert [row[3] for row in checked(plan(path)).recipients] == [
        ["Ann", "A-1"],
        ["", ""],
        ["Ann", "A-1"],
    ]


def test_only_the_first_visible_sheet_counts(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with xlsxwriter.Workbook(path) as workbook:
        hidden, shown, last = (workbook.add_worksheet() for _ in range(3))
        hidden.write_row(0, 0, [OTHER, "hidden", "x"])
        shown.write_row(0, 0, [GOOD, "shown", "x"])
        last.write_row(0, 0, [OTHER, "last", "x"])
        shown.activate()
        hidden.hide()
    assert [row[3] for row in checked(plan(path)).recipients] == [["shown", "x"]]


def test_links_to_other_workbooks_are_not_followed(tmp_path: Path) -> None:
    link = (
        b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<externalBook r:id="rId1" xmlns:r="http://schemas.openxmlformats.org/officeDocument/'
        b'2006/relationships"/></externalLink>'
    )
    good = xlsx(tmp_path / "a", [[GOOD, "Ann", "A-1"]])
    path = repacked(good, tmp_path / "b", add={"xl/externalLinks/externalLink1.xml": link})
    assert len(checked(plan(path)).recipients) == 1


@pytest.mark.parametrize("rows", [[HEADER], [[]], [HEADER, [], [" "]]])
def test_a_sheet_without_recipients_is_refused(tmp_path: Path, rows: list[list[str]]) -> None:
    for path in (xlsx(tmp_path / "a", rows), csv_file(tmp_path / "b", rows)):
        refusal = refused(plan(path))
        assert (refusal.code, refusal.message) == (
            Code.REQUIRED,
            "the sheet has no recipients: fill in one row for each",
        )


def test_only_bad_rows_are_errors_and_no_refusal(tmp_path: Path) -> None:
    found = checked(plan(xlsx(tmp_path / "a", [HEADER, ["x", "Ann", "A-1"], ["y", "Ann", "A-2"]])))
    assert (found.recipients, [error[0] for error in found.errors]) == ([], [2, 3])


def test_the_row_limit_is_the_most_recipients_taken(tmp_path: Path) -> None:
    rows = [HEADER, *([f"1380013{number:04}", "Ann", "x"] for number in range(100)), []]
    path = csv_file(tmp_path / "a", rows)
    assert len(checked(plan(path, bounds=Bounds(rows=100))).recipients) == 100
    refusal = refused(plan(path, bounds=Bounds(rows=99)))
    assert refusal.code is Code.LIMIT_EXCEEDED
    assert refusal.message.startswith("the sheet has more than 99 recipients")


def test_the_column_limit_is_the_widest_sheet_taken(tmp_path: Path) -> None:
    for path in (
        xlsx(tmp_path / "a", [[GOOD, *("x" * 100)]]),
        csv_file(tmp_path / "b", [[GOOD, *("x" * 100)]]),
    ):
        assert len(checked(plan(path)).recipients) == 1
        refusal = refused(plan(path, bounds=Bounds(columns=100)))
        assert refusal.code is Code.LIMIT_EXCEEDED
        assert refusal.message.startswith("the sheet has 101 columns, more than 100")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (f'{GOOD},"Ann,A-1\n{OTHER},Bob,A-2\n', 1),
        (f'{GOOD},Ann,A-1\n{OTHER},"Bob,A-2\n{GOOD},"Ann",A-3\n', 2),
        (f'{GOOD},"{"x" * 131_073}",A-1\n', 1),
    ],
)
def test_a_stray_quotation_mark_swallows_no_rows(tmp_path: Path, text: str, row: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    refusal = refused(plan(path))
    assert refusal.code is Code.INVALID
    assert refusal.message.startswith(f"row {row} has a quotation mark that is never closed")


def test_a_huge_cell_is_an_error_of_its_row(tmp_path: Path) -> None:
    rows = [[GOOD, "x" * 32_767, "A-1"], ["1" * 32_767, "Ann", "A-1"], [OTHER, "Ann", "A-1"]]
    found = checked(plan(xlsx(tmp_path / "a", rows)))
    assert [row[0] for row in found.recipients] == [3]
    assert [(error[0], error[1], len(error[3])) for error in found.errors] == [
        (1, "B", 100),
        (2, "A", 100),
    ]
    assert all(len(error[4]) < 300 for error in found.errors)


def test_damage_inside_a_workbook_is_named(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "a", [[GOOD, "Ann", "A-1"]])
    path = repacked(
        good,
        tmp_path / "b",
        drop="xl/worksheets/sheet1.xml",
        add={"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row><c"},
    )
    assert refused(plan(path)).message.startswith("the workbook is damaged")


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD, "Ann", "A-1"]])
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 24 : at + 28] = b"\x01\0\0\0"
    path.write_bytes(content)
    assert refused(plan(path)).message.startswith("the workbook is damaged")


def test_a_template_that_is_too_long_with_its_signature_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a", [[GOOD]])
    refusal = refused(plan(path, "x" * 499))
    assert refusal.code is Code.TOO_LONG
    assert refusal.message.startswith("text has 504 characters with its signature")


CELL = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"),
    max_size=20,
)
NUMBER = st.integers(0, 9_999).map(lambda tail: f"1380013{tail:04}")
ROW = st.tuples(st.one_of(NUMBER, st.sampled_from(["", "x", "123"])), CELL, CELL).map(list)
in_a_folder = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@in_a_folder
@given(rows=st.lists(st.tuples(NUMBER, CELL, CELL).map(list), min_size=1, max_size=8))
def test_what_is_written_to_a_sheet_comes_back(tmp_path: Path, rows: list[list[str]]) -> None:
    """Both kinds give the same: each row is a recipient with its very values, or is named."""
    answers = [
        checked(plan(write(tmp_path / "a", [HEADER, *rows]), "Values {1} and {2}"))
        for write in (xlsx, csv_file)
    ]
    assert answers[0] == answers[1]
    found = answers[0]
    taken = {row[0]: (row[1], row[3]) for row in found.recipients}
    named = {error[0] for error in found.errors} | {row for row, _ in found.duplicates}
    assert taken.keys() | named == set(range(2, len(rows) + 2))
    assert not taken.keys() & named
    for number, (e164, values) in taken.items():
        assert [e164[3:], *values] == rows[number - 2]


@in_a_folder
@given(rows=st.lists(ROW, min_size=1, max_size=40), batch=st.integers(1, 9), data=st.data())
def test_a_check_resumed_anywhere_gives_the_rest(
    tmp_path: Path, rows: list[list[str]], batch: int, data: st.DataObject
) -> None:
    rows.append([GOOD, "the", "last"])
    a_plan = plan(csv_file(tmp_path / "a", rows), "Values {1} and {2}", batch_rows=batch)
    whole = list(batches(a_plan, 0))
    kept = data.draw(st.integers(0, len(whole)))
    skip = whole[kept - 1].rows_seen if kept else 0
    assert list(batches(a_plan, skip)) == whole[kept:]
    anywhere = data.draw(st.integers(0, len(rows) - 1))
    rest = checked(a_plan, anywhere)
    all_rows = checked(a_plan)
    assert rest == replace(
        all_rows,
        recipients=[row for row in all_rows.recipients if row[0] > anywhere],
        errors=[error for error in all_rows.errors if error[0] > anywhere],
        duplicates=[row for row in all_rows.duplicates if row[0] > anywhere],
    )
