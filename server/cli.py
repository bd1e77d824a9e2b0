"""The command line: `sms-console --help`."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer
from rich.console import Console as Terminal

from domain.account import generate_password
from domain.errors import Refused
from domain.region import IdentityKind, Verification
from server.backup import backup
from server.policy_cli import policy

if TYPE_CHECKING:
    from db.session import Database
    from domain.terms import Terms
    from server.app import Background
    from server.settings import Settings
    from server.setup import DemoCredentials

app = typer.Typer(
    help="A self-hosted SMS console. Settings come from SMS_CONSOLE_* variables; "
    "docs/operators.md lists them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
accounts = typer.Typer(help="Root accounts.", no_args_is_help=True)
operators = typer.Typer(help="Operators of this installation.", no_args_is_help=True)
app.add_typer(accounts, name="account")
app.add_typer(operators, name="operator")
app.add_typer(policy, name="policy")
app.command()(backup)

terminal = Terminal(highlight=False)
Made = TypeVar("Made")


def _fail(message: str) -> NoReturn:
    Terminal(stderr=True, highlight=False).print(message, style="red", markup=False)
    raise typer.Exit(2)


def _settings() -> "Settings":
    from server import log
    from server.settings import Settings, SettingsError

    os.umask(0o077)  # whatever is written here is for its owner's eyes
    try:
        settings = Settings.read()
        settings.prepare()
    except SettingsError as error:
        _fail(str(error))
    log.configure(settings.log_level, settings.log)
    return settings


def _ready(settings: "Settings") -> None:
    """Bring a SQLite file up to date; ask for `migrate` where other processes may be running.

    Tables that a later version has upgraded are taken as they are: it is being rolled out.
    """
    from db import migrate as migrations

    with _database_answers():
        if settings.database.startswith("sqlite"):
            migrations.upgrade(settings.database)
        elif migrations.standing(settings.database) is migrations.Standing.OLDER:
            _fail("the database's tables are not those of this version: run `sms-console migrate`")


@contextmanager
def _database_answers() -> Iterator[None]:
    from db.migrate import NoDatabaseError

    try:
        yield
    except NoDatabaseError as error:
        _fail(f"SMS_CONSOLE_DATABASE_URL: {error}")


@contextmanager
def _policies_read() -> Iterator[None]:
    """Say at the start what is wrong with the policy files, instead of where it was noticed."""
    from policies.mistake import PolicyFileError
    from policies.model import ModelError

    try:
        yield
    except PolicyFileError as error:
        _fail("\n".join(str(mistake) for mistake in error.mistakes))
    except (ModelError, FileNotFoundError, NotADirectoryError) as error:
        _fail(str(error))


@app.command()
def serve(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Create the demo account at the first start.")
    ] = False,
    worker: Annotated[bool, typer.Option(help="Deliver messages in this process, too.")] = True,
) -> None:
    """Serve GraphQL, and deliver messages unless --no-worker is given."""
    from server import memory
    from server.app import create_app
    from server.background import embedded_worker
    from server.serving import Server, config

    settings = _settings()
    _ready(settings)
    if demo:
        _show_demo(settings)
    backgrounds = [embedded_worker(settings)] if worker else []
    backgrounds += _watched(settings, "serve")
    if worker:
        _only_worker(settings)
    with _policies_read():
        application = create_app(settings, backgrounds)
    ending = application.state.console.ending
    memory.settle()
    with suppress(KeyboardInterrupt):
        listen = config(application, settings.host, settings.port, settings.trusted_proxies)
        Server(listen, ending, settings.linger_seconds).run()


def _watched(settings: "Settings", part: str) -> "list[Background]":
    from server.operations import watching
    from server.settings import SettingsError

    try:
        return watching(settings, part)
    except SettingsError as error:
        _fail(str(error))


def _only_worker(settings: "Settings") -> None:
    """Refuse a second worker before it has said that it serves."""
    from delivery.workflows import WorkerRunsError, check_free

    try:
        check_free(settings.database)
    except WorkerRunsError as error:
        _fail(str(error))


@app.command()
def worker() -> None:
    """Deliver messages without serving HTTP; run as many as the load asks for (PostgreSQL)."""
    import uvloop

    from server import memory
    from server.background import run_worker

    settings = _settings()
    _ready(settings)
    _only_worker(settings)
    backgrounds = _watched(settings, "worker")
    memory.settle()
    with _policies_read():
        uvloop.run(run_worker(settings, backgrounds))


@app.command()
def migrate(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 unless the tables are current.")
    ] = False,
    revise: Annotated[
        str,
        typer.Option(metavar="MESSAGE", help="Write a migration of what the code has beyond it."),
    ] = "",
) -> None:
    """Bring the database's tables to this version."""
    from db import migrate as migrations

    settings = _settings()
    with _database_answers():
        if check:
            raise typer.Exit(0 if migrations.is_current(settings.database) else 1)
        migrations.upgrade(settings.database)
        if revise:
            migrations.revise(settings.database, revise)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from graph.schema import schema as graphql_schema

    typer.echo(graphql_schema.as_str())


@app.command()
def demo() -> None:
    """Play the main job against the server that `sms-console serve --demo` started."""
    from server.demo import play

    settings = _settings()
    raise typer.Exit(asyncio.run(play(settings, terminal)))


@accounts.command("create")
def create_account(
    name: Annotated[str, typer.Option(help="The organization's or person's name.")],
    identity: Annotated[
        IdentityKind, typer.Option(help="Who stands behind the account.")
    ] = IdentityKind.ORGANIZATION,
    *,
    verified: Annotated[bool, typer.Option("--verified", help="Skip the identity check.")] = False,
) -> None:
    """Create a root account and print its uin and password, once."""
    from server.app import utc_now
    from server.setup import NewAccount, add_account

    password = generate_password(secrets.SystemRandom())
    verification = Verification.VERIFIED if verified else Verification.UNVERIFIED
    new = NewAccount(name=name, identity=identity, verification=verification, password=password)

    async def make(database: "Database", terms: "Terms") -> int:
        async with database.write() as session:
            return await add_account(session, new, utc_now(), terms)

    uin = _run(make)
    terminal.print(f"account {uin}\npassword {password}", markup=False)


@operators.command("create")
def create_operator(
    name: Annotated[str, typer.Option(help="The name the operator signs in with.")],
) -> None:
    """Create an operator and print the password, once."""
    from server.app import utc_now
    from server.setup import add_operator

    password = generate_password(secrets.SystemRandom())

    async def make(database: "Database", _terms: "Terms") -> None:
        async with database.write() as session:
            await add_operator(session, name, password, utc_now())

    _run(make)
    terminal.print(f"operator {name}\npassword {password}", markup=False)


def _run(make: Callable[["Database", "Terms"], Awaitable[Made]]) -> Made:
    from db.session import Database

    settings = _settings()
    _ready(settings)

    async def within() -> Made:
        database = Database(settings.database)
        try:
            return await make(database, settings.terms)
        finally:
            await database.close()

    try:
        return asyncio.run(within())
    except Refused as refusal:
        _fail(str(refusal))


def _show_demo(settings: "Settings") -> None:
    from server.setup import DEMO_FILE

    made = asyncio.run(_demo(settings))
    url = f"http://{settings.host}:{settings.port}/graphql"
    if made is None:
        terminal.print(f"{url}  (passwords: {settings.data / DEMO_FILE})", markup=False)
        return
    terminal.print(
        f"Demo account {made.account_uin}: root / {made.root_password}\n"
        f"  sub-account {made.sub_account_name} / {made.sub_account_password}\n"
        f"  operator    {made.operator_name} / {made.operator_password}\n"
        f"  kept in {settings.data / DEMO_FILE}\n\n"
        f"1. Open {url} and sign in with the mutation that is shown there.\n"
        '2. Put the token into the Headers pane: {"Authorization": "Bearer <token>"}\n'
        "3. Ask `{ viewer { name account { uin name } } }`, then create an application.\n"
        "4. Run `make demo` in another terminal to watch 10,000 messages being sent.\n"
        "5. Read README.md for the same steps as GraphQL to copy.",
        markup=False,
    )


async def _demo(settings: "Settings") -> "DemoCredentials | None":
    from db.session import Database
    from server.app import utc_now
    from server.setup import add_demo

    database = Database(settings.database)
    try:
        return await add_demo(database, settings.data, utc_now(), settings.terms)
    finally:
        await database.close()


if __name__ == "__main__":
    app()
