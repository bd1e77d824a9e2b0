"""The command line: what is wrong is said by name, at the start, and without a trace."""

import stat
from pathlib import Path

import pytest

from delivery.workflows import WorkerRunsError, check_free
from tests.serving import environment, free_port, run, serving


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("secret_key", "abc", "SMS_CONSOLE_SECRET_KEY must hold 32 bytes in base64"),
        ("store_url", "ftp://x", 'SMS_CONSOLE_STORE_URL: "ftp://x" is not a place'),
        ("policies", "/nowhere", "SMS_CONSOLE_POLICIES: there is no model.conf"),
        ("database_url", "sqlite:////nowhere/x.sqlite", "SMS_CONSOLE_DATABASE_URL: no database"),
        ("database_url", "postgresql://u:sekret@127.0.0.1:1/x", "Connection refused"),
        ("data", "/proc/nowhere", "SMS_CONSOLE_DATA:"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start_by_name(
    tmp_path: Path, setting: str, value: str, told: str
) -> None:
    variables = {
        **environment(tmp_path / "data", free_port()),
        f"SMS_CONSOLE_{setting.upper()}": value,
    }
    refused = run(variables, "migrate")
    shown = " ".join(refused.stderr.split())
    assert (refused.returncode, told in shown) == (2, True), shown
    assert "Traceback" not in shown
    assert "sekret" not in shown


def test_a_second_worker_on_one_file_is_refused_before_it_serves(tmp_path: Path) -> None:
    variables = environment(tmp_path / "data", free_port())
    with serving(variables):
        second = {**variables, "SMS_CONSOLE_PORT": str(free_port())}
        refused = run(second, "serve")
        with pytest.raises(WorkerRunsError):
            check_free(f"sqlite+aiosqlite:///{tmp_path}/data/console.sqlite")
    assert refused.returncode == 2
    assert "another worker runs on" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    variables = environment(tmp_path / "data", free_port())
    assert run(variables, "operator", "create", "--name", "reviewer").returncode == 0
    kept = [path for path in (tmp_path / "data").iterdir() if path.is_file()]
    assert {path.name for path in kept} >= {"console.sqlite", "secret.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    again = run(variables, "operator", "create", "--name", "reviewer")
    assert (again.returncode, "reviewer" in again.stderr) == (2, True)
