"""Tasks that are sending, made without the steps before: accounts, applications, messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, func, select

from db import package, queue, receipt, single, submission
from db.account import AccountRow
from db.application import ApplicationRow
from db.file import FilePurpose, FileRow
from db.message import MessageRow
from db.queue import Claim, Claimed
from db.session import AsyncSession, Database
from db.signature import SignatureRow
from db.submission import Moved
from db.task import BulkTaskRow
from db.template import TemplateRow
from domain.carrier import Answer, Receipt, Verdict
from domain.message import MessageStatus
from domain.package import PackageKind
from domain.region import IdentityKind, Region, SmsType, Verification
from domain.review import ReviewStatus
from domain.signature import CertificateType, Purpose, SignatureType
from domain.task import TaskStatus, UnknownPolicy
from domain.terms import Terms
from domain.unsubscription import OptOut
from tests.console import START as NOW

LEASE = timedelta(seconds=60)
DELAY = timedelta(minutes=5)
FIRST_PHONE = 13_800_000_000
CARRIER = "simulator"
OPT_OUT = OptOut.of(Terms().opt_out_words, Terms().opt_out_window)


def phones(count: int, first: int = FIRST_PHONE) -> list[str]:
    """Give mainland numbers without a magic ending."""
    found: list[str] = []
    while len(found) < count:
        if first % 10_000 < 9_900:
            found.append(f"+86{first}")
        first += 1
    return found


def request(
    now: datetime,
    *,
    worker: str = "one",
    limit: int = 100,
    after: int = 0,
    carriers: Sequence[str] = (),
) -> Claim:
    """Ask for messages as a worker does."""
    return Claim(
        worker=worker,
        limit=limit,
        now=now,
        lease=LEASE,
        application_delay=DELAY,
        after=after,
        carriers=carriers,
    )


async def add_account(
    database: Database, now: datetime, *, uin: int = 12_345_678, zone: str = "Asia/Shanghai"
) -> int:
    """Add an account with an application (id: uin), a signature and a template."""
    async with database.write() as session:
        session.add(
            AccountRow(
                uin=uin,
                name=f"account {uin}",
                identity=IdentityKind.ORGANIZATION,
                verification=Verification.VERIFIED,
                time_zone=zone,
                created_at=now,
            )
        )
        await session.flush()
        session.add(
            ApplicationRow(
                id=uin, account_uin=uin, name="Shop", overview="", sealed_key="", created_at=now
            )
        )
        file = FileRow(
            account_uin=uin,
            purpose=next(iter(FilePurpose)),
            media_type="image/png",
            size=1,
            sha256="0" * 64,
            key=f"certificate/ab/{uin:032d}.png",
            created_at=now,
        )
        session.add(file)
        await session.flush()
        reviewed: dict[str, Any] = {
            "id": uin,
            "account_uin": uin,
            "region": Region.MAINLAND,
            "status": ReviewStatus.APPROVED,
            "created_at": now,
            "submitted_at": now,
        }
        session.add(
            SignatureRow(
                **reviewed,
                content="Shop",
                signature_type=SignatureType.COMPANY,
                purpose=Purpose.SELF_USE,
                certificate_type=CertificateType.BUSINESS_LICENCE,
                certificate_id=file.id,
            )
        )
        session.add(
            TemplateRow(
                **reviewed,
                name="Order",
                sms_type=SmsType.REGULAR,
                content="Order {1} leaves on {2}",
                variables=2,
            )
        )
    return uin


async def add_task(  # noqa: PLR0913 - whose, how many, and how far
    database: Database,
    now: datetime,
    numbers: Sequence[str],
    *,
    uin: int = 12_345_678,
    status: TaskStatus = TaskStatus.SENDING,
    segments: int = 1,
    sms_type: SmsType = SmsType.REGULAR,
    unknown_policy: UnknownPolicy = UnknownPolicy.RESEND,
) -> int:
    """Add a task of an account with one queued message a number; gives its id."""
    shared: dict[str, Any] = {
        "account_uin": uin,
        "app_id": uin,
        "template_id": uin,
        "signature_id": uin,
        "region": Region.MAINLAND,
        "sms_type": sms_type,
        "created_at": now,
    }
    async with database.write() as session:
        task = BulkTaskRow(
            **shared,
            name="Autumn",
            unknown_policy=unknown_policy,
            status=status,
            created_by=uin,
            recipients=len(numbers),
            segments=segments * len(numbers),
            consented_at=now,
            started_at=now,
        )
        session.add(task)
        await session.flush()
        assert task.id is not None
        if numbers:
            units, expires_at = segments * len(numbers), now + timedelta(days=365)
            kind = PackageKind.PURCHASED
            await package.grant(session, uin, kind, units, now=now, expires_at=expires_at)
            await package.reserve(session, uin, units, task_id=task.id, now=now)
            task.reserved_units = units
        rows = [
            {
                **shared,
                "task_id": task.id,
                "row_number": row,
                "phone": phone,
                "country": "CN",
                "params": f'["A{row}","Monday"]',
                "characters": 30,
                "segments": segments,
                "state": "queued",
                "attempts": 0,
            }
            for row, phone in enumerate(numbers, 2)
        ]
        if rows:
            await (await session.connection()).execute(insert(MessageRow), rows)
    return task.id


async def add_single(
    session: AsyncSession,
    uin: int,
    now: datetime,
    *,
    phone: str = f"+86{FIRST_PHONE}",
    urgent: bool = False,
) -> int:
    """Queue a single message of an account; gives its number."""
    return await single.queue(
        session,
        account_uin=uin,
        app_id=uin,
        template_id=uin,
        signature_id=uin,
        region=Region.MAINLAND,
        sms_type=SmsType.REGULAR,
        phone=phone,
        country="CN",
        params=["A2", "Monday"],
        characters=30,
        segments=1,
        now=now,
        urgent=urgent,
    )


async def messages(database: Database) -> list[MessageRow]:
    """Give every message, oldest first."""
    async with database.read() as session:
        query = select(MessageRow).order_by(col(MessageRow.id))
        return list((await session.exec(query)).all())


async def task_row(database: Database, task_id: int) -> BulkTaskRow:
    """Give a task as it stands."""
    async with database.read() as session:
        query = select(BulkTaskRow).where(BulkTaskRow.id == task_id)
        return (await session.exec(query)).one()


async def states(database: Database) -> dict[str, int]:
    """Count messages by state."""
    async with database.read() as session:
        query = select(MessageRow.state, func.count()).group_by(col(MessageRow.state))
        return {MessageStatus(state).value: count for state, count in await session.exec(query)}


async def claim(database: Database, worker: str = "one", limit: int = 100) -> list[Claimed]:
    """Claim as a worker does."""
    async with database.write() as session:
        return await taken(session, request(NOW, worker=worker, limit=limit))


async def taken(session: AsyncSession, asked: Claim) -> list[Claimed]:
    """Claim in the caller's transaction."""
    batch = await queue.claim(session, asked)
    await sifted(session, asked, batch, [])
    return batch


async def sifted(
    session: AsyncSession, asked: Claim, batch: Sequence[Claimed], turned_down: Sequence[Answer]
) -> None:
    """Refuse some of a batch by a rule, and hold the rest."""
    codes = {answer.message_id: answer.code for answer in turned_down}
    moved = Moved(asked.now)
    await submission.refuse(
        session, [(one, codes[one.id]) for one in batch if one.id in codes], moved
    )
    await queue.take(session, asked, [(one, CARRIER) for one in batch if one.id not in codes])
    await submission.count(session, moved)


async def record(database: Database, *answers: Answer, worker: str = "one") -> None:
    """Record answers as a worker does."""
    async with database.write() as session:
        await submission.record(session, worker, CARRIER, answers, NOW)


async def bring(database: Database, *receipts: Receipt) -> None:
    """Bring receipts as a carrier does."""
    async with database.write() as session:
        await receipt.apply(session, {CARRIER: receipts}, NOW)


def accepted(message: Claimed) -> Answer:
    """Make the answer to a message the carrier took."""
    return Answer(message.id, Verdict.ACCEPTED, references=(f"ref-{message.id}",))


def refused(message: Claimed, code: str = "InternalError.OtherError") -> Answer:
    """Make the answer to a message the carrier turned down."""
    return Answer(message.id, Verdict.REFUSED, code=code)


def receipt_of(message: Claimed, code: str = "DELIVRD") -> Receipt:
    """Make the receipt of an accepted message."""
    return Receipt(f"ref-{message.id}", code == "DELIVRD", code, NOW + timedelta(seconds=5))
