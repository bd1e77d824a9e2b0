"""Recipient files for tests: real ones by xlsxwriter and csv, and the plans to check them with."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import xlsxwriter

from delivery.recipient_file.plan import Batch, CheckPlan
from delivery.recipient_file.reader import batches
from domain.region import IdentityKind, Region

HEADER = ["Mobile number", "Variable 1", "Variable 2"]
TEMPLATE = "Dear {1}, your order {2} is on its way."
GOOD = "13800138000"


def xlsx(path: Path, rows: Iterable[Iterable[object]]) -> Path:
    """Write rows as a spreadsheet program does: texts as texts, numbers as numbers."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        worksheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for position, value in enumerate(row):
                if isinstance(value, str):
                    worksheet.write_string(number, position, value)
                elif value is not None:
                    worksheet.write(number, position, value)
    return path


def csv_file(
    path: Path, rows: Iterable[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    """Write rows as text."""
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter).writerows(rows)
    path.write_bytes(target.getvalue().encode(encoding))
    return path


def repacked(
    source: Path, target: Path, *, add: Mapping[str, bytes] | None = None, drop: str = ""
) -> Path:
    """Copy a workbook with parts added, or one left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != drop:
                new.writestr(name, old.read(name))
        for name, content in (add or {}).items():
            new.writestr(name, content)
    return target


def plan(path: Path, template: str = TEMPLATE, **changes: Any) -> CheckPlan:
    """Plan a check for an organization; the full text begins with 【XYZ】."""
    usual = CheckPlan(path, Region.MAINLAND, template, "XYZ", IdentityKind.ORGANIZATION)
    return replace(usual, **changes)


def checked(a_plan: CheckPlan, skip_rows: int = 0) -> Batch:
    """Check a small file in this process, all its batches as one."""
    found = list(batches(a_plan, skip_rows))
    return Batch(
        rows_seen=found[-1].rows_seen,
        rows_total=found[-1].rows_total,
        blank_rows=found[-1].blank_rows,
        recipients=[recipient for batch in found for recipient in batch.recipients],
        errors=[error for batch in found for error in batch.errors],
        duplicates=[duplicate for batch in found for duplicate in batch.duplicates],
    )
