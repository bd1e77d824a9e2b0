"""Serving HTTP until the process is told to end, and a while longer where a balancer needs it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from server.ending import Ending

GRACE_SECONDS: Final = 10


class Server(uvicorn.Server):
    """Says at the first signal that it ends, and goes on to answer for `linger` seconds.

    A balancer has that long to see /readyz fail and to send its requests elsewhere. A second
    signal ends the wait.
    """

    def __init__(self, config: uvicorn.Config, ending: Ending, linger: float) -> None:
        super().__init__(config)
        self._ending = ending
        self._linger = linger
        self._leave_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, or end the wait."""
        first = not self._ending.begun
        self._ending.begin()
        super().handle_exit(sig, frame)
        if first and self._linger:
            self.should_exit = False
            self._leave_at = time.monotonic() + self._linger

    async def on_tick(self, counter: int) -> bool:
        """Look whether the wait is over."""
        if self._leave_at is not None and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)


class SideServer(uvicorn.Server):
    """Serves beside what the process is for, and leaves signals to that."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def config(application: ASGIApp, host: str, port: int, proxies: str) -> uvicorn.Config:
    """Give uvicorn's settings of the console itself.

    `proxies` are the addresses and networks whose X-Forwarded-* headers are believed: without any,
    nobody is, whatever else uvicorn would take from the environment.
    """
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=[each.strip() for each in proxies.split(",") if each.strip()],
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def side_config(application: ASGIApp) -> uvicorn.Config:
    """Give uvicorn's settings of a listener for the operator's own machines."""
    return uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
