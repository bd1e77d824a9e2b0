"""customers, short URLs, records, exports and the server API"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from db import rollup_backfill


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('app_key_use',
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('used_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('app_id', 'digest', name=op.f('pk_app_key_use')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('app_key_use', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_app_key_use_used_at'), ['used_at'], unique=False)

    op.create_table('message_context',
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('session_context', sqlmodel.sql.sqltypes.AutoString(length=511), nullable=False),
    sa.Column('extend', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
    sa.Column('sender_id', sqlmodel.sql.sqltypes.AutoString(length=21), nullable=False),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_message_context'))
    )
    op.create_table('pull_reply',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('queue_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
    sa.Column('text', sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pull_reply')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('pull_reply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pull_reply_queue_id_app_id_id'), ['queue_id', 'app_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_pull_reply_queue_id_id'), ['queue_id', 'id'], unique=False)

    op.create_table('pull_status',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('queue_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
    sa.Column('delivered', sa.Boolean(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pull_status')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('pull_status', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pull_status_queue_id_id'), ['queue_id', 'id'], unique=False)

    op.create_table('country_statistic',
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('requests', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('accepted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('segments', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('delivered', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_country_statistic_account_uin_account')),
    sa.PrimaryKeyConstraint('account_uin', 'region', 'day', 'country', 'app_id', name=op.f('pk_country_statistic'))
    )
    op.create_table('customer_group',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sms_type', sa.Enum('regular', 'marketing', name='smstype', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('deleted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_customer_group_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_group')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('customer_group', schema=None) as batch_op:
        batch_op.create_index('ix_customer_group_list', ['account_uin', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_customer_group_name', ['account_uin', 'name'], unique=True, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))

    op.create_table('customer_import',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sms_type', sa.Enum('regular', 'marketing', name='smstype', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('status', sa.Enum('running', 'done', 'failed', name='importstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('file_key', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
    sa.Column('file_name', sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
    sa.Column('file_bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rows_seen', sa.Integer(), nullable=False),
    sa.Column('rows_total', sa.Integer(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('duplicates', sa.Integer(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.Column('problem', sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=True),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('finished_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_customer_import_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_import')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('customer_import', schema=None) as batch_op:
        batch_op.create_index('ix_customer_import_list', ['account_uin', 'id'], unique=False)

    op.create_table('dump',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('records', 'replies', name='dumpkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('status', sa.Enum('waiting', 'running', 'ready', 'cancelled', 'failed', 'expired', name='dumpstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('start', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('end', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.Enum('queued', 'waiting', 'claimed', 'unknown', 'submitted', 'delivered', 'failed', 'expired', 'refused', 'cancelled', name='messagestatus', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rows', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
    sa.Column('problem', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
    sa.Column('ready_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('ended_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_dump_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dump')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('dump', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dump_account_uin_id'), ['account_uin', 'id'], unique=False)
        batch_op.create_index('ix_dump_ended_at', ['ended_at'], unique=False)
        batch_op.create_index('ix_dump_expires_at', ['expires_at'], unique=False, sqlite_where=sa.text("status = 'ready'"), postgresql_where=sa.text("status = 'ready'"))
        batch_op.create_index('ix_dump_left', ['ended_at'], unique=False, sqlite_where=sa.text("key IS NOT NULL AND status IN ('cancelled', 'failed', 'expired')"), postgresql_where=sa.text("key IS NOT NULL AND status IN ('cancelled', 'failed', 'expired')"))

    op.create_table('pull_queue',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('dropped', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('dropped_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_pull_queue_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pull_queue')),
    sa.UniqueConstraint('account_uin', 'app_id', name=op.f('uq_pull_queue_account_uin_app_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('pull_queue', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pull_queue_app_id'), ['app_id'], unique=False)

    op.create_table('short_url',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
    sa.Column('base', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
    sa.Column('target', sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('deleted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('erased_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_short_url_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_short_url'))
    )
    with op.batch_alter_table('short_url', schema=None) as batch_op:
        batch_op.create_index('ix_short_url_list', ['account_uin', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_short_url_unerased', ['deleted_at'], unique=False, sqlite_where=sa.text('deleted_at IS NOT NULL AND erased_at IS NULL'), postgresql_where=sa.text('deleted_at IS NOT NULL AND erased_at IS NULL'))
        batch_op.create_index('uq_short_url_code', ['code'], unique=True)

    op.create_table('customer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('sms_type', sa.Enum('regular', 'marketing', name='smstype', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_customer_account_uin_account')),
    sa.ForeignKeyConstraint(['group_id'], ['customer_group.id'], name=op.f('fk_customer_group_id_customer_group')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.create_index('ix_customer_group_id', ['group_id', 'id'], unique=False)
        batch_op.create_index('ix_customer_list', ['account_uin', 'id'], unique=False)
        batch_op.create_index('ix_customer_phone', ['account_uin', 'phone', 'id'], unique=False)
        batch_op.create_index('uq_customer_member', ['account_uin', 'group_id', 'phone'], unique=True)

    op.create_table('customer_import_error',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('row', sa.Integer(), nullable=False),
    sa.Column('column_name', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('code', sa.Enum('REQUIRED', 'INVALID', 'TOO_SHORT', 'TOO_LONG', 'TOO_LARGE', 'OUT_OF_RANGE', 'NOT_FOUND', 'TAKEN', 'LIMIT_EXCEEDED', 'NOT_PERMITTED', 'WRONG_STATE', 'MISMATCH', 'CONSENT_REQUIRED', 'INSUFFICIENT_BALANCE', 'BAD_CREDENTIALS', 'TOO_MANY_ATTEMPTS', 'CONFLICT', 'ESCALATION', name='code', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('value', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('message', sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['customer_import.id'], name=op.f('fk_customer_import_error_import_id_customer_import')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_import_error'))
    )
    with op.batch_alter_table('customer_import_error', schema=None) as batch_op:
        batch_op.create_index('ix_customer_import_error_row', ['import_id', 'row', 'id'], unique=False)

    op.create_table('dump_part',
    sa.Column('dump_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=True),
    sa.Column('crc', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('packed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('last_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('last_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('is_last', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['dump_id'], ['dump.id'], name=op.f('fk_dump_part_dump_id_dump')),
    sa.PrimaryKeyConstraint('dump_id', 'number', name=op.f('pk_dump_part'))
    )
    op.create_table('short_url_hour',
    sa.Column('short_url_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hour', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('clicks', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clickers', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['short_url_id'], ['short_url.id'], name=op.f('fk_short_url_hour_short_url_id_short_url')),
    sa.PrimaryKeyConstraint('short_url_id', 'hour', name=op.f('pk_short_url_hour'))
    )
    op.create_table('short_url_template',
    sa.Column('short_url_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.ForeignKeyConstraint(['short_url_id'], ['short_url.id'], name=op.f('fk_short_url_template_short_url_id_short_url')),
    sa.ForeignKeyConstraint(['template_id'], ['template.id'], name=op.f('fk_short_url_template_template_id_template')),
    sa.PrimaryKeyConstraint('short_url_id', 'template_id', name=op.f('pk_short_url_template'))
    )
    with op.batch_alter_table('short_url_template', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_short_url_template_template_id'), ['template_id'], unique=False)

    op.create_table('short_url_visitor',
    sa.Column('short_url_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(length=45), nullable=False),
    sa.Column('clicks', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('first_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('last_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['short_url_id'], ['short_url.id'], name=op.f('fk_short_url_visitor_short_url_id_short_url')),
    sa.PrimaryKeyConstraint('short_url_id', 'day', 'address', name=op.f('pk_short_url_visitor'))
    )
    with op.batch_alter_table('short_url_visitor', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_short_url_visitor_day'), ['day'], unique=False)

    op.create_table('task_group',
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('copied_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_whole', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['bulk_task.id'], name=op.f('fk_task_group_task_id_bulk_task')),
    sa.PrimaryKeyConstraint('task_id', 'place', name=op.f('pk_task_group'))
    )
    op.create_table('task_number',
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
    sa.Column('row_number', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['bulk_task.id'], name=op.f('fk_task_number_task_id_bulk_task')),
    sa.PrimaryKeyConstraint('task_id', 'phone', name=op.f('pk_task_number'))
    )
    with op.batch_alter_table('bulk_task', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.Enum('file', 'groups', 'numbers', name='recipientsource', native_enum=False, create_constraint=True, length=40), nullable=True))

    op.execute("UPDATE bulk_task SET source = 'file' WHERE file_name IS NOT NULL OR file_key IS NOT NULL")

    with op.batch_alter_table('failure_statistic', schema=None) as batch_op:
        batch_op.add_column(sa.Column('receipts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False))

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_phone'), sqlite_where=sa.text('submitted_at IS NOT NULL'))
        batch_op.create_index('ix_message_account_sent', ['account_uin', 'region', 'submitted_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NOT NULL'))
        batch_op.create_index('ix_message_account_turned_down', ['account_uin', 'region', 'done_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'))
        batch_op.create_index('ix_message_app_sent', ['app_id', 'region', 'submitted_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NOT NULL'))
        batch_op.create_index('ix_message_app_turned_down', ['app_id', 'region', 'done_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'))
        batch_op.create_index('ix_message_phone_sent', ['phone', 'submitted_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NOT NULL'))
        batch_op.create_index('ix_message_phone_turned_down', ['phone', 'done_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'))
        batch_op.create_index('ix_message_template_sent', ['template_id', 'region', 'submitted_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NOT NULL'))
        batch_op.create_index('ix_message_template_turned_down', ['template_id', 'region', 'done_at', 'id'], unique=False, sqlite_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NULL AND done_at IS NOT NULL'))

    with op.batch_alter_table('package_ledger', schema=None) as batch_op:
        batch_op.add_column(sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index('ix_package_ledger_message', ['message_id'], unique=False, sqlite_where=sa.text('message_id IS NOT NULL'), postgresql_where=sa.text('message_id IS NOT NULL'))

    with op.batch_alter_table('reply', schema=None) as batch_op:
        batch_op.add_column(sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('template_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=True))
        batch_op.add_column(sa.Column('opted_out', sa.Boolean(), server_default=sa.false(), nullable=False))

    # What a reply answers says whose it is; messages of detached months are gone.
    op.execute(
        "UPDATE reply SET"
        " app_id = (SELECT app_id FROM message WHERE message.id = reply.message_id),"
        " template_id = (SELECT template_id FROM message WHERE message.id = reply.message_id),"
        " region = CASE WHEN phone LIKE '+86%' THEN 'mainland' ELSE 'global' END"
    )
    op.execute(
        sa.text(
            "UPDATE reply SET opted_out = :yes WHERE EXISTS (SELECT 1 FROM unsubscription"
            " WHERE unsubscription.message_id = reply.message_id"
            " AND unsubscription.reply = trim(reply.text))"
        ).bindparams(yes=True)
    )
    with op.batch_alter_table('reply', schema=None) as batch_op:
        batch_op.alter_column('region', existing_type=sa.String(length=40), nullable=False)
        batch_op.drop_index(batch_op.f('ix_reply_account_uin'))
        batch_op.create_index('ix_reply_account', ['account_uin', 'region', 'received_at', 'id'], unique=False)
        batch_op.create_index('ix_reply_app', ['app_id', 'region', 'received_at', 'id'], unique=False)
        batch_op.create_index('ix_reply_phone', ['phone', 'received_at', 'id'], unique=False)
        batch_op.create_index('ix_reply_template', ['template_id', 'region', 'received_at', 'id'], unique=False)

    # New values of enumerations, which Alembic does not notice.
    with op.batch_alter_table('job', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.drop_constraint(op.f('ck_job_jobkind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_job_jobkind'), "kind IN ('check_recipients', 'start_task', 'settle_task', 'erase_task', 'notify', 'import_customers', 'erase_customer_group', 'dump_records')")

    # Days and months by country, and what receipts told of by code.
    rollup_backfill.fill(op.get_bind())
