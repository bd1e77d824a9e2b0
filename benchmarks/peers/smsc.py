"""The SMSC of the delivery benchmarks, one for every peer: a server we did not write (npm smpp)."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("smsc.js")
MODULES: Final = Path(__file__).parents[2] / "tests" / "delivery" / "smpp" / "npm" / "node_modules"
LOOK: Final = 0.1  # seconds between looks at the counts


@dataclass(frozen=True, slots=True)
class Counts:
    """What the SMSC saw since the first submission, times in seconds."""

    submitted: int
    acknowledged: int
    last_submit: float
    last_receipt: float


@dataclass(frozen=True, slots=True)
class Smsc:
    """A running SMSC on loopback."""

    port: int

    def counts(self, path: str = "/") -> Counts:
        """Read the counts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}{path}") as answer:
            return Counts(*json.load(answer).values())

    def reset(self) -> None:
        """Begin to count anew."""
        self.counts("/reset")

    def wait(self, messages: int, *, receipts: bool, seconds: float) -> Counts:
        """Wait until so many were submitted, and their receipts acknowledged, or time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            counts = self.counts()
            if (counts.acknowledged if receipts else counts.submitted) >= messages:
                break
            time.sleep(LOOK)
        return self.counts()


@contextmanager
def smsc(port: int) -> Iterator[Smsc]:
    """Run an SMSC; raises FileNotFoundError without Node or its package (`make test` brings it)."""
    node = shutil.which("node")
    if node is None or not (MODULES / "smpp").is_dir():
        raise FileNotFoundError("the SMSC needs Node.js and the npm package smpp: run make test")
    process = subprocess.Popen(
        [node, str(SCRIPT), str(port)], env={**os.environ, "NODE_PATH": str(MODULES)}
    )
    try:
        server = Smsc(port)
        for _ in range(100):
            try:
                server.reset()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield server
    finally:
        process.kill()
        process.wait()
