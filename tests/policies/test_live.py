"""Policy files in force: taken over whole, or not at all (CAM-6)."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from policies.live import PACKAGED, PolicyDirectory
from policies.mistake import PolicyFileError
from policies.model import ModelError
from policies.rule import Link

EVERYONE = ("everyone",)
OPEN = "p, policy:Site, s0, allow, name/sms:*, *\ng, everyone, policy:Site\n"
CLOSED = "p, policy:Site, s1, deny, name/sms:DeleteAppInfo, *\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packaged files with an empty site folder."""
    target = tmp_path / "policies"
    shutil.copytree(PACKAGED / "presets", target / "presets")
    (target / "site").mkdir()
    for name in ("model.conf", "operators.csv"):
        shutil.copy(PACKAGED / name, target / name)
    return target


def settle(directory: PolicyDirectory) -> bool:
    """Look twice, as the timer does."""
    return directory.refresh() or directory.refresh()


def test_the_packaged_folder_is_read() -> None:
    directory = PolicyDirectory()
    assert directory.problem is None
    assert directory.snapshot.allowed(("role:anonymous",), "console:SignIn", "*")
    assert directory.version == directory.snapshot.version
    assert directory.refresh() is False


def test_a_save_is_in_force_at_the_second_look(folder: Path) -> None:
    """At the first look an editor may still be writing."""
    directory = PolicyDirectory(folder)
    before = directory.snapshot
    (folder / "site" / "a.csv").write_text(OPEN)
    assert directory.refresh() is False
    assert directory.snapshot is before
    assert directory.refresh() is True
    assert directory.refresh() is False
    assert directory.snapshot.allowed(EVERYONE, "sms:DeleteAppInfo", "*")
    assert not before.allowed(EVERYONE, "sms:DeleteAppInfo", "*")
    assert directory.version != before.version
    assert directory.in_force.files.places[Link("everyone", "policy:Site")] == ("site/a.csv", 2, 1)


def test_a_file_that_keeps_growing_is_not_taken_half(folder: Path) -> None:
    directory = PolicyDirectory(folder)
    site = folder / "site" / "a.csv"
    site.write_text(OPEN)
    assert directory.refresh() is False
    site.write_text(OPEN + CLOSED)
    assert directory.refresh() is False
    assert directory.refresh() is True
    assert directory.snapshot.allowed(EVERYONE, "sms:AddApp", "*")
    assert not directory.snapshot.allowed(EVERYONE, "sms:DeleteAppInfo", "*")


def test_a_bad_save_changes_nothing_and_is_told_until_it_is_mended(folder: Path) -> None:
    site = folder / "site" / "a.csv"
    site.write_text(OPEN + CLOSED)
    directory = PolicyDirectory(folder)
    good = directory.snapshot
    site.write_text(OPEN + CLOSED.replace("deny", "Deny"))
    assert settle(directory) is False
    assert directory.problem == 'site/a.csv:3:21: "Deny" is no effect; write "deny"'
    assert directory.snapshot is good
    assert settle(directory) is False
    assert directory.problem is not None
    site.write_text(OPEN + CLOSED)
    assert settle(directory) is False
    assert directory.problem is None
    assert directory.snapshot is good


def test_several_mistakes_are_counted(folder: Path) -> None:
    directory = PolicyDirectory(folder)
    (folder / "site" / "a.csv").write_text("x\ny\nz\n")
    settle(directory)
    assert directory.problem == (
        'site/a.csv:1:1: "x" is no kind of line; begin it with "p" or "g" (and 2 more)'
    )


def test_touching_a_file_changes_nothing(folder: Path) -> None:
    directory = PolicyDirectory(folder)
    good = directory.snapshot
    os.utime(folder / "operators.csv", (1, 1))
    assert settle(directory) is False
    assert directory.snapshot is good


def test_a_removed_site_file_no_longer_counts(folder: Path) -> None:
    site = folder / "site" / "a.CSV"
    site.write_text(OPEN)
    directory = PolicyDirectory(folder)
    assert directory.snapshot.allowed(EVERYONE, "sms:AddApp", "*")
    site.unlink()
    assert settle(directory) is True
    assert not directory.snapshot.allowed(EVERYONE, "sms:AddApp", "*")


def test_a_missing_folder_keeps_what_is_in_force(folder: Path) -> None:
    directory = PolicyDirectory(folder)
    good = directory.snapshot
    moved = folder.with_name("moved")
    folder.rename(moved)
    assert settle(directory) is False
    assert directory.problem == (
        f'"{folder / "model.conf"}" cannot be read: No such file or directory; put it right'
    )
    moved.rename(folder)
    assert settle(directory) is False
    assert directory.problem is None
    assert directory.snapshot is good


def test_a_site_folder_that_leads_nowhere_is_not_taken_for_an_empty_one(folder: Path) -> None:
    """A mount that is missing must not lift what the site denies."""
    (folder / "site" / "a.csv").write_text(OPEN + CLOSED)
    directory = PolicyDirectory(folder)
    good = directory.snapshot
    (folder / "site").rename(folder / "mounted")
    (folder / "site").symlink_to(folder / "gone")
    assert settle(directory) is False
    assert directory.problem == (
        f'"{folder / "site"}" cannot be read: No such file or directory; put it right'
    )
    assert directory.snapshot is good


def test_what_editors_leave_beside_a_file_is_no_policy(folder: Path) -> None:
    """Emacs locks a file by a link to nowhere, and macOS keeps notes in a file of bytes."""
    directory = PolicyDirectory(folder)
    (folder / "site" / ".#a.csv").symlink_to("author@host.1234:1")
    (folder / "site" / "._a.csv").write_bytes(b"\x00\x05\x16\x07")
    (folder / "site" / "a.csv").write_text(OPEN)
    assert settle(directory) is True
    assert directory.problem is None


def test_a_name_that_cannot_be_printed_is_refused_by_a_name_that_can(folder: Path) -> None:
    directory = PolicyDirectory(folder)
    good = directory.snapshot
    site = Path(os.fsdecode(os.fsencode(folder / "site") + b"/a\xff.csv"))
    site.write_text(OPEN)
    assert settle(directory) is False
    assert directory.problem == "site/a\\xff.csv:1:1: the name is not UTF-8; rename it"
    assert directory.snapshot is good
    site.rename(folder / "site" / "a.csv")
    assert settle(directory) is True


def test_looking_goes_on_after_a_mistake_of_our_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = PolicyDirectory(folder)
    site = folder / "site" / "a.csv"

    def fail(_: object) -> None:
        raise RuntimeError("out of order")

    with monkeypatch.context() as broken:
        broken.setattr("policies.live.read_files", fail)
        site.write_text(CLOSED)
        assert settle(directory) is False
    assert directory.problem == (
        "the policies cannot be read: out of order; take back what was saved last"
    )
    site.write_text(OPEN)
    assert settle(directory) is True
    assert directory.problem is None


def test_a_model_of_another_meaning_is_not_taken_over(folder: Path) -> None:
    directory = PolicyDirectory(folder)
    good = directory.snapshot
    model = folder / "model.conf"
    text = model.read_text()
    model.write_text(text.replace("&& !some(where (p.eft == deny))", ""))
    assert settle(directory) is False
    assert directory.problem == (
        'model.conf: the "e" line of the model is none that decisions are indexed by: '
        'write "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))"'
    )
    assert directory.snapshot is good
    model.write_bytes(b"\xff")
    assert settle(directory) is False
    assert directory.problem == 'model.conf: the model is not UTF-8; save it as "UTF-8"'


def test_the_first_reading_has_to_succeed(folder: Path) -> None:
    (folder / "site" / "a.csv").write_text("x")
    with pytest.raises(PolicyFileError, match=r"site/a\.csv:1:1"):
        PolicyDirectory(folder)
    shutil.rmtree(folder / "site")
    PolicyDirectory(folder)
    (folder / "model.conf").write_text("")
    with pytest.raises(ModelError):
        PolicyDirectory(folder)
    shutil.copy(PACKAGED / "model.conf", folder / "model.conf")
    for preset in (folder / "presets").iterdir():
        preset.unlink()
    with pytest.raises(PolicyFileError, match="presets:1:1: the folder has no policy file"):
        PolicyDirectory(folder)
    (folder / "operators.csv").unlink()
    with pytest.raises(FileNotFoundError):
        PolicyDirectory(folder)


def test_no_thread_ever_decides_by_half_a_change(folder: Path) -> None:
    """Each state of the files denies one of two actions; a mixture would allow both or none."""
    deleting = CLOSED
    adding = CLOSED.replace("DeleteAppInfo", "AddApp")
    site, draft = folder / "site" / "a.csv", folder / "draft"
    site.write_text(OPEN + deleting)
    directory = PolicyDirectory(folder)
    stop = threading.Event()
    seen: list[set[tuple[bool, bool]]] = [set() for _ in range(2)]

    def decide(answers: set[tuple[bool, bool]]) -> None:
        while not stop.is_set():
            now = directory.snapshot
            answers.add(
                (
                    now.allowed(EVERYONE, "sms:DeleteAppInfo", "*"),
                    now.allowed(EVERYONE, "sms:AddApp", "*"),
                )
            )

    threads = [threading.Thread(target=decide, args=(answers,)) for answers in seen]
    for thread in threads:
        thread.start()
    for turn in range(12):
        draft.write_text(OPEN + (adding, deleting)[turn % 2])
        draft.replace(site)
        assert settle(directory) is True
    stop.set()
    for thread in threads:
        thread.join()
    assert set().union(*seen) == {(False, True), (True, False)}
