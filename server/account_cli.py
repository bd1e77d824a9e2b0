"""`sms-console account` and `sms-console operator`: who is there before anybody can sign in."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console as Terminal

from domain.account import generate_password
from domain.errors import Refused
from domain.region import IdentityKind, Verification
from server.start import fail, read_settings, ready

if TYPE_CHECKING:
    from db.session import Database
    from domain.terms import Terms

accounts = typer.Typer(help="Root accounts.", no_args_is_help=True)
operators = typer.Typer(help="Operators of this installation.", no_args_is_help=True)

terminal = Terminal(highlight=False)
Made = TypeVar("Made")


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

    settings = read_settings()
    ready(settings)

    async def within() -> Made:
        database = Database(settings.database)
        try:
            return await make(database, settings.terms)
        finally:
            await database.close()

    try:
        return asyncio.run(within())
    except Refused as refusal:
        fail(str(refusal))
