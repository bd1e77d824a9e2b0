"""The policies that come with the program (CAM-2, CAM-9, REV-1)."""

from pathlib import Path

import pytest
from casbin.persist.adapters import FileAdapter

from policies import actions
from policies.action import Access
from policies.engine import Snapshot
from policies.live import PACKAGED
from policies.name import ROLES
from policies.reader import PolicyFiles, read_files
from tests.policies.oracles import World, stock_enforcer


def packaged() -> PolicyFiles:
    """Read the files that come with the program."""
    paths = [PACKAGED / "operators.csv", *PACKAGED.glob("presets/*.csv")]
    return read_files({path.name: path.read_bytes() for path in paths})


def test_stock_casbin_reads_our_files_to_the_same_rules(tmp_path: Path) -> None:
    """The files stay plain Casbin: its own adapter and Enforcer come to the same decisions."""
    files = packaged()
    written = tmp_path / "all.csv"
    paths = [PACKAGED / "operators.csv", *PACKAGED.glob("presets/*.csv")]
    written.write_text("\n".join(path.read_text() for path in paths))
    enforcer = stock_enforcer(World((), ()))
    enforcer.set_adapter(FileAdapter(str(written)))
    enforcer.load_policy()
    ours = Snapshot.build(files.rules, files.links, files.digest)
    roles = tuple(f"role:{role}" for role in ROLES)
    for who in (*roles, *{rule.policy for rule in files.rules}):
        for action in actions.CATALOGUE.values():
            expected = enforcer.enforce(who, action.canonical, "*")
            assert ours.allowed((who,), action.canonical, "*") is expected, (who, action.name)


def test_the_read_only_preset_allows_what_reads_and_nothing_else() -> None:
    """CAM-2, CAM-9."""
    files = packaged()
    ours = Snapshot.build(files.rules, files.links, files.digest)
    for action in actions.CATALOGUE.values():
        reads = action.service == "sms" and action.access is not Access.WRITE
        allowed = ours.allowed(("policy:QcloudSMSReadOnlyAccess",), action.name, "*")
        assert allowed is reads, action.name


@pytest.mark.parametrize(
    ("who", "services"),
    [
        ("policy:QcloudSMSFullAccess", {"sms"}),
        ("policy:QcloudCamFullAccess", {"cam"}),
        ("role:root", {"sms", "cam", "console"}),
        ("role:signed-in", {"console"}),
        ("role:operator", {"operator"}),
    ],
)
def test_presets_stay_within_their_services(who: str, services: set[str]) -> None:
    """CAM-9: full access to SMS contains no root-only matter."""
    files = packaged()
    ours = Snapshot.build(files.rules, files.links, files.digest)
    allowed = {
        row.name for row in actions.CATALOGUE.values() if ours.allowed((who,), row.name, "*")
    }
    assert allowed == {row.name for row in actions.CATALOGUE.values() if row.service in services}


def test_who_is_not_signed_in_may_only_sign_in() -> None:
    files = packaged()
    ours = Snapshot.build(files.rules, files.links, files.digest)
    allowed = [
        row.name
        for row in actions.CATALOGUE.values()
        if ours.allowed(("role:anonymous", "everyone"), row.name, "*")
    ]
    assert allowed == ["console:SignIn"]
