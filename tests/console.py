"""A console in one process for tests: real schema, database and policies, a clock in hand."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import sqlalchemy
from sqlalchemy import event

import db
from db.account import AccountRow
from db.session import Database
from db.store import Store
from db.user import UserKind, UserRow
from db.vault import Vault
from domain.region import IdentityKind, Verification
from domain.terms import Terms
from graph.authority import Authorities, Principal
from graph.context import Context
from graph.schema import schema
from graph.skip_memory import SkipMemory
from policies.live import PolicyDirectory
from server.app import PACKAGED_POLICIES
from tests.posting import Posts

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday 10:00 in Shanghai: reviewers are at work
KEY = bytes(range(32))


class Clock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@dataclass(slots=True)
class Answer:
    """What the schema answered."""

    data: dict[str, Any] | None
    errors: list[Any]

    @property
    def code(self) -> str | None:
        """The code of the only top-level error; None when there is none."""
        assert len(self.errors) <= 1, self.errors
        return self.errors[0].extensions["code"] if self.errors else None


@dataclass(slots=True)
class Caller:
    """One signed-in (or anonymous) caller of the schema."""

    console: "Console"
    principal: Principal | None

    async def ask(self, document: str, **variables: Any) -> Answer:
        """Execute a document and give data and errors as they are."""
        result = await schema.execute(
            document,
            variable_values=variables,
            context_value=self.console.context(self.principal),
        )
        return Answer(result.data, list(result.errors or ()))

    async def run(self, document: str, **variables: Any) -> dict[str, Any]:
        """Execute a document that must bring no top-level error, and give its data."""
        answer = await self.ask(document, **variables)
        assert not answer.errors, answer.errors
        assert answer.data is not None
        return answer.data

    async def refused(self, document: str, **variables: Any) -> list[tuple[str, list[str] | None]]:
        """Execute a one-mutation document and give code and field of each userError."""
        (payload,) = (await self.run(document, **variables)).values()
        assert payload["userErrors"], "it was not refused"
        return [(error["code"], error.get("field")) for error in payload["userErrors"]]


@dataclass(slots=True)
class Console:
    """What a test holds in its hands."""

    database: Database
    store: Store
    clock: Clock
    terms: Terms = field(default_factory=Terms)
    vault: Vault = field(default_factory=lambda: Vault(KEY))
    policies: Path = PACKAGED_POLICIES
    send: Posts = field(default_factory=Posts)
    skip_memory: SkipMemory = field(default_factory=SkipMemory)
    _authorities: Authorities | None = None
    _uins: Any = field(default_factory=lambda: itertools.count(200_000_001))
    _accounts: Any = field(default_factory=lambda: itertools.count(12_345_678))

    def context(self, principal: Principal | None, address: str = "192.0.2.1") -> Context:
        """Make the context of one request."""
        if self._authorities is None:
            self._authorities = Authorities(PolicyDirectory(self.policies))
        return Context(
            database=self.database,
            store=self.store,
            vault=self.vault,
            authorities=self._authorities,
            terms=self.terms,
            send=self.send,
            clock=self.clock,
            skip_memory=self.skip_memory,
            principal=principal,
            token=None,
            address=address,
            base_url="http://console.test",
            request_id="0123456789abcdef",
        )

    def anybody(self) -> Caller:
        """Call without signing in."""
        return Caller(self, None)

    async def add_account(
        self,
        *,
        identity: IdentityKind = IdentityKind.ORGANIZATION,
        verification: Verification = Verification.VERIFIED,
    ) -> AccountRow:
        """Add an account with its root user; verified organization unless told otherwise."""
        uin = next(self._accounts)
        row = AccountRow(
            uin=uin,
            name=f"account {uin}",
            identity=identity,
            verification=verification,
            time_zone="Asia/Shanghai",
            created_at=self.clock.now,
        )
        async with self.database.write() as session:
            session.add(row)
            await session.flush()
            session.add(
                UserRow(
                    uin=uin,
                    account_uin=uin,
                    kind=UserKind.ROOT,
                    name="root",
                    created_at=self.clock.now,
                )
            )
        return row

    def root(self, account: AccountRow) -> Caller:
        """Call as the root user of an account."""
        principal = Principal(account.uin, UserKind.ROOT, "root", account.uin, must_reset=False)
        return Caller(self, principal)

    async def add_user(self, account: AccountRow | None, name: str = "ops") -> UserRow:
        """Add a sub-account that holds nothing yet, or an operator when no account is given."""
        row = UserRow(
            uin=next(self._uins),
            account_uin=account.uin if account else None,
            kind=UserKind.SUB if account else UserKind.OPERATOR,
            name=name,
            created_at=self.clock.now,
        )
        async with self.database.write() as session:
            session.add(row)
        return row

    def user(self, row: UserRow) -> Caller:
        """Call as a sub-account or operator."""
        return Caller(self, Principal.of(row))

    async def operator(self) -> Caller:
        """Call as an operator of the installation."""
        name = f"reviewer{next(self._uins)}"
        return self.user(await self.add_user(None, name))

    async def sub(self, account: AccountRow, *policies: str, name: str = "ops") -> Caller:
        """Call as a new sub-account that holds these preset policies."""
        row = await self.add_user(account, name)
        async with self.database.write() as session:
            for policy in policies:
                await db.attachment.attach_preset(
                    session, account.uin, row.uin, policy, self.clock.now
                )
        return self.user(row)

    async def digest(self) -> dict[str, int]:
        """Give a fingerprint of every table's rows: a denied call must leave it as it was."""
        tables = db.account.AccountRow.metadata.sorted_tables
        async with self.database.read() as session:
            connection = await session.connection()
            return {
                table.name: hash(
                    tuple(sorted(map(repr, await connection.execute(sqlalchemy.select(table)))))
                )
                for table in tables
            }


class Statements:
    """Counts the SQL statements that run inside its `with` block."""

    def __init__(self, database: Database) -> None:
        self._engines = [engine.sync_engine for engine in database.engines]
        self.texts: list[str] = []

    def __enter__(self) -> Self:
        for engine in self._engines:
            event.listen(engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            event.remove(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.texts.append(statement)

    def __len__(self) -> int:
        return len(self.texts)
