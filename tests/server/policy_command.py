"""Calling a policy command in the test's own process."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner, Result

from policies.live import PACKAGED
from server.policy_cli import policy

FREEZE = """\
# No application is changed while the audit runs.
p, policy:Freeze, applications, deny, name/sms:Modify*, *
g, account:12345678, policy:Freeze
"""


def packaged_copy(parent: Path) -> Path:
    """Copy the packaged policies into `parent`, to change them."""
    folder = parent / "policies"
    shutil.copytree(PACKAGED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


def call(*arguments: object) -> Result:
    """Call `sms-console policy` with these arguments."""
    return CliRunner().invoke(policy, [str(argument) for argument in arguments])


def told(*arguments: object) -> object:
    """Call it with --json, and read what it prints."""
    return json.loads(call(*arguments, "--json").stdout)


def write(path: Path, text: str) -> Path:
    """Write a file and give its path."""
    path.write_text(text)
    return path
