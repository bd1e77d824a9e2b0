"""E-mail through somebody's SMTP server: one message, one connection, and why it failed."""

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

from db.notification import NotificationRow

SENDER: Final = "SMS Console"
PERMANENT: Final = 500  # replies from here on say that the same mail will never be taken
# The library loses the quotation marks of a long name that it folds, and what was in them could
# become further recipients. A line may have 998 signs (RFC 5322, 2.1.1), and no name has as many.
_UNFOLDED: Final = SMTP_POLICY.clone(max_line_length=998)


class Security(StrEnum):
    """How a connection to an SMTP server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes this installation's mail; `timeout` is that of each command."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30.0


class MailError(Exception):
    """A mail was not taken; `for_good` when trying again would be of no use."""

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


def compose(row: NotificationRow, sender: str) -> EmailMessage:
    """Make the mail of a notification, the very same one at each try.

    The id and the date never change, so a mail that comes twice shows that it is one.
    """
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=_UNFOLDED)
    message["From"] = Address(SENDER, addr_spec=sender)
    message["To"] = Address(_as_it_is(row.contact_name), addr_spec=row.address)
    message["Subject"] = _as_it_is(row.subject)
    message["Date"] = row.created_at
    message["Message-ID"] = f"<notification-{row.id}.{row.created_at:%Y%m%d%H%M%S}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    message.set_content(row.body)
    return message


async def send(server: MailServer, message: EmailMessage) -> None:
    """Hand a mail over; raises MailError.

    A refused sign-in or certificate is the installation's to mend, so the mail is worth another
    try; what the server says of sender, recipient or content for good is not.
    """
    client = SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password or None,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        timeout=server.timeout,
    )
    try:
        await client.connect()
        try:
            await client.send_message(message)
        finally:
            # The answer to DATA has decided; how the connection ends changes nothing.
            with suppress(SMTPException, OSError):
                await client.quit()
            client.close()
    except SMTPRecipientsRefused as error:
        # One mail has one recipient.
        refused = error.recipients[0]
        raise _refused("the recipient", refused.code, refused.message) from None
    except SMTPAuthenticationError as error:
        text = f"the mail server refused the sign-in: {error.code} {_line(error.message)}"
        raise MailError(text, for_good=False) from None
    except SMTPResponseException as error:
        raise _refused("the mail", error.code, error.message) from None
    except SMTPTimeoutError:
        text = f"the mail server did not answer within {server.timeout:g} seconds"
        raise MailError(text, for_good=False) from None
    except (SMTPException, OSError, ssl.SSLError) as error:
        text = f"the mail server could not be used: {_line(str(error))}"
        raise MailError(text, for_good=False) from None


def _as_it_is(text: str) -> str:
    """Part the signs that begin an encoded word (RFC 2047).

    The library reads such words where it is given text, and writes what they hide as it is: line
    breaks and further headers, in the name of a contact or an application.
    """
    return text.replace("=?", "= ?")


def _refused(what: str, code: int, message: str) -> MailError:
    text = f"the mail server refused {what}: {code} {_line(message)}"
    return MailError(text, for_good=code >= PERMANENT)


def _line(text: str) -> str:
    return " ".join(text.split())
