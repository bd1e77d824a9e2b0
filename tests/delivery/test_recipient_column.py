"""domain.md 5.5: where the number and the variables are, by header or by position."""

import pytest

from delivery.recipient_file import column
from delivery.recipient_file.bounds import FileRefused
from delivery.recipient_file.form import header
from domain.errors import Code


@pytest.mark.parametrize(
    "heading",
    [
        "Mobile number",
        "Recipient's Mobile Number",
        "PHONE",
        "phone_number",
        "Tel.",
        "cell",
        "MSISDN",
        "手机号码",
        "手机",
        "收信人手机号",
        "接收人号码",
        "電話號碼",
        "联系方式",
        "Ｍｏｂｉｌｅ",
        "Mobile number (11 digits)",
    ],
)
def test_a_number_heading_makes_a_header(heading: str) -> None:
    found = column.find([heading, "Name", "Order"], 2)
    assert found == column.Columns(
        0, (1, 2), (f"A ({heading})", "B (Name)", "C (Order)"), has_header=True
    )


@pytest.mark.parametrize(
    "row",
    [
        ["13800138000", "Ann", "A-1"],
        ["+86 138-0013-8000", "your phone is ready", "call this number"],
        ["n/a", "Ann", "A-1"],
        ["13800138000.0", "your phone is ready", "A-1"],
        ["1.3800138E10", "your phone is ready", "A-1"],
        ["1.38E+10", "your phone is ready", "A-1"],
        ["hotel", "Ann", "A-1"],
    ],
)
def test_a_row_without_such_a_heading_is_a_recipient(row: list[str]) -> None:
    assert column.find(row, 2) == column.Columns(0, (1, 2), ("A", "B", "C"), has_header=False)


def test_the_own_form_is_understood() -> None:
    found = column.find(header(3), 3)
    assert (found.number, found.variables, found.has_header) == (0, (1, 2, 3), True)


def test_the_number_may_stand_elsewhere_when_its_heading_says_so() -> None:
    found = column.find(["Name", "Mobile", "Order"], 2)
    assert (found.number, found.variables) == (1, (0, 2))


def test_a_sure_wording_goes_before_a_likely_one() -> None:
    assert column.find(["Order number", "手机", "Name"], 2).number == 1


@pytest.mark.parametrize(
    ("headings", "variables"),
    [
        (["Mobile", "Variable 2", "Variable 1"], (2, 1)),
        (["手机号码", "变量2", "变量1"], (2, 1)),
        (["Mobile", "{2}", "{1}"], (2, 1)),
        (["Mobile", "SMS Content Variable 1", "SMS Content Variable 2"], (1, 2)),
        (["Mobile", "Note", "Param {1}", "Param {2}"], (2, 3)),
        (["Mobile", "Variable 1", "Order", "City"], (1, 2)),
    ],
)
def test_named_variables_are_found_by_name(headings: list[str], variables: tuple[int, ...]) -> None:
    assert column.find(headings, 2).variables == variables


@pytest.mark.parametrize(
    ("headings", "named", "place"),
    [
        (["Mobile", "Variable 2", "Order"], "B (Variable 2)", 1),
        (["Mobile", "Name", "Order", "变量1"], "D (变量1)", 3),
    ],
)
def test_a_heading_against_its_place_is_refused(
    headings: list[str], named: str, place: int
) -> None:
    with pytest.raises(FileRefused) as caught:
        column.find(headings, 2)
    assert caught.value.code is Code.MISMATCH
    assert caught.value.message == (
        f"column {named} stands in the place of variable {place}:"
        " name all variables in the header, or put them in order"
    )


@pytest.mark.parametrize(
    "headings",
    [
        ["Mobile", "{1}", "{1}"],
        ["Mobile", "{1}", "{2}", "{1}"],
        ["Mobile", "Variable 1", "Order", "变量1"],
    ],
)
def test_a_variable_that_stands_twice_refuses_the_file(headings: list[str]) -> None:
    with pytest.raises(FileRefused) as caught:
        column.find(headings, 2)
    assert caught.value.code is Code.MISMATCH
    assert caught.value.message == "column {1} stands twice: keep the one that is meant"


def test_a_variable_the_template_does_not_have_may_stand_twice() -> None:
    headings = ["Mobile", "Variable 1", "Variable 2", "Variable 3", "Variable 3"]
    assert column.find(headings, 2).variables == (1, 2)


@pytest.mark.parametrize("headings", [["Mobile", "Name"], ["13800138000", "Ann"]])
def test_fewer_columns_than_variables_refuse_the_file(headings: list[str]) -> None:
    with pytest.raises(FileRefused) as caught:
        column.find(headings, 2)
    assert caught.value.code is Code.MISMATCH
    assert caught.value.message == (
        "the template has 2 variables but the sheet has 1 column beside the number:"
        " fill in the template's own form"
    )


def test_more_columns_than_variables_are_accepted() -> None:
    assert column.find(["Mobile", "Name", "Order", "City"], 1).variables == (1,)


def test_labels_are_what_the_sheet_shows() -> None:
    labels = column.find(["Mobile", *("x" * 50 for _ in range(27))], 0, first_column=1).labels
    assert labels[0] == "B (Mobile)"
    assert labels[25:] == (f"AA ({'x' * 40})", f"AB ({'x' * 40})", f"AC ({'x' * 40})")
