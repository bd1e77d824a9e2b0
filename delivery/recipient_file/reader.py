"""The process that reads a recipient file: `python -m delivery.recipient_file.reader`.

A workbook is unpacked into memory whole, and it is a stranger's file; here that can cost this
process its life and nobody else's. It takes a plan on standard input and answers on standard
output with frames (plan.py): `["batch", ...]` for each batch, then `["end"]`, or
`["refused", code, message]`.
"""

import gc
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, Final

import orjson

from delivery.recipient_file.bounds import Bounds, FileRefused
from delivery.recipient_file.checker import Checker
from delivery.recipient_file.number_checker import NumberChecker
from delivery.recipient_file.plan import HEADER_BYTES, Batch, CheckPlan, Plan, read_plan
from delivery.recipient_file.source import Source, opened
from domain.errors import Code

_GRACE: Final = 5


def limit_resources(bounds: Bounds) -> None:
    """Bound this process; a system that knows a limit only by name (macOS) goes without it."""
    for kind, soft, hard in (
        (resource.RLIMIT_AS, bounds.memory_bytes, bounds.memory_bytes),
        # At the hard limit a process is killed as it is for memory; the soft one tells them apart.
        (resource.RLIMIT_CPU, bounds.seconds, bounds.seconds + _GRACE),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):
            continue


def batches(plan: Plan, skip_rows: int) -> Iterator[Batch]:
    """Check the file from the row after `skip_rows` on; the rows before it count as first seen.

    Batches end at multiples of `batch_rows`, so one that begins where another ended is the same
    however often the checking was started. Raises FileRefused, also after some batches.
    """
    with opened(plan.path, plan.bounds) as source:
        checker = _checker(plan, source.first_column)
        seen = _read(source, checker, 0, skip_rows)
        while True:
            checker.clear()
            before = seen
            seen = _read(source, checker, seen, plan.batch_rows - seen % plan.batch_rows)
            _check_count(checker, plan)
            if seen == before:
                break
            yield Batch(
                rows_seen=seen,
                rows_total=max(seen, source.total),
                blank_rows=checker.blank_rows,
                recipients=checker.recipients,
                errors=checker.errors,
                duplicates=checker.duplicates,
            )
        if not checker.filled_rows:
            message = f"the sheet has no {plan.rows_are}: fill in one row for each"
            raise FileRefused(Code.REQUIRED, message)


def _checker(plan: Plan, first_column: int) -> Checker | NumberChecker:
    if isinstance(plan, CheckPlan):
        return Checker(plan, first_column)
    return NumberChecker(first_column)


def _check_count(checker: Checker | NumberChecker, plan: Plan) -> None:
    most = plan.bounds.rows
    if checker.filled_rows > most:
        message = f"the sheet has more than {most:,} {plan.rows_are}: {plan.when_too_many}"
        raise FileRefused(Code.LIMIT_EXCEEDED, message)
    if checker.blank_rows > most:
        message = f"the sheet has more than {most:,} blank rows: remove them"
        raise FileRefused(Code.LIMIT_EXCEEDED, message)


def _read(source: Source, checker: Checker | NumberChecker, seen: int, count: int) -> int:
    check = checker.row
    for cells in islice(source.rows, count):
        seen += 1
        check(seen, cells)
    return seen


def answer(plan: Plan, skip_rows: int, target: IO[bytes]) -> None:
    """Write a frame for each batch, and one that says how it ended."""
    try:
        for batch in batches(plan, skip_rows):
            fields = (getattr(batch, name) for name in Batch.__slots__)
            _send(target, ["batch", *fields])
        _send(target, ["end"])
    except FileRefused as refused:
        _send(target, ["refused", refused.code, refused.message])


def _send(target: IO[bytes], frame: list[Any]) -> None:
    data = orjson.dumps(frame)
    target.write(len(data).to_bytes(HEADER_BYTES))
    target.write(data)
    target.flush()


def main() -> None:
    """Read a plan, bound this process, answer."""
    plan, skip_rows = read_plan(sys.stdin.buffer.read())
    limit_resources(plan.bounds)
    gc.disable()  # rows make no cycles, and looking for them among a million costs a tenth
    answer(plan, skip_rows, sys.stdout.buffer)


if __name__ == "__main__":
    main()
