"""The standard recipient form (BLK-2): one number column and one column per variable.

The guide's form explains itself in a row under the header, and that row is sent when it stays.
Here the first sheet has the header alone: hints show beside a selected cell, and the guide's
table of instructions and examples is on a second sheet, which is never read.
"""

import csv
import io
from typing import Final

import xlsxwriter

from domain.region import Region

_TEXT: Final = {"num_format": 49}  # text, "@": a sheet makes floats of long numbers
_ROWS: Final = 1_048_576
_WIDTH: Final = 28
_FORMAT_HINT: Final = "Leave the cells as text, without a number format. 单元格请使用文本格式。"
_EXAMPLES: Final = ("Example Ltd 示例公司", "server B 服务器B", "100 USD")


def header(variables: int) -> list[str]:
    """Name the columns, in both languages, as the checking recognises them."""
    return [
        "Mobile number 手机号码",
        *(f"Variable {{{position}}} 变量{position}" for position in range(1, variables + 1)),
    ]


def build_xlsx(variables: int, region: Region | None) -> bytes:
    """Make the form for a template with that many variables; no region takes numbers of any."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as workbook:
        as_text = workbook.add_format(_TEXT)
        bold = workbook.add_format({**_TEXT, "bold": True, "text_wrap": True})
        wrapped = workbook.add_format({**_TEXT, "text_wrap": True, "valign": "top"})
        sheet = workbook.add_worksheet("Recipients 收信人")
        sheet.set_column(0, variables, _WIDTH, as_text)
        sheet.write_row(0, 0, header(variables), bold)
        sheet.freeze_panes(1, 1)
        sheet.ignore_errors({"number_stored_as_text": f"A2:XFD{_ROWS}"})
        for position, hint in enumerate(_hints(variables, region)):
            sheet.data_validation(
                1,
                position,
                _ROWS - 1,
                position,
                {"validate": "any", "input_title": _title(position), "input_message": hint},
            )
        guide = workbook.add_worksheet("Instructions 说明")
        guide.set_column(0, 2, 2 * _WIDTH)
        guide.write_row(0, 0, ["Column 列", "Instructions 说明", "Example 示例"], bold)
        rows = zip(
            header(variables), _hints(variables, region), _examples(variables, region), strict=True
        )
        for position, row in enumerate(rows, 1):
            guide.write_row(position, 0, row, wrapped)
    return target.getvalue()


def build_csv(variables: int) -> bytes:
    """Make the form as a .csv: the header row, in UTF-8 with the mark spreadsheets look for."""
    target = io.StringIO(newline="")
    csv.writer(target).writerow(header(variables))
    return target.getvalue().encode("utf-8-sig")


def _title(position: int) -> str:
    return "Mobile number 手机号码" if position == 0 else f"Variable {{{position}}} 变量{position}"


def _hints(variables: int, region: Region | None) -> list[str]:
    if region is None:
        number = (
            "A number a row: 11 digits for Mainland China, country or region code and number"
            " elsewhere. 每行一个手机号码：中国大陆填11位数字，其他填国家或地区码加号码。"  # noqa: RUF001 - Chinese punctuation
        )
    elif region is Region.MAINLAND:
        number = (
            "The recipient's number, registered in Mainland China: 11 digits, one number a row."
            " 中国大陆手机号码，11位数字，每行一个。"  # noqa: RUF001 - Chinese punctuation
        )
    else:
        number = (
            "The recipient's number, registered outside Mainland China: country or region code and"
            " number, one a row. 国家或地区码加手机号码（中国大陆以外），每行一个。"  # noqa: RUF001 - Chinese punctuation
        )
    return [
        number + _FORMAT_HINT,
        *(
            f"What replaces {{{position}}} in the template."
            f" 替换模板中{{{position}}}的内容。{_FORMAT_HINT}"
            for position in range(1, variables + 1)
        ),
    ]


def _examples(variables: int, region: Region | None) -> list[str]:
    number = "8526666xxxx" if region is Region.GLOBAL else "139xxxxxxxx"
    return [number, *(_EXAMPLES[position % len(_EXAMPLES)] for position in range(variables))]
