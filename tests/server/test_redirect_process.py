"""Short URLs of a real server (URL-2): behind proxies, in a browser, and when it is killed."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from db import short_url
from db.session import Database
from domain.short_url import Draft
from tests import bulk
from tests.serving import environment, free_port, run, serving

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
LASTS = timedelta(days=90)


async def prepare(folder: Path, **settings: str) -> tuple[Mapping[str, str], list[str]]:
    """Make a database with a short URL to the server's own health, and one that has expired."""
    port = free_port()
    variables = environment(folder / "data", port, **settings)
    assert run(variables, "migrate").returncode == 0
    database = Database(f"sqlite+aiosqlite:///{folder}/data/console.sqlite")
    now = datetime.now(UTC)
    account = await bulk.add_account(database, now)
    codes = []
    async with database.write() as session:
        for made in (now, now - LASTS):
            draft = Draft("Health", f"http://127.0.0.1:{port}/healthz", "http://s.example.com")
            row = await short_url.add(session, account.uin, draft, made, LASTS)
            codes.append(f"http://127.0.0.1:{port}/s/{row.code}")
    await database.close()
    return variables, codes


def visitors(folder: Path) -> dict[str, int]:
    """Read who is stored, as whoever starts after a crash would."""
    connection = sqlite3.connect(folder / "data" / "console.sqlite")
    found = dict(connection.execute("SELECT address, clicks FROM short_url_visitor"))
    assert sum(found.values()) == sum(
        clicks for (clicks,) in connection.execute("SELECT clicks FROM short_url_hour")
    )
    connection.close()
    return found


@pytest.mark.parametrize(
    ("proxies", "found"),
    [("127.0.0.1", {"203.0.113.7": 1, "2001:db8::/64": 1}), ("", {"127.0.0.1": 2})],
)
async def test_only_a_trusted_proxy_says_who_clicks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proxies: str,
    found: dict[str, int],
) -> None:
    # What uvicorn would believe by itself.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    variables, (url, _) = await prepare(tmp_path, trusted_proxies=proxies)
    with serving(variables, "--no-worker"):
        for said in ("198.51.100.1, 203.0.113.7", "[2001:db8::1]:4711"):
            headers = {"user-agent": AGENT, "x-forwarded-for": said}
            assert httpx2.get(url, headers=headers, follow_redirects=False).status_code == 302
    assert visitors(tmp_path) == found


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    variables, (url, _) = await prepare(tmp_path)
    answered, asked = 0, 0
    with serving(variables, "--no-worker") as server:

        async def ask(client: httpx2.AsyncClient, number: int) -> None:
            nonlocal answered, asked
            while True:
                asked += 1
                headers = {"user-agent": AGENT, "x-forwarded-for": f"203.0.113.{number}"}
                answer = await client.get(url, headers=headers)
                assert answer.status_code == 302
                answered += 1
                if answered == 300:
                    server.send_signal(signal.SIGKILL)

        async with httpx2.AsyncClient() as client:
            ended = await asyncio.gather(
                *(ask(client, number) for number in range(16)), return_exceptions=True
            )
    assert all(isinstance(error, httpx2.TransportError) for error in ended)
    assert 300 <= answered <= sum(visitors(tmp_path).values()) <= asked


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium; CI installs one")
async def test_a_browser_is_led_on_and_reads_why_it_is_not(tmp_path: Path) -> None:
    variables, (good, expired) = await prepare(tmp_path)
    with serving(variables, "--no-worker"):
        drawn = {
            name: draw(tmp_path, url)
            for name, url in (("good", good), ("expired", expired), ("unknown", good[:-8] + "none"))
        }
    assert '"status":"ok"' in drawn["good"].replace("&quot;", '"')
    assert "<h1>This link has expired</h1>" in drawn["expired"]
    assert "链接不存在" in drawn["unknown"]
    assert visitors(tmp_path) == {"127.0.0.1": 1}


def draw(folder: Path, url: str) -> str:
    """Open a page as a phone does, and give what is drawn."""
    options = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-agent={AGENT}",
        f"--user-data-dir={folder / 'chrome'}",
        "--dump-dom",
    )
    done = subprocess.run(
        [str(CHROMIUM), *options, url], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout
