"""What bulk tasks, carriers and routes need, for every test that asks for it."""

import pytest

from db import carrier
from db.account import AccountRow
from db.application import ApplicationRow
from domain.carrier_form import Draft
from domain.carrier_settings import Smpp
from domain.region import Region, SmsType
from tests import bulk
from tests.bulk import Parts
from tests.console import START, Caller, Console
from tests.graph.calling_back import EVENTS, REPLY, Side
from tests.graph.routing import Office
from tests.pushing import UIN


@pytest.fixture(params=[EVENTS, REPLY], ids=["event callback", "reply callback"])
def side(request: pytest.FixtureRequest) -> Side:
    """Both callbacks, one after the other."""
    found: Side = request.param
    return found


@pytest.fixture
async def root(console: Console) -> Caller:
    """The root user of an account whose application has the account's number."""
    account = await console.add_account()
    assert account.uin == UIN
    async with console.database.write() as session:
        session.add(
            ApplicationRow(
                id=UIN, account_uin=UIN, name="Shop", overview="", sealed_key="", created_at=START
            )
        )
    return console.root(account)


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


@pytest.fixture
async def operator(console: Console) -> Caller:
    """An operator of an installation that has its simulator."""
    async with console.database.write() as session:
        await carrier.ensure_default(session, console.clock.now)
    return await console.operator()


@pytest.fixture
async def office(console: Console) -> Office:
    account = await console.add_account()
    async with console.database.write() as session:
        await carrier.ensure_default(session, console.clock.now)
        smpp = Smpp(host="smsc", port=2775, system_id="x", window=10)
        for name in ("one", "two", "three"):
            await carrier.add(session, Draft(name, "", smpp, "s"), console.vault, START)
    return Office(console, await console.operator(), account)
