"""Records of a month that the operator detaches, on PostgreSQL (STA-2)."""

from db import partition, record
from db.partition import Month
from db.session import Database
from db.timeline import Counted
from tests import sending
from tests.console import START as NOW
from tests.db.test_record import UIN, ids, keep, listing, message


async def test_records_go_with_their_month(postgresql_url: str) -> None:
    """What is detached is in no list any more, nor found by its id or by the reply to it."""
    database = Database(postgresql_url)
    await sending.add_account(database, NOW)
    async with database.write() as session:
        assert await partition.make(session, Month.of(NOW))
    await keep(database, message(0), message(24 * 10))
    assert await ids(database, listing()) == [1, 241]
    async with database.write() as session:
        assert await partition.detach(session, Month.of(NOW).table)
    assert await ids(database, listing()) == [241]
    async with database.read() as session:
        assert await record.owned(session, UIN, 1) is None
        assert set(await record.among(session, {1, 241})) == {241}
        assert await record.count(session, listing()) == Counted(1, more=False)
    await database.close()
