"""messages by month on PostgreSQL, and no foreign key to a message on either database

A key of a table that is partitioned holds the column it is partitioned by, so nothing can refer to
a message by its id alone, and a month that is detached would take what refers to it along. The new
table is made from the catalog, with whatever columns and indexes the old one has.
"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

INDEXES = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'message'::regclass AND NOT indisprimary
"""
KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'message'::regclass AND contype = 'f'
"""
REFERRING = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE confrelid = 'message'::regclass AND contype = 'f'
"""
SEQUENCE = "SELECT pg_get_serial_sequence('message', 'id')"
# The months there are messages of, the current one, and three that are still to come.
MONTHS = """
WITH months (first) AS (
    SELECT date_trunc('month', created_at AT TIME ZONE 'UTC') FROM message_whole
    UNION
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)
    FROM generate_series(0, 3) ahead
)
SELECT to_char(first, '"message_"YYYY"_"MM'), to_char(first, 'YYYY-MM-DD"T00:00:00Z"'),
    to_char(first + interval '1 month', 'YYYY-MM-DD"T00:00:00Z"')
FROM months ORDER BY first
"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == 'sqlite':
        for table in ('reply', 'unsubscription'):
            with op.batch_alter_table(table) as batch_op:
                batch_op.drop_constraint(f'fk_{table}_message_id_message', type_='foreignkey')
        return

    def rows(statement: str) -> list:
        return connection.execute(sa.text(statement)).all()

    op.execute('LOCK TABLE message IN ACCESS EXCLUSIVE MODE')
    for table, name in rows(REFERRING):
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT {name}')
    indexes, keys, ((sequence,),) = rows(INDEXES), rows(KEYS), rows(SEQUENCE)
    op.execute(f'ALTER SEQUENCE {sequence} OWNED BY NONE')
    op.execute('ALTER TABLE message RENAME TO message_whole')
    op.execute(
        'CREATE TABLE message (LIKE message_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS)'
        ' PARTITION BY RANGE (created_at)'
    )
    for name, first, end in rows(MONTHS):
        op.execute(
            f"CREATE TABLE {name} PARTITION OF message FOR VALUES FROM ('{first}') TO ('{end}')"
        )
    op.execute('CREATE TABLE message_default PARTITION OF message DEFAULT')
    op.execute('INSERT INTO message SELECT * FROM message_whole')
    op.execute('DROP TABLE message_whole')
    op.execute(f'ALTER SEQUENCE {sequence} OWNED BY message.id')
    op.execute('ALTER TABLE message ADD CONSTRAINT pk_message PRIMARY KEY (id, created_at)')
    for (definition,) in indexes:
        op.execute(definition)
    for name, definition in keys:
        op.execute(f'ALTER TABLE message ADD CONSTRAINT {name} {definition}')
    op.execute('ANALYZE message')
