"""What a resolver may reach: storage, the caller, the clock, and the one way to change things."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import strawberry

from db.session import AsyncSession, Database
from db.store import Store
from db.vault import Vault
from domain.callback import Sender
from domain.terms import Terms
from graph.authority import Authorities, Authority, Principal
from graph.grant import Grant
from graph.skip_memory import SkipMemory


class Operation(NamedTuple):
    """What was asked to run: the name its document gives it, and `query` or `mutation`."""

    name: str
    kind: str


@dataclass(slots=True, kw_only=True)
class Context:
    """One request. Queries open `database.read()` each; mutations change things in `change()`."""

    database: Database
    store: Store
    vault: Vault
    authorities: Authorities
    terms: Terms
    send: Sender
    clock: Callable[[], datetime]
    principal: Principal | None
    token: str | None
    address: str
    base_url: str
    request_id: str
    listeners: Sequence[Callable[[], None]] = ()
    skip_memory: SkipMemory = field(default_factory=SkipMemory)
    grant: Grant | None = None
    operation: Operation | None = None
    """Known once the document is read."""
    _authority: Authority | None = field(default=None, init=False)

    @property
    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return self.clock()

    @property
    def caller(self) -> Principal:
        """Who is signed in; only for fields whose action nobody anonymous is allowed."""
        if self.principal is None:
            raise RuntimeError("a field open to anonymous callers asked who is calling")
        return self.principal

    @property
    def owner(self) -> int:
        """The uin of the caller's account, which owns whatever the request touches."""
        if self.caller.account_uin is None:
            raise RuntimeError("a field open to operators asked for the caller's account")
        return self.caller.account_uin

    async def authority(self, session: AsyncSession) -> Authority:
        """Give the caller's authority, the same for every field of one request."""
        if self._authority is None:
            self._authority = await self.authorities.of(session, self.principal)
        return self._authority

    @property
    def facts(self) -> dict[str, str | datetime]:
        """What policy conditions may look at.

        An unknown address is told as one that matches nothing, so that `_if_exist` cannot open what
        an address guards.
        """
        facts: dict[str, str | datetime] = {"qcs:current_time": self.now, "qcs:ip": self.address}
        if self.principal:
            facts["qcs:uin"] = str(self.principal.uin)
            if self.principal.account_uin is not None:
                facts["qcs:owner_uin"] = str(self.principal.account_uin)
        return facts

    @asynccontextmanager
    async def change(self, amount: int = 1, scope: str = "") -> AsyncIterator[AsyncSession]:
        """Open the mutation's one transaction: decide again, take `amount` of the quota, go on.

        Whatever follows from the mutation is written here too, so that all of it commits or none.
        """
        if self.grant is None:
            raise RuntimeError("only a guarded mutation may change something")
        async with self.database.write() as session:
            authority = await self.authorities.of(session, self.principal)
            await self.grant.renew(session, authority, self, amount=amount, scope=scope)
            yield session
        for listener in self.listeners:
            listener()


Info = strawberry.Info[Context, None]
