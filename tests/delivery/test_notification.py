"""Notifications go out once, again where that failed, and survive any death (ALM-2)."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from db import job, notification, platform
from db.account import AccountRow
from db.job import JobKind
from db.message import MessageRow
from db.notification import NotificationRow
from db.template import TemplateRow
from db.user import UserRow
from delivery.mail import MailServer
from delivery.notification import NO_SERVER, OUR_FAULT, REST, Outbox
from domain.alarm import RETRIES, AlarmEvent, Language, NotificationState
from domain.region import Region
from tests import bulk
from tests.alarming import add_contact, alarm_of, jobs, outbox, ring
from tests.console import START, Clock
from tests.delivery.durable import PATIENCE, ROOT, Bench, all_done, until
from tests.mailing import Served, serving

UIN = 12_345_678
OF_PLATFORM = TemplateRow.account_uin == platform.UIN
QUEUED, SENT, FAILED = (
    NotificationState.QUEUED,
    NotificationState.SENT,
    NotificationState.FAILED,
)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A mail server."""
    async with serving() as served:
        yield served


def mailing(bench: Bench, server: MailServer | None) -> Bench:
    """Give the same bench with a mail server."""
    return replace(bench, tools=replace(bench.tools, mail=server))


async def alert(
    bench: Bench, *, phone: str = "", email: str = "ann@example.com", times: int = 1
) -> None:
    """Raise package alarms that a contact is told of."""
    await add_contact(
        bench.database, UIN, bench.parts.app_id, START, phone=phone, email=email, language=None
    )
    for _ in range(times):
        await ring(bench.database, START, alarm_of(UIN, None, AlarmEvent.REVIEW_RESULT))


async def tried(bench: Bench, attempts: int) -> NotificationRow:
    """Wait until the only notification was tried that often, and give it."""

    async def enough() -> bool:
        (row,) = await outbox(bench.database)
        return row.attempts >= attempts

    await until(enough)
    (row,) = await outbox(bench.database)
    assert row.attempts == attempts
    return row


async def test_a_mail_goes_out_once(either: Bench, served: Served) -> None:
    bench = mailing(either, served.server)
    await alert(bench)
    async with bench.working() as workflows:
        assert await workflows.relay(START) == 1
        await until(lambda: all_done(bench))
        assert await workflows.relay(START + timedelta(days=1)) == 0
    (row,) = await outbox(bench.database)
    assert (row.state, row.attempts, row.sent_at, row.error) == (SENT, 1, START, "")
    assert served.box.recipients == ["ann@example.com"]
    assert served.box.taken[0]["Subject"] == row.subject


async def test_a_text_message_is_queued_once_from_the_platforms_account(either: Bench) -> None:
    await alert(either, phone="13800138000", email="", times=2)
    async with either.working() as workflows:
        assert await workflows.relay(START) == 2
        await until(lambda: all_done(either))
    first, second = await outbox(either.database)
    async with either.database.read() as session:
        query = select(MessageRow).order_by("id")
        messages = (await session.exec(query)).all()
        (body,) = (await session.exec(select(TemplateRow).where(OF_PLATFORM))).all()
    assert (first.state, second.state) == (SENT, SENT)
    assert {first.message_id, second.message_id} == {message.id for message in messages}
    (message, _) = messages
    assert (message.account_uin, message.app_id) == (platform.UIN, platform.APP_ID)
    assert (message.phone, message.country, message.region) == (
        "+8613800138000",
        "CN",
        Region.MAINLAND,
    )
    assert (message.urgent, message.task_id, message.segments) == (True, None, 1)
    assert message.template_id == body.id
    assert body.content == "您的{1}“{2}”审核结果：{3}。"


async def test_the_platforms_account_is_made_once_and_nobody_signs_in_to_it(
    either: Bench,
) -> None:
    await alert(either, phone="13800138000", email="", times=4)
    await alert(either, phone="85266661234", email="", times=0)
    await ring(either.database, START, alarm_of(UIN, None, AlarmEvent.REVIEW_RESULT))
    rows = await outbox(either.database)

    async def send(key: int) -> None:
        async with either.database.write() as session:
            row = await notification.waiting(session, key, hold=True)
            assert row is not None
            await platform.send(session, row, START)

    await asyncio.gather(*(send(row.id) for row in rows))
    async with either.database.read() as session:
        accounts = (await session.exec(select(AccountRow.uin))).all()
        owned = (await session.exec(select(TemplateRow).where(OF_PLATFORM))).all()
        users = (await session.exec(select(UserRow))).all()
    assert sorted(accounts) == [platform.UIN, UIN]
    assert sorted((row.region, row.name) for row in owned) == [
        (Region.GLOBAL, f"review_result ({Language.ENGLISH})"),
        (Region.MAINLAND, f"review_result ({Language.CHINESE})"),
    ]
    assert [user for user in users if user.account_uin == platform.UIN] == []


async def test_a_server_that_is_busy_is_asked_again_later(bench: Bench, served: Served) -> None:
    bench = mailing(bench, served.server)
    await alert(bench)
    served.box.to_rcpt += ["451 greylisted", "451 greylisted"]
    async with bench.working() as workflows:
        await workflows.relay(START)
        row = await tried(bench, 1)
        again = START + RETRIES[0]
        assert (row.state, row.retry_at) == (QUEUED, again)
        assert row.error == "the mail server refused the recipient: 451 greylisted"
        assert await workflows.relay(again - timedelta(microseconds=1)) == 0
        for at, attempts in ((again, 2), (again + RETRIES[1], 3)):
            bench.tools.clock.now = at  # type: ignore[attr-defined]  # - the test's clock
            assert await workflows.relay(at) == 1
            row = await tried(bench, attempts)
        await until(lambda: all_done(bench))
    assert (row.state, row.error, row.retry_at) == (SENT, "", None)
    assert len(served.box.taken) == 1


async def test_a_refusal_for_good_is_not_tried_again(bench: Bench, served: Served) -> None:
    bench = mailing(bench, served.server)
    await alert(bench)
    served.box.to_rcpt.append("550 no such user")
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    row = await tried(bench, 1)
    assert (row.state, row.retry_at) == (FAILED, None)
    assert row.error == "the mail server refused the recipient: 550 no such user"


async def test_without_a_mail_server_mails_fail_until_there_is_one(
    bench: Bench, served: Served
) -> None:
    await alert(bench)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    row = await tried(bench, 1)
    assert (row.state, row.error) == (FAILED, NO_SERVER)
    bench = mailing(bench, served.server)
    async with bench.database.write() as session:
        await notification.resend(session, [row.id], START)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    assert (await tried(bench, 1)).state is SENT
    assert len(served.box.taken) == 1


async def test_the_last_try_that_fails_ends_it(bench: Bench) -> None:
    await alert(bench)
    now = START
    for attempts, pause in enumerate((*RETRIES, None), 1):
        async with bench.database.write() as session:
            row = await notification.waiting(session, 1, hold=True)
            assert row is not None
            await notification.failed(session, row, "no answer", now, for_good=False)
            assert row.attempts == attempts
            assert row.retry_at == (now + pause if pause else None)
        now += pause or timedelta()
    assert (await tried(bench, 1 + len(RETRIES))).state is FAILED
    assert len(await jobs(bench.database)) == 1 + len(RETRIES)


async def test_a_fault_of_ours_is_shown_and_tried_again(
    bench: Bench, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError("a mail that cannot be made")

    monkeypatch.setattr("delivery.mail.compose", fail)
    monkeypatch.setattr("delivery.step.FIRST_PAUSE", 0.001)
    bench = mailing(bench, served.server)
    await alert(bench)
    async with bench.working() as workflows:
        await workflows.relay(START)
        row = await tried(bench, 1)
    assert (row.state, row.error, row.retry_at) == (QUEUED, OUR_FAULT, START + RETRIES[0])
    assert served.box.taken == []


async def telling(bench: Bench, served: Served, when: str) -> Process:
    """Start a worker that stands still before or after it hands a mail over."""
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.delivery.telling"),
        bench.database.url.render_as_string(hide_password=False),
        *(str(bench.folder / "files"), str(served.server.port), when),
        stdout=PIPE,
        cwd=ROOT,
    )
    assert worker.stdout is not None
    assert await asyncio.wait_for(worker.stdout.readline(), PATIENCE) == b"stands\n"
    return worker


@pytest.mark.parametrize(("when", "copies"), [("before", 1), ("after", 2)])
async def test_a_killed_worker_costs_at_most_the_same_mail_again(
    bench: Bench, served: Served, when: str, copies: int
) -> None:
    bench = mailing(bench, served.server)
    await alert(bench)
    worker = await telling(bench, served, when)
    worker.kill()
    await worker.wait()
    assert (await outbox(bench.database))[0].state is QUEUED
    async with bench.working():
        await until(lambda: all_done(bench))
    assert (await tried(bench, 1)).state is SENT
    ids = [taken["Message-ID"] for taken in served.box.taken]
    assert ids == [ids[0]] * copies


async def test_a_mail_that_was_handed_over_is_not_sent_again_for_a_second_job(
    bench: Bench, served: Served
) -> None:
    bench = mailing(bench, served.server)
    await alert(bench)
    async with bench.working() as workflows:
        await workflows.relay(START)
        await until(lambda: all_done(bench))
        async with bench.database.write() as session:
            await job.add(session, JobKind.NOTIFY, 1, due_at=START, now=START)
        await workflows.relay(START)
        await until(lambda: all_done(bench))
    assert len(served.box.taken) == 1


async def test_notifications_are_forgotten_after_their_time(bench: Bench, clock: Clock) -> None:
    await alert(bench, times=3)
    await bulk.grant(bench.database, UIN, 1, START)
    chore = Outbox(bench.database, clock)
    clock.now = START + notification.KEPT
    assert await chore.step() == REST
    assert len(await outbox(bench.database)) == 3
    clock.now += timedelta(microseconds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("delivery.notification.FORGOTTEN_AT_ONCE", 2)
        assert [await chore.step() for _ in range(2)] == [0, REST]
    assert await outbox(bench.database) == []
