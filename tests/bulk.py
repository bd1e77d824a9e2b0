"""Bulk tasks for tests: what they need beforehand, and recipients as a check leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from db import checking, job, package, task
from db.account import AccountRow
from db.application import ApplicationRow
from db.checking import Progress, UploadedFile
from db.file import FilePurpose, FileRow
from db.job import JobRow
from db.message import MessageRow
from db.package import LedgerRow, PackageRow
from db.session import Database
from db.signature import SignatureRow
from db.task import BulkTaskRow
from db.template import TemplateRow
from domain.package import PackageKind
from domain.recipient import RecipientSource
from domain.region import IdentityKind, Region, SmsType, Verification
from domain.review import ReviewStatus
from domain.signature import CertificateType, Purpose, SignatureType
from domain.task import TaskStatus

BODIES = {
    (Region.MAINLAND, SmsType.REGULAR): "您的订单{1}将于{2}送达。",
    (Region.GLOBAL, SmsType.REGULAR): "Your order {1} arrives on {2}.",
    (Region.MAINLAND, SmsType.MARKETING): "满{1}减{2},回T退订",
    (Region.GLOBAL, SmsType.MARKETING): "{1}% off {2}. Reply T to unsubscribe",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a task is made of."""

    account_uin: int
    app_id: int
    template_id: int
    signature_id: int
    region: Region


@dataclass(frozen=True, slots=True)
class Found:
    """A batch as the check of a file gives it."""

    recipients: Sequence[tuple[int, str, str, list[str], int, int]] = ()
    errors: Sequence[tuple[int, str, str, str, str]] = ()
    duplicates: Sequence[tuple[int, int, str]] = field(default_factory=tuple)


def found(count: int, first_row: int = 2, *, segments: int = 1) -> Found:
    """Give a batch of that many recipients."""
    return Found(
        [
            (row, f"+86138{row:08d}", "CN", [f"A{row}", "Monday"], 21, segments)
            for row in range(first_row, first_row + count)
        ]
    )


async def add_account(
    database: Database, now: datetime, uin: int = 12_345_678, **changes: Any
) -> AccountRow:
    """Add a verified organization in Shanghai, unless told otherwise."""
    row = AccountRow(
        **{
            "uin": uin,
            "name": f"account {uin}",
            "identity": IdentityKind.ORGANIZATION,
            "verification": Verification.VERIFIED,
            "time_zone": "Asia/Shanghai",
            "created_at": now,
            **changes,
        }
    )
    async with database.write() as session:
        session.add(row)
    return row


async def add_parts(
    database: Database,
    owner: int,
    now: datetime,
    region: Region = Region.MAINLAND,
    sms_type: SmsType = SmsType.REGULAR,
) -> Parts:
    """Add an application, an approved signature and an approved template with two variables."""
    async with database.write() as session:
        taken = len((await session.exec(select(ApplicationRow.id))).all())
        app = ApplicationRow(
            id=1_400_000_000 + taken,
            account_uin=owner,
            name=f"Shop {taken}",
            overview="",
            sealed_key="",
            created_at=now,
        )
        certificate = FileRow(
            account_uin=owner,
            purpose=FilePurpose.CERTIFICATE,
            media_type="image/png",
            size=1,
            sha256="0" * 64,
            key=f"certificate/ab/{taken:032d}.png",
            created_at=now,
        )
        session.add_all([app, certificate])
        await session.flush()
        reviewed: dict[str, Any] = {
            "account_uin": owner,
            "region": region,
            "status": ReviewStatus.APPROVED,
            "created_at": now,
            "submitted_at": now,
            "decided_at": now + timedelta(seconds=taken),
        }
        signature = _signature(reviewed, taken, certificate.id)
        template = TemplateRow(
            **reviewed,
            name=f"Order {taken}",
            sms_type=sms_type,
            content=BODIES[region, sms_type],
            variables=2,
        )
        session.add_all([signature, template])
        await session.flush()
        return Parts(owner, app.id, template.id, signature.id, region)


def _signature(reviewed: dict[str, Any], number: int, certificate_id: int) -> SignatureRow:
    return SignatureRow(
        **reviewed,
        content=f"Shop{number}",
        signature_type=SignatureType.COMPANY,
        purpose=Purpose.SELF_USE,
        certificate_type=CertificateType.BUSINESS_LICENCE,
        certificate_id=certificate_id,
    )


async def add_task(
    database: Database,
    parts: Parts,
    now: datetime,
    *,
    sms_type: SmsType = SmsType.REGULAR,
    **changes: Any,
) -> int:
    """Add a draft; gives its id."""
    columns: dict[str, Any] = {
        "account_uin": parts.account_uin,
        "app_id": parts.app_id,
        "region": parts.region,
        "sms_type": sms_type,
        "template_id": parts.template_id,
        "signature_id": parts.signature_id,
        "name": "Autumn",
        "status": TaskStatus.DRAFT,
        "created_at": now,
        "created_by": parts.account_uin,
    }
    async with database.write() as session:
        return (await task.add(session, BulkTaskRow(**{**columns, **changes}))).id


async def begin(database: Database, task_id: int, now: datetime, key: str | None = None) -> int:
    """Ask for a file to be checked; gives the job's id."""
    async with database.write() as session:
        row = await task.held(session, task_id)
        assert row is not None
        file = UploadedFile(key or f"recipients/ab/{task_id:032d}", "list.xlsx", 100)
        await checking.begin(session, row, RecipientSource.FILE, now, file)
        assert row.check_job is not None
        return row.check_job


async def store(  # noqa: PLR0913, PLR0917 - whose batch, what it holds, and where it stands
    database: Database, task_id: int, job_id: int, batch: Found, before: int, seen: int
) -> bool:
    """Keep a batch, as the workflow does."""
    async with database.write() as session:
        return await checking.store(
            session,
            task_id,
            job_id,
            batch,
            before=before,
            progress=Progress(seen, seen),
            now=(await task_of(database, task_id)).created_at,
        )


async def make_ready(
    database: Database, task_id: int, now: datetime, batch: Found | None = None
) -> None:
    """Give a draft checked recipients: three of one segment, unless told otherwise."""
    job_id = await begin(database, task_id, now)
    batch = batch or found(3)
    rows = 1 + len(batch.recipients) + len(batch.errors) + len(batch.duplicates)
    assert await store(database, task_id, job_id, batch, 0, rows)
    async with database.write() as session:
        await checking.finish(session, task_id, job_id, None)


async def grant(database: Database, owner: int, units: int, now: datetime, days: int = 365) -> int:
    """Give an account a package; gives its id."""
    async with database.write() as session:
        row = await package.grant(
            session,
            owner,
            PackageKind.PURCHASED,
            units,
            now=now,
            expires_at=now + timedelta(days=days),
        )
    return row.id


async def balance(database: Database, owner: int, now: datetime) -> int:
    """Give what the packages hold, and see that each is the sum of its ledger."""
    async with database.read() as session:
        packages = (await session.exec(select(PackageRow))).all()
        ledger = (await session.exec(select(LedgerRow))).all()
        held = await package.balance(session, owner, now)
    for row in packages:
        assert row.remaining == sum(line.units for line in ledger if line.package_id == row.id)
        assert row.remaining >= 0
    return held


async def task_of(database: Database, task_id: int) -> BulkTaskRow:
    """Give a task as it stands."""
    async with database.read() as session:
        query = select(BulkTaskRow).where(BulkTaskRow.id == task_id)
        return (await session.exec(query)).one()


async def messages(database: Database, task_id: int) -> list[MessageRow]:
    """Give a task's messages in their order."""
    async with database.read() as session:
        query = select(MessageRow).where(MessageRow.task_id == task_id)
        return list((await session.exec(query.order_by(col(MessageRow.id)))).all())


async def open_jobs(database: Database, now: datetime) -> list[JobRow]:
    """Give the jobs that are due and not started."""
    async with database.read() as session:
        return list(await job.due(session, now, 100))
