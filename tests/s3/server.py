"""A real S3 server for tests, in a process and an environment of its own.

moto wants an older python-dateutil than DBOS does, so the two cannot be installed together; the
Makefile installs it beside the product from tests/s3/requirements.lock.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.serving import ROOT, free_port

PROGRAM: Final = ROOT / "build" / "s3" / "bin" / "moto_server"
BUCKET: Final = "console"
START_SECONDS: Final = 30


@contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """Serve S3 while the block lasts; gives the variables that lead to it, with one bucket."""
    if not PROGRAM.exists():
        pytest.fail("there is no S3 server: run `make build/s3/installed` once")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with (folder / "s3.log").open("w") as log:
        command = [str(PROGRAM), "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _make_bucket(f"{endpoint}/{BUCKET}")
        yield {
            "AWS_ENDPOINT": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "console",
            "AWS_SECRET_ACCESS_KEY": "a secret of the test",
        }
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _make_bucket(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx2.put(url).raise_for_status()
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"the S3 server did not answer within {START_SECONDS} seconds")
