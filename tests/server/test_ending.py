"""The end of a server that a balancer sends requests to: told first, gone later."""

import signal
import time
from pathlib import Path

import httpx2

from tests.serving import environment, free_port, serving

QUERY = {"query": "{ viewer { name } }"}
LINGER = 3


def test_a_server_that_ends_is_unready_at_once_and_answers_until_it_is_gone(tmp_path: Path) -> None:
    port = free_port()
    variables = environment(tmp_path / "data", port, linger_seconds=str(LINGER))
    with (
        serving(variables) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http,
    ):
        assert http.get("/readyz").status_code == 200
        begun = time.monotonic()
        process.terminate()
        while http.get("/readyz").status_code == 200:
            assert time.monotonic() - begun < LINGER
        told = http.get("/readyz")
        assert (told.status_code, told.json()["problems"]) == (503, ["this process is ending"])
        # A connection that is opened now is one the balancer made before it knew.
        answer = httpx2.post(f"http://127.0.0.1:{port}/graphql", json=QUERY)
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        process.wait(30)
        assert time.monotonic() - begun >= LINGER
        assert process.returncode == -signal.SIGTERM


def test_a_second_signal_ends_the_wait(tmp_path: Path) -> None:
    port = free_port()
    variables = environment(tmp_path / "data", port, linger_seconds="300")
    with serving(variables, "--no-worker") as process:
        process.terminate()
        while httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
            assert process.poll() is None
        process.terminate()
        process.wait(30)
