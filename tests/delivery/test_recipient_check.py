"""BLK-3: a stranger's file can cost the reading process its life, never the server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import xlsxwriter

from delivery.recipient_file.bounds import MB, Bounds
from delivery.recipient_file.check import Batch, CheckPlan, FileRefused, ReaderKilled, check
from delivery.recipient_file.reader import batches
from domain.errors import Code
from tests.delivery.recipients import HEADER, csv_file, plan, xlsx

ROWS = [HEADER, *([f"1380013{number:04}", "Ann", "A-1"] for number in range(99))]


async def all_of(a_plan: CheckPlan, skip_rows: int = 0) -> list[Batch]:
    return [batch async for batch in check(a_plan, skip_rows=skip_rows)]


async def exhaust(running: AsyncIterator[Batch], seen: list[Batch]) -> None:
    async for batch in running:
        seen.append(batch)  # noqa: PERF401 - what was seen must outlive an error


async def refusal_within(running: AsyncIterator[Batch]) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        await exhaust(running, [])
    assert "\n" not in caught.value.message
    return caught.value


async def refusal_of(a_plan: CheckPlan) -> FileRefused:
    return await refusal_within(check(a_plan))


def readers() -> list[psutil.Process]:
    mine = psutil.Process(os.getpid()).children(recursive=True)
    return [child for child in mine if "delivery.recipient_file.reader" in child.cmdline()]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_batches_come_through_the_pipe_as_they_are(tmp_path: Path, kind: str) -> None:
    rows = [*ROWS, ["bad", "Ann", "A-1"], [], ROWS[1]]
    write = xlsx if kind == "xlsx" else csv_file
    a_plan = plan(write(tmp_path / "a", rows), batch_rows=10)
    found = await all_of(a_plan)
    assert found == list(batches(a_plan, 0))
    assert [batch.rows_seen for batch in found] == [*range(10, 101, 10), 103]
    assert sum(len(batch.recipients) for batch in found) == 99
    assert [row[:2] for row in found[-1].duplicates] == [(103, 2)]


async def test_a_killed_check_is_resumed_at_the_last_kept_batch(tmp_path: Path) -> None:
    a_plan = plan(xlsx(tmp_path / "a", [*ROWS, ROWS[1]]), batch_rows=10)
    whole = await all_of(a_plan)
    kept = []
    async with aclosing(check(a_plan)) as running:
        async for batch in running:
            kept.append(batch)
            if len(kept) == 4:
                break
    assert readers() == []
    assert kept + await all_of(a_plan, kept[-1].rows_seen) == whole


async def test_a_cancelled_check_ends_its_reader(tmp_path: Path) -> None:
    a_plan = plan(csv_file(tmp_path / "a", ROWS * 200), batch_rows=1)
    started = asyncio.Event()

    async def consume() -> None:
        async with aclosing(check(a_plan)) as running:
            async for _ in running:
                started.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(consume())
    await started.wait()
    assert len(readers()) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert readers() == []


async def test_a_refusal_comes_through_the_pipe(tmp_path: Path) -> None:
    refusal = await refusal_of(plan(csv_file(tmp_path / "a", [HEADER])))
    assert refusal.code is Code.REQUIRED
    assert refusal.message == "the sheet has no recipients: fill in one row for each"


async def test_a_refusal_may_follow_batches(tmp_path: Path) -> None:
    a_plan = plan(csv_file(tmp_path / "a", ROWS), bounds=Bounds(rows=50), batch_rows=10)
    seen: list[Batch] = []
    with pytest.raises(FileRefused, match="more than 50 recipients"):
        await exhaust(check(a_plan), seen)
    assert [batch.rows_seen for batch in seen] == [10, 20, 30, 40, 50]


async def test_two_cells_a_sheet_apart_need_too_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, 1)
        sheet.write(1_048_575, 16_383, 1)
    refusal = await refusal_of(plan(path))
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message == (
        "the sheet needs more memory than the 1,024 MB allowed:"
        " remove columns and formats that are not needed, or upload a .csv"
    )


async def test_one_text_in_many_cells_needs_too_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for number in range(8_000):
            sheet.write_string(number, 0, "x" * 32_767)
    assert path.stat().st_size < MB
    refusal = await refusal_of(plan(path, bounds=Bounds(memory_bytes=256 * MB)))
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message.startswith("the sheet needs more memory than the 256 MB allowed")


async def test_one_row_of_commas_needs_too_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"," * 20 * MB)
    refusal = await refusal_of(plan(path, bounds=Bounds(memory_bytes=160 * MB)))
    assert type(refusal) is FileRefused
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message.startswith("the sheet needs more memory than the 160 MB allowed")


async def test_processor_time_is_limited(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [["85266661234", "Ann", "A-1"]] * 40_000)
    refusal = await refusal_of(plan(path, bounds=Bounds(seconds=1), batch_rows=50_000))
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message.startswith("checking the file takes longer than 1 seconds")


async def test_a_reader_that_falls_silent_is_ended(tmp_path: Path) -> None:
    a_plan = plan(csv_file(tmp_path / "a", ROWS * 500), bounds=Bounds(seconds=1), batch_rows=1)
    running = check(a_plan)
    await anext(running)
    readers()[0].suspend()
    refusal = await refusal_within(running)
    assert refusal.code is Code.TOO_LARGE
    assert refusal.message.startswith("checking the file takes longer than 1 seconds")
    assert readers() == []


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (signal.SIGKILL, ReaderKilled),
        (signal.SIGTERM, ReaderKilled),
        (signal.SIGABRT, FileRefused),
        (signal.SIGSEGV, FileRefused),
    ],
)
async def test_an_end_from_outside_is_told_from_one_of_memory(
    tmp_path: Path, number: signal.Signals, refusal: type[FileRefused]
) -> None:
    running = check(plan(csv_file(tmp_path / "a", ROWS * 500), batch_rows=1))
    await anext(running)
    readers()[0].send_signal(number)
    assert type(await refusal_within(running)) is refusal


async def test_a_file_that_is_gone_says_it_can_not_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = await refusal_of(plan(tmp_path / "gone"))
    assert refusal.code is Code.INVALID
    assert refusal.message.startswith("the file can not be read")
    assert "FileNotFoundError" in caplog.text


async def test_the_reader_gets_none_of_our_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_CONSOLE_SECRET", "hidden")
    async with aclosing(check(plan(csv_file(tmp_path / "a", ROWS * 500), batch_rows=1))) as running:
        await anext(running)
        assert set(readers()[0].environ()) - {"LC_CTYPE"} == {"PYTHONPATH"}


@pytest.mark.parametrize("position", [30, 200, 1_000, 2_000, 3_000, 4_000])
async def test_a_flipped_byte_is_an_answer_and_no_crash(tmp_path: Path, position: int) -> None:
    path = xlsx(tmp_path / "a", ROWS)
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)
    seen: list[Batch] = []
    try:
        await exhaust(check(plan(path)), seen)
    except FileRefused as refused:
        answer = refused.message
    else:
        answer = f"{sum(len(batch.recipients) for batch in seen)} recipients"
    assert answer in {
        "99 recipients",
        "the workbook is damaged: open it, save it again as .xlsx and upload that",
        "the workbook is damaged or was not uploaded whole: save it again as .xlsx",
    }
