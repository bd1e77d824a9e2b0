"""GraphiQL in a real browser, from this server's own files and under its own content policy."""

import shutil
import subprocess
from pathlib import Path

import pytest

from server.graphql import WEB
from tests.serving import environment, free_port, run, serving

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
)


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium; CI installs one")
@pytest.mark.skipif(not (WEB / "graphiql").is_dir(), reason="needs what `make web` fetches")
def test_the_page_draws_itself_without_anything_from_elsewhere(tmp_path: Path) -> None:
    variables = environment(tmp_path / "data", free_port())
    assert run(variables, "migrate").returncode == 0
    with serving(variables, "--no-worker"):
        # As a sub-account's sign-in link has it.
        url = f"http://127.0.0.1:{variables['SMS_CONSOLE_PORT']}/graphql?accountUin=100000007"
        drawn = subprocess.run(
            [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'chrome'}", "--dump-dom", url],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    # The editor and the token hint are drawn by scripts; the page as served holds neither.
    assert "CodeMirror-code" in drawn
    assert "Authorization" in drawn
    assert "100000007" in drawn
    assert "https://" not in drawn.split("<body>")[0]
