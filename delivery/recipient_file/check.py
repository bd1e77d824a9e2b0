"""Checking a recipient file from the server's side: another process reads it, batches come back."""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import orjson

from delivery.recipient_file.bounds import MB, FileRefused
from delivery.recipient_file.plan import (
    HEADER_BYTES,
    LARGEST_FRAME,
    Batch,
    CheckPlan,
    NumberPlan,
    Plan,
)
from domain.errors import Code

__all__ = ["Batch", "CheckPlan", "FileRefused", "NumberPlan", "ReaderKilled", "check"]

_READER: Final = "delivery.recipient_file.reader"
_UNREADABLE: Final = "the file can not be read: open it, save it again as .xlsx and upload that"
_LAST_WORDS: Final = 4_096  # how much of a dying reader's complaint is kept
_OUT_OF_MEMORY: Final = ("MemoryError", "memory allocation of")
_KILLED_FOR_MEMORY: Final = (-signal.SIGKILL, -signal.SIGABRT)
_KILLED_BY_OTHERS: Final = tuple(
    -number for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
)

_log = logging.getLogger(__name__)


class ReaderKilled(FileRefused):
    """The reader was ended from outside; only when that repeats itself is it the file's doing."""


async def check(plan: Plan, *, skip_rows: int = 0) -> AsyncGenerator[Batch, None]:
    """Check a file and yield what its rows are, batch by batch, in the order of the sheet.

    Started again with `skip_rows` of the last batch that was kept, it yields exactly the batches
    that come after it; duplicates of rows before it are still found. A slow consumer makes the
    reader wait. Raises FileRefused, at the start or after any batch, when the file as a whole can
    not be taken: then no batch of it counts, and only after a ReaderKilled may it be tried again.
    Close it (`contextlib.aclosing`) or cancel the task to end the reader early.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _READER),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=_environment(),
    )
    last_words = asyncio.ensure_future(_tail(process))
    try:
        await _send(process, plan.to_json(skip_rows))
        while (frame := await _frame(process, plan, last_words)) is not None:
            yield _batch(frame)
    finally:
        await _end(process)
        last_words.cancel()


def _environment() -> dict[str, str]:
    # The reader meets strangers' files: it gets the way to its code, and none of our settings.
    return {"PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)}


async def _send(process: Process, plan: bytes) -> None:
    if process.stdin is None:
        raise RuntimeError("the reader has no standard input")
    try:
        process.stdin.write(plan)
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # it died at once: reading from it tells how


async def _frame(
    process: Process, plan: Plan, last_words: "asyncio.Future[str]"
) -> list[Any] | None:
    """Read one frame; None at the end, FileRefused for a refusal or a reader that died."""
    if process.stdout is None:
        raise RuntimeError("the reader has no standard output")
    try:
        async with asyncio.timeout(plan.bounds.seconds):
            size = int.from_bytes(await process.stdout.readexactly(HEADER_BYTES))
            if size > LARGEST_FRAME:
                raise FileRefused(Code.INVALID, _UNREADABLE)
            kind, *fields = orjson.loads(await process.stdout.readexactly(size))
    except TimeoutError:
        raise _too_slow(plan) from None
    except asyncio.IncompleteReadError:
        raise _cause_of_death(await process.wait(), await last_words, plan) from None
    if kind == "refused":
        raise FileRefused(Code(fields[0]), fields[1])
    return fields if kind == "batch" else None


def _cause_of_death(exit_code: int, last_words: str, plan: Plan) -> FileRefused:
    _log.warning("the reader of %s ended with %s: %s", plan.path, exit_code, last_words)
    if exit_code == -signal.SIGXCPU:
        return _too_slow(plan)
    refused = ReaderKilled if exit_code in _KILLED_BY_OTHERS else FileRefused
    if exit_code in _KILLED_FOR_MEMORY or any(sign in last_words for sign in _OUT_OF_MEMORY):
        return refused(
            Code.TOO_LARGE,
            f"the sheet needs more memory than the {plan.bounds.memory_bytes // MB:,} MB allowed:"
            " remove columns and formats that are not needed, or upload a .csv",
        )
    return refused(Code.INVALID, _UNREADABLE)


def _too_slow(plan: Plan) -> FileRefused:
    return FileRefused(
        Code.TOO_LARGE,
        f"checking the file takes longer than {plan.bounds.seconds:,} seconds:"
        " split it, or upload a .csv",
    )


async def _tail(process: Process) -> str:
    kept = b""
    while process.stderr and (piece := await process.stderr.read(_LAST_WORDS)):
        kept = (kept + piece)[-_LAST_WORDS:]
    return kept.decode(errors="replace")


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def _batch(fields: list[Any]) -> Batch:
    seen, total, blank, recipients, errors, duplicates = fields
    return Batch(
        rows_seen=seen,
        rows_total=total,
        blank_rows=blank,
        recipients=list(map(tuple, recipients)),
        errors=list(map(tuple, errors)),
        duplicates=list(map(tuple, duplicates)),
    )
