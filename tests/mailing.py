"""A real SMTP server for tests, on the test's own loop: aiosmtpd with a mailbox behind it."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from delivery.mail import MailServer, Security

SENDER = "console@example.com"
USER, PASSWORD = "console", "correct horse"


@dataclass(slots=True)
class Mailbox:
    """What was taken, and how to answer: `to_mail` and `to_rcpt` replace the next answers."""

    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    to_rcpt: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)
    drops: int = 0

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, unless told otherwise."""
        del server, session, options
        if self.to_rcpt:
            return self.to_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail, unless told otherwise; where connections drop, after it was taken."""
        del session
        if self.to_data:
            return self.to_data.pop(0)
        assert isinstance(envelope.content, bytes)
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.taken.append(found)
        self.recipients += envelope.rcpt_tos
        assert isinstance(server.transport, asyncio.Transport)
        self.encrypted.append(server.transport.get_extra_info("cipher") is not None)
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return "250 OK"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """Let in who knows the password."""
        del server, session, envelope, mechanism
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        if right:
            self.signed_in.append(USER)
        return AuthResult(success=right, handled=False)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs: its mailbox, and how to reach it."""

    box: Mailbox
    server: MailServer


@asynccontextmanager
async def serving(
    security: Security = Security.NONE,
    *,
    authority: trustme.CA | None = None,
    user: str = "",
    password: str = PASSWORD,
) -> AsyncIterator[Served]:
    """Serve on a free port; with a user, nobody sends who has not signed in."""
    box, context = Mailbox(), None
    if security is not Security.NONE:
        assert authority is not None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
    starttls = security is Security.STARTTLS

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It does not see that the connection beneath is encrypted from the first byte.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return SMTP(
                box,
                hostname="mail.example.com",
                ident="test",
                tls_context=context if starttls else None,
                require_starttls=starttls,
                auth_required=bool(user),
                auth_require_tls=starttls,
                authenticator=box.authenticate if user else None,
                loop=asyncio.get_running_loop(),
            )

    listening = await asyncio.get_running_loop().create_server(
        protocol, "localhost", 0, ssl=context if security is Security.TLS else None
    )
    port = listening.sockets[0].getsockname()[1]
    try:
        yield Served(
            box,
            MailServer(
                host="localhost",
                port=port,
                security=security,
                sender=SENDER,
                user=user,
                password=password if user else "",
                timeout=5,
            ),
        )
    finally:
        listening.close()
