"""Who stands behind an HTTP request."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import HTTPConnection

from db import sign_in
from db.session import Database
from db.store import Store
from db.vault import Vault
from delivery.callback.sender import HttpSender
from domain.terms import Terms
from graph.authority import Authorities, Principal
from graph.context import Context
from graph.skip_memory import SkipMemory
from policies.live import PolicyDirectory
from server.ending import Ending

BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the process has opened once and every request shares; `app.state.console`."""

    database: Database
    store: Store
    vault: Vault
    policies: PolicyDirectory
    authorities: Authorities
    terms: Terms
    send: HttpSender
    clock: Callable[[], datetime]
    skip_memory: SkipMemory = field(default_factory=SkipMemory)
    ending: Ending = field(default_factory=Ending)
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Called after each committed change, so that a worker in this process looks at once."""
    troubles: list[Callable[[], str | None]] = field(default_factory=list)
    """Asked whether this process can take requests; each gives what is wrong, or None."""


def token_of(request: HTTPConnection) -> str | None:
    """Give the bearer token of a request, if it brings one."""
    header = request.headers.get("authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None


async def principal_of(request: HTTPConnection) -> Principal | None:
    """Give who is signed in with the request's bearer token; None for nobody."""
    console: Console = request.app.state.console
    token = token_of(request)
    if not token:
        return None
    async with console.database.read() as session:
        row = await sign_in.holder(session, token, console.clock())
    return Principal.of(row) if row else None


async def context_of(request: HTTPConnection) -> Context:
    """Give the GraphQL context of one request."""
    return context_for(request, await principal_of(request), token=token_of(request))


def context_for(
    request: HTTPConnection,
    principal: Principal | None,
    *,
    token: str | None = None,
    request_id: str | None = None,
) -> Context:
    """Give the context of a request whose caller is known."""
    console: Console = request.app.state.console
    return Context(
        database=console.database,
        store=console.store,
        vault=console.vault,
        authorities=console.authorities,
        terms=console.terms,
        send=console.send,
        clock=console.clock,
        listeners=console.listeners,
        skip_memory=console.skip_memory,
        principal=principal,
        token=token,
        address=request.client.host if request.client else "",
        base_url=str(request.base_url).rstrip("/"),
        request_id=request_id or secrets.token_hex(8),
    )
