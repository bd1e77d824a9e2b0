"""The product's main job, by its own commands on a real server: BLK-1 to BLK-9, STA-1, STA-4."""

import json
from pathlib import Path

import pytest

from tests.serving import environment, free_port, run, serving


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_ten_thousand_recipients_reach_their_last_figure(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = ""
    if kind == "postgresql":
        url = request.getfixturevalue("bare_postgresql_url").replace("+psycopg", "")
    variables = environment(tmp_path / "data", free_port(), database_url=url)
    if url:
        refused = run(variables, "serve", "--demo")
        assert refused.returncode == 2
        assert "run `sms-console migrate`" in refused.stderr
        assert run(variables, "migrate").returncode == 0
    with serving(variables, "--demo"):
        played = run(variables, "demo")
    assert played.returncode == 0, played.stdout + played.stderr
    for shown in ("The first rows left out", "Overview", "Failures by reason", "MK:0012"):
        assert shown in played.stdout
    kept = tmp_path / "data" / "demo.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.read_text()
    with serving(variables, "--demo"):
        assert kept.read_text() == before
    assert json.loads(before)["account_uin"] == "12345678"
