"""A real server in a process of its own, as an operator would start it."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Final

import httpx2

START_SECONDS: Final = 30
LISTENED: Final = range(10_000, 32_000)  # Linux gives connections of its own those above
ROOT: Final = Path(__file__).parent.parent
COMMAND: Final = (sys.executable, "-m", "server.cli")


def environment(data: Path, port: int, **settings: str) -> dict[str, str]:
    """Give the variables of a server on this data folder and port."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SMS_CONSOLE_")}
    given = {f"SMS_CONSOLE_{name.upper()}": value for name, value in settings.items()}
    return {
        **inherited,
        "SMS_CONSOLE_DATA": str(data),
        "SMS_CONSOLE_PORT": str(port),
        "SMS_CONSOLE_SIMULATOR_DELAY_SECONDS": "0.05",
        **given,
    }


def free_port() -> int:
    """Find a port nobody listens on, of those that no connection is given by itself."""
    while True:
        port = secrets.choice(LISTENED)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def serving(
    variables: Mapping[str, str], *options: str, log: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run `sms-console serve` until the block ends; it has to answer before the block begins.

    What it says goes to `log`, or is dropped.
    """
    # A file and no pipe: nobody reads on, and a full pipe would have the server wait for ever.
    with (
        nullcontext(log) if log else tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            [*COMMAND, "serve", *options],
            env=dict(variables),
            cwd=ROOT,
            stdout=said,
            stderr=said,
            text=True,
        ) as process,
    ):
        try:
            _await_health(process, variables["SMS_CONSOLE_PORT"], said)
            yield process
        finally:
            process.terminate()


def _await_health(process: subprocess.Popen[str], port: str, said: IO[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said.seek(0)
            raise RuntimeError(f"the server ended: {said.read()}")
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/healthz").json()["status"] == "ok":
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise TimeoutError(f"no answer within {START_SECONDS} seconds")


def run(variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run another command of `sms-console` to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        env=dict(variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
