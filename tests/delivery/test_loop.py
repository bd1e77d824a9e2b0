"""Loops: woken at once, slower after failures, and silent about what failed in a message."""

import asyncio
import logging
import time

import pytest

from delivery.loop import Loop, wait


class Script:
    """Steps that give these pauses, or raise; what the loop waits for is written down."""

    def __init__(self, *steps: float | BaseException) -> None:
        self.steps = list(steps)
        self.waited: list[float] = []
        self.loop = Loop("the test", self.step, self.wait)

    async def step(self) -> float:
        """Take the next step; the loop ends with the last."""
        step = self.steps.pop(0)
        if not self.steps:
            self.loop.stop()
        if isinstance(step, BaseException):
            raise step
        return step

    async def wait(self, _event: asyncio.Event, seconds: float) -> None:
        """Let no time pass."""
        self.waited.append(seconds)


async def test_it_goes_on_at_once_while_there_is_work_and_waits_as_long_as_told() -> None:
    script = Script(0, 0, 5, 0, 7, 0)
    await script.loop.run()
    assert script.waited == [5, 7]


async def test_failures_are_tried_again_after_ever_longer_pauses() -> None:
    script = Script(*[OSError()] * 12, 0, OSError(), 0)
    await script.loop.run()
    assert script.waited == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30, 0.1]


async def test_a_failure_is_logged_with_its_place_and_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script(ValueError("no such number: +8613800138000"), 0)
    with caplog.at_level(logging.ERROR):
        await script.loop.run()
    (line,) = caplog.messages
    assert line.startswith("the test failed and goes on in 0.1 s: ValueError at loop.py:")
    assert "test_loop.py" in line
    assert "13800138000" not in caplog.text


async def test_waking_ends_a_wait_and_is_not_lost_during_a_step() -> None:
    steps = 0
    reached = asyncio.Event()

    async def step() -> float:
        nonlocal steps
        steps += 1
        if steps == 1:
            loop.wake()
        if steps == 2:
            reached.set()
        return 3600

    loop = Loop("the test", step)
    running = asyncio.create_task(loop.run())
    async with asyncio.timeout(5):
        await reached.wait()
        loop.stop()
        await running
    assert steps == 2


async def test_a_loop_that_was_stopped_before_takes_no_step() -> None:
    script = Script(0)
    script.loop.stop()
    await script.loop.run()
    assert script.steps == [0]


async def test_a_wait_ends_with_its_time() -> None:
    async with asyncio.timeout(5):
        await wait(asyncio.Event(), 0.001)


async def test_cancelling_is_no_failure() -> None:
    script = Script(asyncio.CancelledError(), 0)
    with pytest.raises(asyncio.CancelledError):
        await script.loop.run()


async def test_a_loop_says_how_long_its_step_has_been_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[float] = []
    clock = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)

    async def step() -> float:
        nonlocal clock
        clock += 7.5
        seen.append(loop.under_way)
        loop.stop()
        return 0

    loop = Loop("the test", step)
    assert (loop.name, loop.under_way) == ("the test", 0)
    await loop.run()
    assert (seen, loop.under_way) == ([7.5], 0)
