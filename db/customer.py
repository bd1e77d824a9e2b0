"""Customers (CUS-1 to CUS-3): the numbers an account keeps, each in one of its groups.

Whoever changes them holds the account's count first (`db.customer_group.hold`).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Index, literal, literal_column
from sqlmodel import Field, SQLModel, col, delete, exists, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from db import customer_group as groups
from db import page as pages
from db import quota as quotas
from db.batch import given
from db.customer_group import CustomerGroupRow
from db.dialect import BigId, choice, insert
from db.page import Key, Order, Slice
from domain import quota
from domain.customer import Span, check_type
from domain.errors import Code, Problem, Refused
from domain.region import Region, SmsType

ERASED_AT_ONCE: Final = 5_000


class CustomerRow(SQLModel, table=True):
    """One number in one group; the same number in another group is another customer."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("uq_customer_member", "account_uin", "group_id", "phone", unique=True),
        Index("ix_customer_phone", "account_uin", "phone", "id"),
        Index("ix_customer_list", "account_uin", "id"),
        Index("ix_customer_group_id", "group_id", "id"),
        # A deleted customer's id must not name another one to whoever still shows it.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    account_uin: int = Field(foreign_key="account.uin", sa_type=BigId)
    group_id: int = Field(foreign_key="customer_group.id", sa_type=BigId)
    phone: str = Field(max_length=20)
    country: str = Field(max_length=3)
    region: Region = Field(sa_type=choice(Region))
    sms_type: SmsType = Field(sa_type=choice(SmsType))
    created_at: datetime


TABLE: Final = CustomerRow.metadata.tables["customer"]


class Contact(NamedTuple):
    """A number to keep: E.164, ISO country, region."""

    phone: str
    country: str
    region: Region


class Member(NamedTuple):
    """What sending needs of a customer: E.164 number, ISO country, region."""

    id: int
    phone: str
    country: str
    region: Region


class Moved(NamedTuple):
    """Ids of customers that are in another group now, and of those whose number was there."""

    moved: Collection[int]
    merged: Collection[int]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which customers a list shows: the owner's, of one group, with numbers in some spans."""

    owner: int
    group_id: int | None = None
    spans: Sequence[Span] | None = None

    def query(self, span: Span | None = None) -> SelectOfScalar[CustomerRow]:
        """Put the conditions together, for one of the spans where there are any."""
        group = self.group_id
        query = _of(self.owner) if group is None else _of_group(self.owner, group)
        if span is not None:
            query = query.where(
                CustomerRow.account_uin == self.owner, col(CustomerRow.phone) >= span.start
            )
            if span.end is not None:
                query = query.where(col(CustomerRow.phone) < span.end)
        return query


def _of(owner: int) -> SelectOfScalar[CustomerRow]:
    vanished = select(CustomerGroupRow.id).where(
        CustomerGroupRow.account_uin == owner, col(CustomerGroupRow.deleted_at).is_not(None)
    )
    return select(CustomerRow).where(
        CustomerRow.account_uin == owner, col(CustomerRow.group_id).not_in(vanished)
    )


def _of_group(owner: int, group_id: int) -> SelectOfScalar[CustomerRow]:
    # Not by the account: SQLite would walk through all its customers to find those of one group.
    theirs = exists().where(
        col(CustomerGroupRow.id) == group_id,
        col(CustomerGroupRow.account_uin) == owner,
        col(CustomerGroupRow.deleted_at).is_(None),
    )
    return select(CustomerRow).where(CustomerRow.group_id == group_id, theirs)


async def owned(session: AsyncSession, owner: int, customer_id: int) -> CustomerRow | None:
    """Find one customer of this owner."""
    return (await session.exec(_of(owner).where(CustomerRow.id == customer_id))).first()


async def page(
    session: AsyncSession, listing: Listing, *, first: int, after: Key | None
) -> Slice[CustomerRow]:
    """List customers: the last added first, or by number where numbers are looked for.

    Each span is a range of one index, so a page costs the same however rare its numbers are.
    """
    if listing.spans is None:
        identity = col(CustomerRow.id)
        order = Order(identity, identity)
        return await pages.keyset(session, listing.query(), order, first=first, after=after)
    order = Order(col(CustomerRow.phone), col(CustomerRow.id), descending=False)
    rows: list[CustomerRow] = []
    for span in listing.spans:
        query, room = listing.query(span), first - len(rows)
        found = await pages.keyset(session, query, order, first=room, after=after)
        rows += found.rows
        if found.has_next:
            return Slice(rows, has_next=True)
    return Slice(rows, has_next=False)


async def count(session: AsyncSession, listing: Listing) -> int:
    """Count what the list shows in all; where no number is looked for, by the groups' counts."""
    if listing.spans is None:
        return await groups.customers(session, listing.owner, listing.group_id)
    counts = [await pages.count(session, listing.query(span)) for span in listing.spans]
    return sum(counts)


async def batch(
    session: AsyncSession, group_id: int, *, after: int, limit: int
) -> Sequence[Member]:
    """Give the next members of a group in the order of their ids, from behind id `after` (0).

    The caller has found the group (`db.customer_group.owned`); each batch costs the same however
    large the group is.
    """
    columns: Any = [CustomerRow.id, CustomerRow.phone, CustomerRow.country, CustomerRow.region]
    query: Any = (
        select(*columns)
        .where(CustomerRow.group_id == group_id, col(CustomerRow.id) > after)
        .order_by(col(CustomerRow.id))
        .limit(limit)
    )
    return [Member(*row) for row in (await session.exec(query)).all()]


async def add(
    session: AsyncSession, group: CustomerGroupRow, contacts: Iterable[Contact], now: datetime
) -> frozenset[str]:
    """Put numbers into a group, and give those that were not there; raises Refused.

    The caller holds the account's customers, of whose quota exactly the new ones are taken.
    """
    asked = given(session, [TABLE.c[name] for name in Contact._fields], contacts)
    shared = {
        "account_uin": group.account_uin,
        "group_id": group.id,
        "sms_type": group.sms_type,
        "created_at": now,
    }
    values = [literal(value, TABLE.c[name].type) for name, value in shared.items()]
    # Without a condition SQLite takes ON CONFLICT for the ON of a join.
    rows = select(*values, *asked.c).where(literal_column("1") == literal_column("1"))
    statement = insert(session, CustomerRow).from_select([*shared, *Contact._fields], rows)
    added = await session.exec(statement.on_conflict_do_nothing().returning(col(CustomerRow.phone)))
    new = frozenset(added.scalars())
    if not await quotas.take(session, group.account_uin, quota.CUSTOMERS, len(new)):
        message = quota.CUSTOMERS.exceeded(len(new))
        raise Refused.one(Code.LIMIT_EXCEEDED, message, "numbers")
    await groups.change_members(session, group.id, len(new))
    return new


async def remove(session: AsyncSession, owner: int, customer_ids: Sequence[int]) -> None:
    """Delete customers and give their quota back; raises Refused, and deletes none, else."""
    await groups.hold(session, owner)
    rows = await _all_of(session, owner, customer_ids)
    await _delete(session, owner, rows)


async def move(
    session: AsyncSession, owner: int, customer_ids: Sequence[int], group_id: int
) -> Moved:
    """Put customers into another group; raises Refused, and moves none, unless all can be.

    Where the group has the number already, the customer that was to come is deleted.
    """
    await groups.hold(session, owner)
    target = await groups.found(session, owner, group_id, "group_id")
    rows = await _all_of(session, owner, customer_ids)
    for row in rows:
        check_type(target.name, target.sms_type, row.sms_type)
    coming = [row for row in rows if row.group_id != group_id]
    present = await _phones(session, target, coming)
    merged: list[CustomerRow] = []
    moved: list[CustomerRow] = []
    for row in coming:
        (merged if row.phone in present else moved).append(row)
        present.add(row.phone)
    await _delete(session, owner, merged)
    for left, gone in Counter(row.group_id for row in moved).items():
        await groups.change_members(session, left, -gone)
    ids = [row.id for row in moved]
    await session.exec(
        update(CustomerRow).where(col(CustomerRow.id).in_(ids)).values(group_id=group_id)
    )
    await groups.change_members(session, group_id, len(moved))
    return Moved(ids, [row.id for row in merged])


async def _phones(
    session: AsyncSession, group: CustomerGroupRow, rows: Iterable[CustomerRow]
) -> set[str]:
    """Say which of these numbers a group has."""
    query = select(CustomerRow.phone).where(
        CustomerRow.account_uin == group.account_uin,
        CustomerRow.group_id == group.id,
        col(CustomerRow.phone).in_({row.phone for row in rows}),
    )
    return set((await session.exec(query)).all())


async def erase(session: AsyncSession, group_id: int) -> int:
    """Delete some thousand customers of a deleted group; 0 says that none are left."""
    some = select(CustomerRow.id).where(CustomerRow.group_id == group_id).limit(ERASED_AT_ONCE)
    statement = delete(CustomerRow).where(col(CustomerRow.id).in_(some))
    gone: int = (await session.exec(statement)).rowcount
    return gone


async def _all_of(
    session: AsyncSession, owner: int, customer_ids: Sequence[int]
) -> Sequence[CustomerRow]:
    query = _of(owner).where(col(CustomerRow.id).in_(customer_ids)).order_by(col(CustomerRow.id))
    rows = (await session.exec(query)).all()
    there = {row.id for row in rows}
    problems = [
        Problem(Code.NOT_FOUND, "there is no such customer", ("ids", str(place)))
        for place, customer_id in enumerate(customer_ids)
        if customer_id not in there
    ]
    if problems:
        raise Refused(*problems)
    return rows


async def _delete(session: AsyncSession, owner: int, rows: Sequence[CustomerRow]) -> None:
    if not rows:
        return
    ids: Mapping[int, int] = {row.id: row.group_id for row in rows}
    await session.exec(delete(CustomerRow).where(col(CustomerRow.id).in_(ids)))
    for group_id, gone in Counter(ids.values()).items():
        await groups.change_members(session, group_id, -gone)
    await quotas.give_back(session, owner, quota.CUSTOMERS, len(ids))
