"""What an operator decides is told to the account's contacts, whatever it is about (REV-3)."""

from typing import Any

import pytest
from sqlmodel import select

from db import account as accounts
from db.account import AccountRow
from db.notification import NotificationRow
from db.unsubscription import UnsubscriptionRow
from domain.alarm import AlarmEvent, Channel
from domain.region import SmsType, Verification
from domain.terms import Terms
from graph.node import encode
from tests.alarming import EMAIL, PHONE, add_contact, outbox
from tests.bulk import Parts
from tests.console import Console
from tests.graph import signing as signatures
from tests.graph import test_restore as restoring
from tests.graph import test_template as templates
from tests.graph import test_verification as verifying
from tests.graph import unsubscribing
from tests.graph.test_review import APPROVE, REJECT, queue

WHY = {"reason": "The certificate is unreadable."}


@pytest.fixture(autouse=True)
async def contact(console: Console, account: AccountRow, parts: Parts) -> None:
    """Ann is told of results in English, by both ways."""
    events = [AlarmEvent.REVIEW_RESULT]
    await add_contact(console.database, account.uin, parts.app_id, console.clock.now, events=events)


async def decide(console: Console, document: str = APPROVE, **more: Any) -> None:
    operator = await console.operator()
    for item in (await queue(operator))["nodes"]:
        (payload,) = (await operator.run(document, id=item["id"], **more)).values()
        assert payload["userErrors"] == []


async def read(console: Console) -> tuple[NotificationRow, NotificationRow]:
    """Give the text message and the mail that Ann gets."""
    message, mail = await outbox(console.database)
    assert (message.channel, message.address) == (Channel.SMS, PHONE)
    assert (mail.channel, mail.address) == (Channel.EMAIL, EMAIL)
    return message, mail


async def test_a_rejected_signature_is_told_with_the_reason(
    console: Console, account: AccountRow
) -> None:
    identity = await signatures.create(console.root(account))
    content = (await signatures.read(console.root(account), identity))["content"]
    await decide(console, REJECT, **WHY)
    message, mail = await read(console)
    assert message.body == f'Review of your signature "{content}": rejected, {WHY["reason"]}'
    assert mail.subject == "Your signature was reviewed: rejected"
    assert f"Reason: {WHY['reason']}\n" in mail.body


async def test_an_approved_template_is_told(console: Console, account: AccountRow) -> None:
    await templates.create(console.root(account))
    await decide(console)
    message, _ = await read(console)
    assert message.body == 'Review of your template "Parcel": approved.'


async def test_an_identity_is_told_by_the_accounts_name(
    console: Console, account: AccountRow
) -> None:
    async with console.database.write() as session:
        row = await accounts.existing(session, account.uin)
        row.verification = Verification.UNVERIFIED
    await verifying.request(console.root(account))
    await decide(console, REJECT, **WHY)
    message, mail = await read(console)
    assert message.body.startswith(f'Review of your identity "{account.name}": rejected')
    assert "91440300708461136T" not in mail.body


async def test_a_restored_template_is_told(console: Console, account: AccountRow) -> None:
    root = console.root(account)
    await root.run(templates.DELETE, id=await templates.create(root))
    nodes = (await root.run(restoring.LIST, first=1))["restorables"]["nodes"]
    await restoring.ask(root, nodes[0]["id"])
    await decide(console)
    bodies = [row.body for row in await outbox(console.database) if row.channel is Channel.SMS]
    assert bodies[0] == 'Review of your request to restore "Parcel": approved.'


async def test_a_resubscription_is_told_without_the_whole_number(
    console: Console, account: AccountRow, parts: Parts
) -> None:
    async with console.database.write() as session:
        row = UnsubscriptionRow(
            account_uin=account.uin,
            signature_id=parts.signature_id,
            sms_type=SmsType.REGULAR,
            phone="+8613800009930",
            message_id=1,
            reply="TD",
            unsubscribed_at=console.clock.now,
        )
        session.add(row)
    identity = encode("Unsubscription", row.id)
    root = console.root(account)
    await root.run(unsubscribing.REQUEST, id=identity, reason="they asked")
    await decide(console)
    message, mail = await read(console)
    assert message.body == 'Review of your request to resubscribe "*9930": approved.'
    assert "13800009930" not in mail.body


async def test_a_refused_decision_tells_nobody(console: Console, account: AccountRow) -> None:
    await signatures.create(console.root(account))
    operator = await console.operator()
    (item,) = (await queue(operator))["nodes"]
    before = await console.digest()
    refused = await operator.refused(REJECT, id=item["id"], reason="")
    assert refused == [("REQUIRED", ["input", "reason"])]
    assert await console.digest() == before


async def test_what_automatic_review_approves_is_not_told(
    console: Console, account: AccountRow
) -> None:
    console.terms = Terms(auto_review=True)
    await signatures.create(console.root(account))
    await templates.create(console.root(account))
    async with console.database.read() as session:
        assert (await session.exec(select(NotificationRow))).all() == []
