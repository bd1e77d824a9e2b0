"""The policy files of a folder, taken into force whole or not at all.

Nothing here waits or runs by itself: the owner of a `PolicyDirectory` calls `refresh` on a timer,
at least twice within the time in which a save has to be in force.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.engine import Snapshot
from policies.mistake import Mistake, Place, PolicyFileError
from policies.model import ModelError
from policies.reader import MAX_FILE_BYTES, MAX_FILES, PolicyFiles, digest_of, read_files

PACKAGED: Final = Path(__file__).parent
"""The folder that comes with the program."""

MODEL: Final = "model.conf"
OPERATORS: Final = "operators.csv"
PRESETS: Final = "presets"
SITE: Final = "site"

Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, size, time of change and inode of each file: what tells cheaply that nothing changed."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One state of the files that was read without a mistake."""

    files: PolicyFiles
    snapshot: Snapshot


class PolicyDirectory:
    """The policies of `folder`: model.conf, presets/*.csv, operators.csv and site/*.csv.

    The first reading has to succeed (PolicyFileError, ModelError, OSError). Later, a bad save
    leaves the last good state in force and is told in `problem`. Readers take `in_force` or
    `snapshot` once and keep it: both are immutable, and a change swaps the one reference.
    """

    def __init__(self, folder: Path = PACKAGED) -> None:
        self.folder: Final = folder
        self._seen = self._stamp()
        self._settled = True
        self._in_force = _load(self._read())
        self._problem: str | None = None

    @property
    def in_force(self) -> InForce:
        """The last good state, files and snapshot of the same reading."""
        return self._in_force

    @property
    def snapshot(self) -> Snapshot:
        """What decisions are taken from."""
        return self._in_force.snapshot

    @property
    def version(self) -> str:
        """The digest of the files in force; processes with equal versions decide alike."""
        return self._in_force.files.digest

    @property
    def problem(self) -> str | None:
        """Why the files on disk are not in force, or None when they are."""
        return self._problem

    def refresh(self) -> bool:
        """Take over what changed on disk; say whether the policies in force are other ones now.

        A change counts once two calls in a row find the same files. An editor that writes in place
        may have written the allow lines and not yet the deny lines when the first call looks.
        Whatever is wrong with the files is told in `problem` and never raised.
        """
        try:
            return self._take()
        except PolicyFileError as error:
            self._problem = str(error)
        except ModelError as error:
            self._problem = f"{MODEL}: {error}"
        except OSError as error:
            self._settled = False
            name = error.filename or self.folder
            self._problem = f'"{name}" cannot be read: {error.strerror}; put it right'
        except Exception as error:  # noqa: BLE001 - raised, it would end the looking in silence
            self._problem = f"the policies cannot be read: {error}; take back what was saved last"
        return False

    def _take(self) -> bool:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen, self._settled = stamp, False
        elif not self._settled:
            sources = self._read()
            if self._stamp() == stamp:
                self._settled = True
                return self._replace(sources)
        return False

    def _replace(self, sources: Mapping[str, bytes]) -> bool:
        changed = digest_of(sources) != self.version
        if changed:
            self._in_force = _load(sources)
        self._problem = None
        return changed

    def _paths(self) -> Iterator[Path]:
        yield self.folder / MODEL
        yield self.folder / OPERATORS
        yield from _policy_files(self.folder / PRESETS)
        # A link to a place that is gone has to be told: it is no site without a deny.
        if os.path.lexists(self.folder / SITE):
            yield from _policy_files(self.folder / SITE)

    def _stamp(self) -> Stamp:
        stats = ((path.as_posix(), path.stat()) for path in self._paths())
        return tuple((name, told.st_size, told.st_mtime_ns, told.st_ino) for name, told in stats)

    def _read(self) -> Mapping[str, bytes]:
        sources: dict[str, bytes] = {}
        for path in self._paths():
            # One byte and one file more than allowed, so that the reader can say so.
            if len(sources) <= MAX_FILES + 1:
                with path.open("rb") as file:
                    sources[_name(path, self.folder)] = file.read(MAX_FILE_BYTES + 1)
        return sources


def _policy_files(folder: Path) -> Iterator[Path]:
    # A suffix in capitals is read too: a deny must not be lost to the way it was saved. Hidden
    # files are not: editors and desktops leave locks and notes of theirs beside a file, ".#a.csv".
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".csv" and not path.name.startswith("."):
            yield path


def _name(path: Path, folder: Path) -> str:
    """Give the name by which a file is reported; it has to be one that can be printed and sent."""
    name = path.relative_to(folder).as_posix()
    shown = os.fsencode(name).decode(errors="backslashreplace")
    if shown != name:
        raise PolicyFileError([Mistake(Place(shown, 1, 1), "the name is not UTF-8", "rename it")])
    return name


def _load(sources: Mapping[str, bytes]) -> InForce:
    policies = {name: content for name, content in sources.items() if name != MODEL}
    if not any(name.startswith(PRESETS) for name in policies):
        nothing = Mistake(Place(PRESETS, 1, 1), "the folder has no policy file", "restore them")
        raise PolicyFileError([nothing])
    try:
        model = sources[MODEL].decode()
    except UnicodeDecodeError as error:
        raise ModelError('the model is not UTF-8; save it as "UTF-8"') from error
    files = read_files(policies)
    # The model is part of the version: the same lines under another model decide otherwise.
    files = PolicyFiles(files.rules, files.links, files.places, digest_of(sources))
    return InForce(files, Snapshot.build(files.rules, files.links, files.digest, model))
