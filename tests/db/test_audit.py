"""The record of changes is added to and never edited, whoever asks the database (CAM)."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from db import audit, migrate
from db.audit import AuditRow, Record
from db.session import Database
from tests.db.cam import NOW, OTHER, OWNER, add_accounts


@pytest.fixture
async def accounts(database: Database) -> None:
    await add_accounts(database)


def record(subject: str = "user:1", actor: int = OWNER) -> Record:
    return Record(
        actor_uin=actor,
        actor_name="root",
        action="cam:UpdateUser",
        subject=subject,
        subject_name="ops",
        before={"remark": "", "disabled": False},
        after=None,
    )


@pytest.mark.usefixtures("accounts")
async def test_records_are_listed_newest_first_by_account_subject_and_actor(
    database: Database,
) -> None:
    async with database.write() as session:
        for minute, (owner, subject, actor) in enumerate(
            [(OWNER, "user:1", OWNER), (OWNER, "group:1", 7), (OTHER, "user:1", OTHER)]
        ):
            at = NOW + timedelta(minutes=minute)
            await audit.add(session, owner, record(subject, actor), at)
    async with database.read() as session:
        page = await audit.page(session, audit.listing(OWNER), first=5, after=None)
        assert [row.subject for row in page.rows] == ["group:1", "user:1"]
        assert page.rows[1].before == '{"disabled":false,"remark":""}'
        assert page.rows[1].after is None
        page = await audit.page(
            session, audit.listing(OWNER, subject="user:1"), first=5, after=None
        )
        assert [row.actor_uin for row in page.rows] == [OWNER]
        page = await audit.page(session, audit.listing(OWNER, actor_uin=7), first=5, after=None)
        assert [row.subject for row in page.rows] == ["group:1"]


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_record SET actor_name = 'nobody'", "DELETE FROM audit_record"]
)
async def test_the_database_itself_refuses_to_change_a_record(
    database: Database, statement: str
) -> None:
    async with database.write() as session:
        await audit.add(session, OWNER, record(), NOW)
    with pytest.raises(DBAPIError, match="audit records are never changed"):
        async with database.write() as session:
            await (await session.connection()).execute(sqlalchemy.text(statement))
    async with database.read() as session:
        rows = (await session.exec(select(AuditRow))).all()
    assert [row.actor_name for row in rows] == ["root"]


def test_a_database_made_by_migrations_refuses_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.sqlite'}"
    migrate.upgrade(url)
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        assert {name for (name,) in found} == {
            "audit_record_no_update",
            "audit_record_no_delete",
        }
    engine.dispose()
