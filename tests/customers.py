"""Customer groups for tests, filled as the mutations and imports fill them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlmodel import col, select

from db import customer, customer_group, customer_import, quota
from db.checking import Progress, UploadedFile
from db.customer import Contact, CustomerRow
from db.customer_group import CustomerGroupRow
from db.customer_import import CustomerImportRow
from db.session import Database
from domain.customer_group import Draft
from domain.quota import CUSTOMER_GROUPS, CUSTOMERS
from domain.region import Region, SmsType
from tests.console import START as NOW
from tests.sending import phones

KEY = "customers/ab/00000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Found:
    """A batch as the reader of a form gives it."""

    recipients: Sequence[tuple[int, str, str, list[str], int, int]] = ()
    errors: Sequence[tuple[int, str, str, str, str]] = ()
    duplicates: Sequence[tuple[int, int, str]] = field(default_factory=tuple)


def contacts(count: int, first: int = 0) -> list[Contact]:
    """Give numbers of Mainland China, from the `first` on."""
    return [Contact(phone, "CN", Region.MAINLAND) for phone in phones(first + count)[first:]]


def found(count: int, first: int = 0) -> Found:
    """Give a batch of that many numbers, in rows behind a header."""
    return Found(
        [
            (row, contact.phone, contact.country, [], 0, 0)
            for row, contact in enumerate(contacts(count, first), first + 2)
        ]
    )


async def add_group(
    database: Database,
    owner: int,
    name: str = "VIP",
    members: Iterable[Contact] = (),
    sms_type: SmsType = SmsType.REGULAR,
) -> int:
    """Create a group with members; gives its id."""
    async with database.write() as session:
        await customer_group.hold(session, owner)
        assert await quota.take(session, owner, CUSTOMER_GROUPS)
        row = await customer_group.add(session, owner, Draft(sms_type, name), NOW)
        group_id = row.id
    await fill(database, owner, group_id, members)
    return group_id


async def fill(
    database: Database, owner: int, group_id: int, members: Iterable[Contact]
) -> frozenset[str]:
    """Put numbers into a group; gives the new ones."""
    async with database.write() as session:
        await customer_group.hold(session, owner)
        row = await customer_group.found(session, owner, group_id)
        return await customer.add(session, row, members, NOW)


async def begin_import(database: Database, owner: int, group_id: int, key: str = KEY) -> int:
    """Ask for a form to be imported; gives the import."""
    async with database.write() as session:
        await customer_group.hold(session, owner)
        group = await customer_group.found(session, owner, group_id)
        file = UploadedFile(key, "list.xlsx", 100)
        return (await customer_import.begin(session, group, file, owner, NOW)).id


async def store(database: Database, import_id: int, batch: Found, before: int, seen: int) -> bool:
    """Keep a batch, as the job does."""
    async with database.write() as session:
        return await customer_import.store(
            session, import_id, batch, before=before, progress=Progress(seen, seen), now=NOW
        )


async def import_of(database: Database, import_id: int) -> CustomerImportRow:
    """Give an import as it stands."""
    async with database.read() as session:
        query = select(CustomerImportRow).where(CustomerImportRow.id == import_id)
        return (await session.exec(query)).one()


async def members(database: Database, group_id: int) -> list[str]:
    """Give the numbers in a group in the order they came."""
    async with database.read() as session:
        query = select(CustomerRow.phone).where(CustomerRow.group_id == group_id)
        return list((await session.exec(query.order_by(col(CustomerRow.id)))).all())


async def ids(database: Database, group_id: int) -> list[int]:
    """Give the ids of a group's customers in the order they came."""
    async with database.read() as session:
        return [row.id for row in await customer.batch(session, group_id, after=0, limit=10_000)]


async def assert_counted(database: Database, owner: int) -> None:
    """See that the groups' counts and the quotas are what the tables hold."""
    async with database.read() as session:
        rows = (
            await session.exec(select(CustomerRow).where(CustomerRow.account_uin == owner))
        ).all()
        groups = (
            await session.exec(
                select(CustomerGroupRow).where(
                    CustomerGroupRow.account_uin == owner,
                    col(CustomerGroupRow.deleted_at).is_(None),
                )
            )
        ).all()
        used = await quota.used(session, owner, CUSTOMERS)
        used_groups = await quota.used(session, owner, CUSTOMER_GROUPS)
    counted = {group.id: sum(row.group_id == group.id for row in rows) for group in groups}
    assert {group.id: group.members for group in groups} == counted
    assert (used, used_groups) == (sum(counted.values()), len(groups))
