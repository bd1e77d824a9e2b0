"""Forms of customers: numbers alone, of any region, each once (CUS-1)."""

from pathlib import Path

import pytest

from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.plan import Batch, NumberPlan, read_plan
from delivery.recipient_file.reader import batches
from domain.errors import Code
from tests.delivery.recipients import csv_file, xlsx


def checked(plan: NumberPlan, skip_rows: int = 0) -> list[Batch]:
    return list(batches(plan, skip_rows))


def test_a_row_is_a_number_a_repetition_an_error_or_blank(tmp_path: Path) -> None:
    table: list[list[object]] = [
        ["Name", "手机号码"],
        ["Ann", 13800138000.0],
        [],
        ["Bob", "+852 6666 1234"],
        ["Ann again", "0086-138-0013-8000"],
        ["Cid"],
        ["Dan", "12025550123"],
        ["Eve", "1.39E+10"],
        ["Fay", " 85266661234 "],
    ]
    (batch,) = checked(NumberPlan(xlsx(tmp_path / "a", table)))
    assert batch.recipients == [
        (2, "+8613800138000", "CN", [], 0, 0),
        (4, "+85266661234", "HK", [], 0, 0),
    ]
    assert batch.duplicates == [(5, 2, "+8613800138000"), (9, 4, "+85266661234")]
    label = "B (手机号码)"
    assert batch.errors == [
        (
            6,
            label,
            Code.REQUIRED,
            "",
            "mobile number is empty: enter one, or clear the row",
        ),
        (
            7,
            label,
            Code.INVALID,
            "12025550123",
            (
                'mobile number "12025550123" is not a mobile number: write 11 digits of '
                "Mainland China, or +12025550123 if its country code is 1"
            ),
        ),
        (
            8,
            label,
            Code.INVALID,
            "1.39E+10",
            (
                'mobile number "1.39E+10" has been shortened by the spreadsheet: '
                "format the column as text"
            ),
        ),
    ]
    assert (batch.rows_seen, batch.rows_total, batch.blank_rows) == (9, 9, 1)


def test_a_sheet_without_a_header_begins_with_its_first_number(tmp_path: Path) -> None:
    (batch,) = checked(NumberPlan(csv_file(tmp_path / "a", [["13800138000"], ["85266661234"]])))
    assert [row[:2] for row in batch.recipients] == [(1, "+8613800138000"), (2, "+85266661234")]


def test_reading_again_from_any_batch_gives_what_came_behind_it(tmp_path: Path) -> None:
    table = [[f"138{number % 70:08d}"] for number in range(100)]
    plan = NumberPlan(csv_file(tmp_path / "a", table), batch_rows=15)
    whole = checked(plan)
    assert sum(len(batch.recipients) for batch in whole) == 70
    assert sum(len(batch.duplicates) for batch in whole) == 30
    for place, batch in enumerate(whole, 1):
        assert checked(plan, batch.rows_seen) == whole[place:]


@pytest.mark.parametrize(
    ("rows", "most", "message"),
    [
        (0, 5, "the sheet has no customers: fill in one row for each"),
        (6, 5, "the sheet has more than 5 customers: split it and import each part"),
    ],
)
def test_a_form_has_a_customer_and_no_more_than_the_bound(
    tmp_path: Path, rows: int, most: int, message: str
) -> None:
    table = [["Mobile number"], *([f"138{number:08d}"] for number in range(rows))]
    plan = NumberPlan(csv_file(tmp_path / "a", table), Bounds(rows=most))
    with pytest.raises(FileRefused) as refused:
        checked(plan)
    assert refused.value.message == message
    if rows:
        fits = NumberPlan(csv_file(tmp_path / "b", table[:-1]), Bounds(rows=most))
        assert len(checked(fits)[0].recipients) == most


def test_a_plan_is_the_same_on_the_other_side(tmp_path: Path) -> None:
    plan = NumberPlan(tmp_path / "a", Bounds(rows=7), batch_rows=3)
    assert read_plan(plan.to_json(12)) == (plan, 12)
