"""The command line: `sms-console --help`."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console as Terminal

from server.account_cli import accounts, operators
from server.backup import backup
from server.policy_cli import policy
from server.start import database_answers, fail, policies_read, read_settings, ready

if TYPE_CHECKING:
    from server.app import Background
    from server.settings import Settings
    from server.setup import DemoCredentials

app = typer.Typer(
    help="A self-hosted SMS console. Settings come from SMS_CONSOLE_* variables; "
    "docs/operators.md lists them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(accounts, name="account")
app.add_typer(operators, name="operator")
app.add_typer(policy, name="policy")
app.command()(backup)

terminal = Terminal(highlight=False)


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

    settings = read_settings()
    ready(settings)
    if demo:
        _show_demo(settings)
    backgrounds = [embedded_worker(settings)] if worker else []
    backgrounds += _watched(settings, "serve")
    if worker:
        _only_worker(settings)
    with policies_read():
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
        fail(str(error))


def _only_worker(settings: "Settings") -> None:
    """Refuse a second worker before it has said that it serves."""
    from delivery.workflows import WorkerRunsError, check_free

    try:
        check_free(settings.database)
    except WorkerRunsError as error:
        fail(str(error))


@app.command()
def worker() -> None:
    """Deliver messages without serving HTTP; run as many as the load asks for (PostgreSQL)."""
    import uvloop

    from server import memory
    from server.background import run_worker

    settings = read_settings()
    ready(settings)
    _only_worker(settings)
    backgrounds = _watched(settings, "worker")
    memory.settle()
    with policies_read():
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

    settings = read_settings()
    with database_answers():
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

    settings = read_settings()
    raise typer.Exit(asyncio.run(play(settings, terminal)))


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
