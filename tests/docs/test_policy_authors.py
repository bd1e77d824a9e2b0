"""docs/policy-authors.md does what it says: its files are written, its commands run in order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from policies.finding import Check
from policies.live import PACKAGED

PAGE: Final = (PACKAGED.parent / "docs" / "policy-authors.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK: Final = "=-=-="
PROGRAM: Final = f"""#!{sys.executable}
import sys
from server.policy_cli import policy
assert sys.argv.pop(1) == "policy"
policy(prog_name="sms-console policy")
"""


def steps() -> list[tuple[str, str]]:
    """Give the page's commands in order with the output shown; a file is a command without any."""
    found: list[tuple[str, str]] = []
    for language, name, content in BLOCK.findall(PAGE):
        if name:
            found.append((f"cat > {name} <<'{MARK}'\n{content}{MARK}", ""))
        elif language == "console":
            for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output))
    return found


def test_every_command_prints_what_is_shown(tmp_path: Path) -> None:
    shutil.copytree(PACKAGED, tmp_path / "policies", ignore=shutil.ignore_patterns("*.py*"))
    program = tmp_path / "bin" / "sms-console"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    page = steps()
    script = f"\nprintf '%s\\n' {MARK}\n".join(command for command, _ in page)
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],  # noqa: S607 - the shell of the reader
        cwd=tmp_path,
        env={
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PACKAGED.parent),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    printed = done.stdout.split(f"{MARK}\n")
    assert len(printed) == len(page)
    for (command, shown), output in zip(page, printed, strict=True):
        assert (command, output) == (command, shown)


def test_the_page_shows_every_command_and_every_finding() -> None:
    commands = " ".join(command for command, _ in steps())
    for name in ("check", "explain", "fmt", "diff", "import", "who-can", "test", "migrate"):
        assert f"sms-console policy {name}" in commands
    for check in Check:
        assert f"| {check.id} | {check} |" in PAGE
