"""`sms-console backup`: everything a SQLite installation needs to start again, while it runs."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console as Terminal

from server.start import fail

if TYPE_CHECKING:
    from server.settings import Settings

DATABASE: Final = "console.sqlite"
FILES: Final = "files"

terminal = Terminal(highlight=False)


class CannotBackUpError(Exception):
    """Why no backup was made, and what to do instead."""


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet, or is empty.")],
) -> None:
    """Copy database and files of a SQLite installation, also while it runs.

    The key that seals secrets is not in the copy: keep it apart.
    """
    from server.settings import Settings, SettingsError  # noqa: PLC0415 - other commands do not wait for it

    os.umask(0o077)
    try:
        size = back_up(Settings.read(), folder)
    except (SettingsError, CannotBackUpError, OSError) as error:
        fail(str(error))
    terminal.print(f"{folder / DATABASE}: {size:,} bytes", markup=False)


def back_up(settings: "Settings", folder: Path) -> int:
    """Make the copy and give the size of the database in bytes; raises CannotBackUpError."""
    from db import backup as database  # noqa: PLC0415 - as above

    kind, _, path = settings.database.partition(":///")
    if not kind.startswith("sqlite"):
        raise CannotBackUpError("PostgreSQL has its own tool for this: see docs/operators.md")
    if not Path(path).exists():
        raise CannotBackUpError(f'there is no database at "{path}": set SMS_CONSOLE_DATA')
    if folder.exists() and any(folder.iterdir()):
        raise CannotBackUpError(f'"{folder}" is not empty: name a folder that is not there yet')
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = None if settings.store_url else settings.data / FILES
    # Before for what the database still names and is deleted meanwhile, after for what is new.
    _copy(files, folder)
    try:
        size = database.copy(Path(path), folder / DATABASE)
    except database.BrokenCopyError as error:
        raise CannotBackUpError(f'the copy of "{path}" is broken: {error}') from None
    _copy(files, folder)
    return size


def _copy(files: Path | None, folder: Path) -> None:
    if files is None:
        return
    for source in files.rglob("*"):
        target = folder / FILES / source.relative_to(files)
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                shutil.copyfile(source, target)
            except FileNotFoundError:  # deleted since it was listed
                target.unlink(missing_ok=True)
