"""Mails handed to a real SMTP server, and what is said when it does not take them (ALM-2)."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import example, given
from hypothesis import strategies as st

from db.notification import NotificationRow
from delivery import mail
from delivery.mail import MailError, MailServer, Security
from domain.alarm import AlarmEvent, Channel, Language
from tests.console import START
from tests.mailing import PASSWORD, SENDER, USER, serving


def row(**changes: str) -> NotificationRow:
    columns: dict[str, Any] = {
        "contact_name": "安 Ann",
        "address": "ann@example.com",
        "subject": "套餐包余量还有99条",
        "body": "Line one.\n第二行。\n",
    }
    return NotificationRow(
        id=7,
        account_uin=1,
        app_id=2,
        event=AlarmEvent.PACKAGE,
        channel=Channel.EMAIL,
        language=Language.CHINESE,
        created_at=START,
        **{**columns, **changes},
    )


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[trustme.CA]:
    """A certificate authority that this process trusts."""
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return iter([authority])


async def send(server: MailServer, **changes: str) -> None:
    await mail.send(server, mail.compose(row(**changes), server.sender))


async def failure(server: MailServer) -> tuple[str, bool]:
    with pytest.raises(MailError) as raised:
        await send(server)
    return str(raised.value), raised.value.for_good


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with serving() as served:
        await send(served.server)
    (taken,) = served.box.taken
    assert served.box.recipients == ["ann@example.com"]
    assert taken["From"] == f"SMS Console <{SENDER}>"
    assert taken["To"].addresses[0].display_name == "安 Ann"
    assert taken["Subject"] == "套餐包余量还有99条"
    assert taken["Date"].datetime == START
    assert taken["Message-ID"] == "<notification-7.20260302020000@example.com>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken.get_content().splitlines() == ["Line one.", "第二行。"]


async def test_the_same_notification_makes_the_very_same_mail() -> None:
    first, second = (mail.compose(row(), SENDER) for _ in range(2))
    assert first.as_bytes() == second.as_bytes()


@pytest.mark.parametrize("column", ["contact_name", "subject", "address"])
def test_no_header_can_be_smuggled_in(column: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)newline|invalid|CR or LF|linefeed|parse|Expected"):
        mail.compose(row(**{column: "Ann\r\nBcc: all@example.com"}), SENDER)


_SIGNS = ["=?utf-8?q?", "=?utf-8?b?", "?=", "=0d=0a", "=0a=0a", "=2C", "=", "?", "PGFAYi5jbj4s"]
_SIGNS += ["Bcc:", "a@b.cn", "<a@b.cn>", ",", ";", ":", '"', "\\", "(", " ", "夜", "b", "_"]


@given(st.lists(st.sampled_from(_SIGNS), max_size=12).map("".join))
@example("=?utf-8?q?a=0d=0aBcc=3A_all@example.com?= b")
@example("=?utf-8?b?PGV2aWxAeC5jbj4s?= 夜")
@example("=?utf-8?q?" * 7 + "a@b.cn")
@example("=?utf-8?q?" * 7 + ",")
@example("a" * 90 + ', "b" <a@b.cn>')
@example("夜" * 90 + ', "b" <a@b.cn>')
def test_no_encoded_word_smuggles_a_header_in(text: str) -> None:
    mail_row = row(contact_name=f"x{text}", subject=f"x{text}")
    taken = message_from_bytes(mail.compose(mail_row, SENDER).as_bytes(), policy=SMTP)
    assert taken.keys() == mail.compose(row(), SENDER).keys()
    assert taken.get_content().splitlines() == ["Line one.", "第二行。"]
    (address,) = taken["To"].addresses
    assert address.addr_spec == "ann@example.com"


async def test_a_name_with_signs_stays_one_name() -> None:
    name = 'Ann "Boss" <boss@example.com>, all@example.com'
    async with serving() as served:
        await send(served.server, contact_name=name)
    assert served.box.recipients == ["ann@example.com"]
    (address,) = served.box.taken[0]["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "ann@example.com")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_connection_is_protected_and_signed_in(
    authority: Iterator[trustme.CA], security: Security
) -> None:
    async with serving(security, authority=next(authority), user=USER) as served:
        await send(served.server)
    assert len(served.box.taken) == 1
    assert (served.box.signed_in, served.box.encrypted) == ([USER], [True])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_certificate_nobody_vouches_for_is_refused(security: Security) -> None:
    async with serving(security, authority=trustme.CA()) as served:
        told, for_good = await failure(served.server)
    assert "certificate verify failed" in told
    assert not for_good
    assert served.box.taken == []


async def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    async with serving() as served:
        told, for_good = await failure(replace(served.server, security=Security.STARTTLS))
    assert told.startswith("the mail server could not be used: ")
    assert "STARTTLS" in told
    assert not for_good
    assert served.box.taken == []


async def test_a_wrong_password_is_said_and_never_repeated(
    authority: Iterator[trustme.CA],
) -> None:
    wrong = serving(Security.STARTTLS, authority=next(authority), user=USER, password="wrong horse")
    async with wrong as served:
        told, for_good = await failure(served.server)
    assert told.startswith("the mail server refused the sign-in: 535 ")
    assert not for_good
    assert "horse" not in told
    assert PASSWORD not in repr(replace(served.server, password=PASSWORD))


@pytest.mark.parametrize(
    ("reply", "for_good"), [("451 4.7.1 greylisted", False), ("550 5.1.1 no such user", True)]
)
async def test_a_refusal_is_for_now_or_for_good(reply: str, for_good: bool) -> None:
    async with serving() as served:
        served.box.to_rcpt.append(reply)
        assert await failure(served.server) == (
            f"the mail server refused the recipient: {reply}",
            for_good,
        )
        served.box.to_data.append(reply)
        assert await failure(served.server) == (
            f"the mail server refused the mail: {reply}",
            for_good,
        )
        await send(served.server)
    assert len(served.box.taken) == 1


async def test_a_server_that_is_away_is_worth_another_try() -> None:
    async with serving() as served:
        pass
    told, for_good = await failure(served.server)
    assert told.startswith("the mail server could not be used: ")
    assert not for_good
    assert "\n" not in told


async def test_a_server_that_never_answers_is_given_up() -> None:
    done = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    listening = await asyncio.start_server(silent, "localhost", 0)
    port = listening.sockets[0].getsockname()[1]
    server = MailServer(
        host="localhost", port=port, security=Security.NONE, sender=SENDER, timeout=0.05
    )
    told = await failure(server)
    done.set()
    listening.close()
    await listening.wait_closed()
    assert told == ("the mail server did not answer within 0.05 seconds", False)


async def test_a_connection_that_drops_after_the_mail_was_taken_is_a_failure() -> None:
    async with serving() as served:
        served.box.drops = 1
        told, for_good = await failure(served.server)
        assert told.startswith("the mail server could not be used: ")
        assert not for_good
        await send(served.server)
    assert [taken["Message-ID"] for taken in served.box.taken] == [
        "<notification-7.20260302020000@example.com>"
    ] * 2


def test_certificates_are_checked_by_the_systems_authorities() -> None:
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
