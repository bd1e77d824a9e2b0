"""BLK-3: a sheet as a whole: its rows in order, its limits, what refuses it, resuming."""

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


def test_the_row_limit_is_the_most_recipients_taken(tmp_path: Path) -> None:
    rows = [HEADER, *([f"1380013{number:04}", "Ann", "x"] for number in range(100)), []]
    path = csv_file(tmp_path / "a", rows)
    assert len(checked(plan(path, bounds=Bounds(rows=100))).recipients) == 100
    refusal = refused(plan(path, bounds=Bounds(rows=99)))
    assert refusal.code is Code.LIMIT_EXCEEDED
    assert refusal.message.startswith("the sheet has more than 99 recipients")


def test_the_row_limit_holds_for_blank_rows_too(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [[GOOD, "Ann", "A-1"], *([[]] * 100)])
    assert checked(plan(path, bounds=Bounds(rows=100))).blank_rows == 100
    refusal = refused(plan(path, bounds=Bounds(rows=99)))
    assert refusal.code is Code.LIMIT_EXCEEDED
    assert refusal.message == "the sheet has more than 99 blank rows: remove them"


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
    named = {error[0] for error in found.errors} | {row for row, *_ in found.duplicates}
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
