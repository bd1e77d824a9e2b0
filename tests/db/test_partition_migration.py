"""The message table of a database that has messages, brought to months on PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from db import migrate
from tests.console import START as NOW

UIN = 12_345_678
ACCOUNT = {  # a row by the first migration's columns
    "uin": UIN,
    "name": "Example",
    "identity": "organization",
    "verification": "verified",
    "time_zone": "Asia/Shanghai",
    "policy_version": 1,
    "created_at": NOW,
}


def test_a_database_with_messages_is_migrated(bare_postgresql_url: str) -> None:
    engine = sqlalchemy.create_engine(bare_postgresql_url)
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    moments = [NOW, NOW + timedelta(days=40), NOW - timedelta(days=800)]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        add(connection, "account", ACCOUNT)
        for number, moment in enumerate(moments, 1):
            add(connection, "message", flat_message(moment, f"ref-{number}"))
        reply = {"account_uin": UIN, "message_id": 1, "phone": "+861", "text": "Hi"}
        add(connection, "reply", {**reply, "received_at": NOW})
        indexes = index_names(connection)
        command.upgrade(config, "0002")
        assert index_names(connection) == indexes
        rows = connection.execute(
            text("SELECT id, tableoid::regclass::text, created_at, carrier_ref FROM message")
        ).all()
        assert sorted(tuple(row) for row in rows) == [
            (1, "message_2026_03", moments[0], "ref-1"),
            (2, "message_2026_04", moments[1], "ref-2"),
            (3, "message_2023_12", moments[2], "ref-3"),
        ]
        add(connection, "message", flat_message(NOW, "ref-4"))
        after = connection.execute(text("SELECT max(id) FROM message")).scalar()
        assert after == 4
        for column in ("account_uin", "task_id"):
            with pytest.raises(sqlalchemy.exc.IntegrityError), connection.begin_nested():
                add(connection, "message", {**flat_message(NOW, "x"), column: 5})
        with pytest.raises(sqlalchemy.exc.IntegrityError), connection.begin_nested():
            add(connection, "message", {**flat_message(NOW, "x"), "state": "nonsense"})
    engine.dispose()


def add(connection: sqlalchemy.Connection, table: str, row: dict[str, Any]) -> None:
    places = ", ".join(f":{name}" for name in row)
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - a test's own names
    connection.execute(text(statement), row)


def flat_message(created: datetime, reference: str) -> dict[str, Any]:
    return {
        "account_uin": UIN,
        "app_id": 1,
        "template_id": 1,
        "region": "mainland",
        "sms_type": "regular",
        "phone": "+8613800000000",
        "country": "CN",
        "params": "[]",
        "characters": 1,
        "segments": 1,
        "state": "submitted",
        "carrier": "simulator",
        "carrier_ref": reference,
        "attempts": 1,
        "created_at": created,
    }


def index_names(connection: sqlalchemy.Connection) -> list[str]:
    query = "SELECT indexname FROM pg_indexes WHERE tablename = 'message' ORDER BY 1"
    return list(connection.execute(text(query)).scalars())
