"""What a command does before its own work: settings, tables, policy files, or what is wrong."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console as Terminal

if TYPE_CHECKING:
    from server.settings import Settings


def fail(message: str) -> NoReturn:
    """End the command with 2, saying why on standard error."""
    Terminal(stderr=True, highlight=False).print(message, style="red", markup=False)
    raise typer.Exit(2)


def read_settings() -> "Settings":
    """Read and prepare the settings, and begin to log as they say."""
    from server import log
    from server.settings import Settings, SettingsError

    os.umask(0o077)  # whatever is written here is for its owner's eyes
    try:
        settings = Settings.read()
        settings.prepare()
    except SettingsError as error:
        fail(str(error))
    log.configure(settings.log_level, settings.log)
    return settings


def ready(settings: "Settings") -> None:
    """Bring a SQLite file up to date; ask for `migrate` where other processes may be running.

    Tables that a later version has upgraded are taken as they are: it is being rolled out.
    """
    from db import migrate as migrations

    with database_answers():
        if settings.database.startswith("sqlite"):
            migrations.upgrade(settings.database)
        elif migrations.standing(settings.database) is migrations.Standing.OLDER:
            fail("the database's tables are not those of this version: run `sms-console migrate`")


@contextmanager
def database_answers() -> Iterator[None]:
    """Say which setting names a database that cannot be reached."""
    from db.migrate import NoDatabaseError

    try:
        yield
    except NoDatabaseError as error:
        fail(f"SMS_CONSOLE_DATABASE_URL: {error}")


@contextmanager
def policies_read() -> Iterator[None]:
    """Say at the start what is wrong with the policy files, instead of where it was noticed."""
    from policies.mistake import PolicyFileError
    from policies.model import ModelError

    try:
        yield
    except PolicyFileError as error:
        fail("\n".join(str(mistake) for mistake in error.mistakes))
    except (ModelError, FileNotFoundError, NotADirectoryError) as error:
        fail(str(error))
