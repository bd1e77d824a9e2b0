"""Customer groups, and templates without variables, that tests fill bulk tasks from."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert

from db.customer import CustomerRow
from db.customer_group import CustomerGroupRow
from db.session import Database
from db.template import TemplateRow
from domain.region import Region, SmsType
from domain.review import ReviewStatus
from tests.bulk import Parts

PLAIN = "We are closed tomorrow."


def phones(count: int, first: int = 0) -> list[str]:
    """Give so many numbers of Mainland China, in their order."""
    return [f"+86138{number:08d}" for number in range(first, first + count)]


async def add_group(  # noqa: PLR0913, PLR0917 - whose group, of whom, and as what
    database: Database,
    owner: int,
    numbers: Iterable[str],
    now: datetime,
    name: str = "Regulars",
    sms_type: SmsType = SmsType.REGULAR,
) -> int:
    """Add a group; what is no number of Mainland China is one of Hong Kong. Gives its id."""
    members = list(numbers)
    async with database.write() as session:
        group = CustomerGroupRow(
            account_uin=owner, sms_type=sms_type, name=name, created_at=now, members=len(members)
        )
        session.add(group)
        await session.flush()
        rows = [
            {
                "account_uin": owner,
                "group_id": group.id,
                "phone": phone,
                "country": "CN" if phone.startswith("+86") else "HK",
                "region": Region.MAINLAND if phone.startswith("+86") else Region.GLOBAL,
                "sms_type": sms_type,
                "created_at": now,
            }
            for phone in members
        ]
        if rows:
            await (await session.connection()).execute(insert(CustomerRow), rows)
        return group.id


async def add_template(
    database: Database,
    parts: Parts,
    now: datetime,
    content: str = PLAIN,
    sms_type: SmsType = SmsType.REGULAR,
) -> int:
    """Add an approved template without variables; gives its id."""
    async with database.write() as session:
        row = TemplateRow(
            account_uin=parts.account_uin,
            region=parts.region,
            status=ReviewStatus.APPROVED,
            created_at=now,
            submitted_at=now,
            decided_at=now,
            name="Plain",
            sms_type=sms_type,
            content=content,
            variables=0,
        )
        session.add(row)
        await session.flush()
        return row.id
