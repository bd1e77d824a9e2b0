"""What nobody asked back in time is erased with its files, on both databases (APP-6)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from db import (
    blocklist,
    message_context,
    purge,
    quota,
    review,
    signature,
    single,
    template,
    warning_threshold,
)
from db.account import AccountRow
from db.allowlist import AllowlistRow
from db.application import ApplicationRow
from db.blocklist import BlocklistRow
from db.file import FilePurpose, FileRow, StoredFile
from db.message_context import MessageContextRow
from db.session import Database
from db.signature import SignatureRow
from db.store import Store, new_key
from db.template import TemplateRow
from db.warning_threshold import WarningCountRow, WarningThresholdRow
from delivery import purge as purging
from delivery.purge import SELDOM, Purge
from delivery.step import Tools
from domain.quota import BLOCKLIST, SIGNATURES, TEMPLATES
from domain.region import Region, SmsType
from domain.restore import RestorableState
from domain.signature import CertificateType, Draft, Purpose, SignatureType
from domain.template import Draft as TemplateDraft
from domain.terms import Terms
from domain.warning_threshold import Reminder
from tests.console import Clock, Console
from tests.db.test_restore import (
    add_application,
    ask,
    delete_application,
    delete_signature,
    listed,
    rule,
    state,
)

KEPT = Terms().restore_for
DRAFT = Draft(
    "Tencent", SignatureType.COMPANY, Purpose.OTHERS, CertificateType.BUSINESS_LICENCE, "ours"
)


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
async def console(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[Console]:
    """A console on each database."""
    database = Database(request.getfixturevalue(request.param))
    yield Console(database, Store.open(tmp_path / "files"), clock)
    await database.close()


def worker(console: Console) -> Purge:
    return Purge(Tools(console.database, console.store, Terms(), console.clock))


async def add_signature(console: Console, account: AccountRow, *, approved: bool) -> list[str]:
    """Add and delete a signature with both papers; gives their keys."""
    papers = {}
    for purpose in (FilePurpose.CERTIFICATE, FilePurpose.AUTHORIZATION):
        key = new_key(purpose, ".png")
        size = await console.store.put(key, b"an image", limit=100)
        papers[purpose] = StoredFile(purpose, "image/png", size, "ab" * 32, key)
    async with console.database.write() as session:
        await quota.take(session, account.uin, SIGNATURES)
        await review.hold_applicant(session, account.uin)
        row = await signature.add(
            session,
            account.uin,
            Region.MAINLAND,
            DRAFT,
            papers,
            console.clock.now,
            Terms(auto_review=approved),
        )
    await delete_signature(console, account, row.id)
    return [paper.key for paper in papers.values()]


async def add_template(console: Console, account: AccountRow, *, approved: bool) -> None:
    """Add and delete a template."""
    draft = TemplateDraft("Parcel", SmsType.REGULAR, "Your parcel has arrived.", "to buyers", 0)
    terms, now = Terms(auto_review=approved), console.clock.now
    async with console.database.write() as session:
        await quota.take(session, account.uin, TEMPLATES)
        row = await template.add(session, account.uin, Region.GLOBAL, draft, now, terms)
        await template.remove(session, account.uin, row.id, now)


async def rows(console: Console, table: type[SQLModel]) -> list[SQLModel]:
    async with console.database.read() as session:
        return list((await session.exec(select(table))).all())


async def exists(console: Console, key: str) -> bool:
    try:
        await console.store.size(key)
    except FileNotFoundError:
        return False
    return True


async def test_nothing_goes_before_its_time(console: Console) -> None:
    account = await console.add_account()
    keys = await add_signature(console, account, approved=False)
    console.clock.advance(KEPT - timedelta(microseconds=1))
    assert await worker(console).step() == SELDOM
    assert all([await exists(console, key) for key in keys])
    (deleted,) = await listed(console, account)
    await ask(console, account, deleted.id)


async def test_what_programs_gave_with_messages_goes_with_their_application(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_context, "ERASED_AT_ONCE", 2)
    account = await console.add_account()
    gone, stays = [await add_application(console, account) for _ in range(2)]
    async with console.database.write() as session:
        texts = [
            await single.queue(
                session,
                account_uin=account.uin,
                app_id=app_id,
                template_id=1,
                signature_id=None,
                region=Region.MAINLAND,
                sms_type=SmsType.REGULAR,
                phone="+8613800000001",
                country="CN",
                params=[],
                characters=1,
                segments=1,
                now=console.clock.now,
            )
            for app_id in (gone, gone, gone, stays)
        ]
        kept = [
            {"message_id": one, "account_uin": account.uin, "session_context": "order 7"}
            for one in texts
        ]
        await message_context.add(session, kept)
    await delete_application(console, account, gone)
    console.clock.advance(KEPT)
    assert await worker(console).step() == SELDOM
    (left,) = await rows(console, MessageContextRow)
    assert isinstance(left, MessageContextRow)
    assert left.message_id == texts[-1]


@pytest.mark.parametrize("approved", [False, True])
async def test_papers_go_and_of_the_rest_stays_what_records_quote(
    console: Console, approved: bool
) -> None:
    account = await console.add_account()
    keys = await add_signature(console, account, approved=approved)
    await add_template(console, account, approved=approved)
    app_id = await add_application(console, account)
    now = console.clock.now
    async with console.database.write() as session:
        number = AllowlistRow(
            app_id=app_id, phone="+8613800000001", country="CN", added_at=now, added_by=account.uin
        )
        session.add(number)
        wanted = {Region.MAINLAND: Reminder(enabled=True, threshold=100)}
        await warning_threshold.change(session, app_id, wanted, now)
    await delete_application(console, account, app_id)
    deleted = await listed(console, account)
    console.clock.advance(KEPT)
    assert await worker(console).step() == SELDOM
    for table in (AllowlistRow, WarningThresholdRow, WarningCountRow):
        assert await rows(console, table) == []
    assert not any([await exists(console, key) for key in keys])
    assert await rows(console, FileRow) == []
    assert {await state(console, row.id) for row in deleted} == {RestorableState.PURGED}
    signed, texts = await rows(console, SignatureRow), await rows(console, TemplateRow)
    assert len(signed) == len(texts) == approved
    for row in signed:
        assert isinstance(row, SignatureRow)
        assert (row.content, row.note, row.certificate_id) == ("Tencent", "", None)
    for text in texts:
        assert isinstance(text, TemplateRow)
        assert (text.content, text.remarks) == ("Your parcel has arrived.", "")
    (app,) = await rows(console, ApplicationRow)
    assert isinstance(app, ApplicationRow)
    assert (app.name, app.overview, app.sealed_key) == ("Shop", "", "")
    assert await listed(console, account) == []


async def test_an_erased_signature_leaves_the_blocklist_and_its_quota(console: Console) -> None:
    account = await console.add_account()
    now = console.clock.now
    async with console.database.write() as session:
        await quota.take(session, account.uin, SIGNATURES)
        await review.hold_applicant(session, account.uin)
        paper = StoredFile(FilePurpose.CERTIFICATE, "image/png", 8, "ab" * 32, "certificate/x.png")
        draft = replace(DRAFT, purpose=Purpose.SELF_USE)
        row = await signature.add(
            session,
            account.uin,
            Region.MAINLAND,
            draft,
            {FilePurpose.CERTIFICATE: paper},
            now,
            Terms(auto_review=True),
        )
        phones = {"+8613800000001", "+8613800000002"}
        await blocklist.add(session, account.uin, row.id, SmsType.REGULAR, phones, now)
    await delete_signature(console, account, row.id)
    console.clock.advance(KEPT - timedelta(microseconds=1))
    await worker(console).step()
    assert len(await rows(console, BlocklistRow)) == 2
    console.clock.advance(timedelta(microseconds=1))
    await worker(console).step()
    assert await rows(console, BlocklistRow) == []
    async with console.database.read() as session:
        assert await quota.used(session, account.uin, BLOCKLIST) == 0


async def test_what_was_asked_for_in_time_waits_for_the_decision(console: Console) -> None:
    account = await console.add_account()
    operator = await console.add_user(None, "reviewer")
    for _ in range(2):
        await add_signature(console, account, approved=False)
    rejected, approved = await listed(console, account)
    console.clock.advance(KEPT - timedelta(seconds=1))
    for deleted in (rejected, approved):
        await ask(console, account, deleted.id)
    console.clock.advance(timedelta(days=1))
    assert await worker(console).step() == SELDOM
    for deleted in (rejected, approved):
        assert await state(console, deleted.id) is RestorableState.DELETED
    await rule(console, operator.uin, approved=False)
    await rule(console, operator.uin)
    await worker(console).step()
    assert await state(console, rejected.id) is RestorableState.PURGED
    assert await state(console, approved.id) is RestorableState.RESTORED
    assert len(await rows(console, FileRow)) == 2


async def test_a_step_is_bounded_and_the_next_goes_on(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "AT_ONCE", 2)
    account = await console.add_account()
    for _ in range(3):
        await delete_application(console, account, await add_application(console, account))
    ids = [row.id for row in await listed(console, account)]
    console.clock.advance(KEPT)
    assert await worker(console).step() == 0
    states = [await state(console, key) for key in ids]
    assert states.count(RestorableState.PURGED) == 2
    assert await worker(console).step() == SELDOM
    assert {await state(console, key) for key in ids} == {RestorableState.PURGED}


async def test_workers_share_the_work_and_who_dies_in_between_leaves_it_to_others(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await console.add_account()
    keys = await add_signature(console, account, approved=True)
    (deleted,) = await listed(console, account)
    console.clock.advance(KEPT)

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(purge, "finish", killed)
        with pytest.raises(asyncio.CancelledError):
            await worker(console).step()
    assert await state(console, deleted.id) is RestorableState.PURGING
    assert not any([await exists(console, key) for key in keys])
    await asyncio.gather(*(worker(console).step() for _ in range(3)))
    assert await state(console, deleted.id) is RestorableState.PURGED
    assert await rows(console, FileRow) == []
