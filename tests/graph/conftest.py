"""What bulk tasks need, for every test that asks for it."""

import pytest

from db.account import AccountRow
from domain.region import Region, SmsType
from tests import bulk
from tests.bulk import Parts
from tests.console import Console


@pytest.fixture
async def account(console: Console) -> AccountRow:
    """A verified organization with 100 units."""
    row = await console.add_account()
    await bulk.grant(console.database, row.uin, 100, console.clock.now)
    return row


@pytest.fixture
async def parts(console: Console, account: AccountRow) -> Parts:
    """What a Mainland task needs."""
    return await bulk.add_parts(console.database, account.uin, console.clock.now)


@pytest.fixture
async def far(console: Console, account: AccountRow) -> Parts:
    """What a Global task needs."""
    return await bulk.add_parts(console.database, account.uin, console.clock.now, Region.GLOBAL)


@pytest.fixture
async def selling(console: Console, account: AccountRow) -> Parts:
    """What a marketing task needs."""
    return await bulk.add_parts(
        console.database, account.uin, console.clock.now, sms_type=SmsType.MARKETING
    )
