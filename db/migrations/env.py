"""How Alembic runs here: one connection, given by db.migrate, on either database."""

from alembic import context
from sqlmodel import SQLModel

import db  # noqa: F401 - knows every table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=lambda name, kind, _parents: kind != "table" or name in SQLModel.metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
