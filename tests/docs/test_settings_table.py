"""The operators' table of settings, and the files to deploy with, say what the code says."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from server.settings import PREFIX, Settings

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
ROW: Final = re.compile(r"^\| `(SMS_CONSOLE_\w+)` \| ?(?:`(.*?)`)? ?\| (.+) \|$", re.MULTILINE)
NAMED: Final = re.compile(r"SMS_CONSOLE_[A-Z_]+[A-Z]\b")
DEPLOY: Final = sorted((ROOT / "deploy").iterdir())


def shown(value: object) -> str:
    """Write a default as an operator would."""
    if value is None:
        return ""
    return f"{value:%H:%M}" if hasattr(value, "strftime") else str(value)


def test_the_table_lists_every_setting_with_its_default_and_meaning() -> None:
    told = {name: (default, meaning) for name, default, meaning in ROW.findall(PAGE)}
    there = {
        f"{PREFIX}{name}".upper(): (shown(field.default), field.description)
        for name, field in Settings.model_fields.items()
    }
    assert told == there


def test_no_page_and_no_file_names_a_setting_that_is_not_there() -> None:
    there = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", *DEPLOY]
    for page in pages:
        named = set(NAMED.findall(page.read_text(encoding="utf-8")))
        assert named <= there, page.name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_the_units_are_ones_that_systemd_takes(tmp_path: Path) -> None:
    for unit in (path for path in DEPLOY if path.suffix == ".service"):
        text = unit.read_text(encoding="utf-8")
        program = "/opt/sms-console/.venv/bin/sms-console"
        assert f"ExecStart={program} " in text
        # The program is where the operator puts it, which is not here.
        copy = tmp_path / unit.name.replace("@", "@1")
        copy.write_text(text.replace(program, "/bin/true"), encoding="utf-8")
        command = ["systemd-analyze", "verify", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
