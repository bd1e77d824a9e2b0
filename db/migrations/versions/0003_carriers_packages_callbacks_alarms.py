"""carriers, packages, callbacks and alarms"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('callback_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('callback_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('push_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('body', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_callback_event'))
    )
    with op.batch_alter_table('callback_event', schema=None) as batch_op:
        batch_op.create_index('ix_callback_event_fresh', ['callback_id', 'id'], unique=False, sqlite_where=sa.text('push_id IS NULL'), postgresql_where=sa.text('push_id IS NULL'))
        batch_op.create_index('ix_callback_event_message', ['callback_id', 'message_id'], unique=False, sqlite_where=sa.text('push_id IS NOT NULL'), postgresql_where=sa.text('push_id IS NOT NULL'))
        batch_op.create_index('ix_callback_event_push', ['push_id', 'id'], unique=False, sqlite_where=sa.text('push_id IS NOT NULL'), postgresql_where=sa.text('push_id IS NOT NULL'))

    op.create_table('callback_push',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('callback_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('webhook_id', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('events', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('due_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('parked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
    sa.Column('error_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_callback_push'))
    )
    with op.batch_alter_table('callback_push', schema=None) as batch_op:
        batch_op.create_index('ix_callback_push_open', ['callback_id', 'id'], unique=False, sqlite_where=sa.text('parked_at IS NULL'), postgresql_where=sa.text('parked_at IS NULL'))
        batch_op.create_index('ix_callback_push_parked', ['callback_id', 'parked_at', 'id'], unique=False)

    op.create_table('carrier',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('kind', sa.Enum('simulator', 'smpp', name='carrierkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('paused', sa.Boolean(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('settings', sa.Text(), nullable=True),
    sa.Column('sealed_password', sqlmodel.sql.sqltypes.AutoString(length=400), nullable=True),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('updated_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('deleted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_carrier')),
    sa.UniqueConstraint('name', name=op.f('uq_carrier_name'))
    )
    op.create_table('carrier_state',
    sa.Column('worker', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('carrier', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('binds', sa.Integer(), nullable=False),
    sa.Column('binds_wanted', sa.Integer(), nullable=False),
    sa.Column('window', sa.Integer(), nullable=False),
    sa.Column('rate', sa.Float(), nullable=False),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('error_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('worker', 'carrier', name=op.f('pk_carrier_state'))
    )
    with op.batch_alter_table('carrier_state', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_carrier_state_seen_at'), ['seen_at'], unique=False)

    op.create_table('kept_receipt',
    sa.Column('carrier', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('delivered', sa.Boolean(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
    sa.Column('kept_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('carrier', 'reference', name=op.f('pk_kept_receipt'))
    )
    with op.batch_alter_table('kept_receipt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kept_receipt_carrier_kept_at'), ['carrier', 'kept_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_kept_receipt_kept_at'), ['kept_at'], unique=False)
        batch_op.create_index('ix_kept_receipt_phone', ['carrier', 'phone'], unique=False, sqlite_where=sa.text("phone <> ''"), postgresql_where=sa.text("phone <> ''"))

    op.create_table('message_part',
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('carrier', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('submitted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('delivered', sa.Boolean(), nullable=True),
    sa.Column('done_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('message_id', 'number', name=op.f('pk_message_part'))
    )
    with op.batch_alter_table('message_part', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_part_carrier_reference'), ['carrier', 'reference'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_part_submitted_at'), ['submitted_at'], unique=False)

    op.create_table('price_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
    sa.Column('units', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('price_micros', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
    sa.Column('validity_days', sa.Integer(), nullable=False),
    sa.Column('refused_units', sa.Enum('returned', 'kept', name='refusedunits', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('on_sale', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_item'))
    )
    op.create_table('routing_version',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_routing_version'))
    )
    op.create_table('warning_count',
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('sent', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('raised_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('app_id', 'region', 'day', name=op.f('pk_warning_count'))
    )
    op.create_table('alarm',
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event', sa.Enum('frequency_limit', 'excess_messages', 'review_result', 'package', name='alarmevent', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
    sa.Column('noticed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('latest', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('folded', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('carried', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_alarm_account_uin_account')),
    sa.PrimaryKeyConstraint('account_uin', 'event', 'subject', name=op.f('pk_alarm'))
    )
    op.create_table('callback',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('url', sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('sealed_secret', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('sealed_old', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
    sa.Column('old_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('tested_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('failing_since', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('held_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('suspended_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
    sa.Column('error_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('pushed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('claimed_by', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
    sa.Column('claimed_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_callback_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_callback')),
    sa.UniqueConstraint('account_uin', 'app_id', name=op.f('uq_callback_account_uin_app_id'))
    )
    with op.batch_alter_table('callback', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_callback_app_id'), ['app_id'], unique=False)

    op.create_table('notification',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event', sa.Enum('frequency_limit', 'excess_messages', 'review_result', 'package', name='alarmevent', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('channel', sa.Enum('sms', 'email', name='channel', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('language', sa.Enum('english', 'chinese', name='language', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('contact_name', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(length=254), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('body', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('params', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sa.Enum('queued', 'sent', 'delivered', 'failed', name='notificationstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('retry_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('sent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_notification_account_uin_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notification'))
    )
    with op.batch_alter_table('notification', schema=None) as batch_op:
        batch_op.create_index('ix_notification_account', ['account_uin', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_notification_created_at', ['created_at', 'id'], unique=False)

    op.create_table('package_watch',
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('alarm_enabled', sa.Boolean(), nullable=False),
    sa.Column('alarm_threshold', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('alarm_below', sa.Boolean(), nullable=False),
    sa.Column('renewal_enabled', sa.Boolean(), nullable=False),
    sa.Column('renewal_threshold', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('renewal_below', sa.Boolean(), nullable=False),
    sa.Column('renewal_item', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('renewal_revision', sa.Integer(), nullable=True),
    sa.Column('renewal_quantity', sa.Integer(), nullable=True),
    sa.Column('renewal_problem', sa.Enum('not_on_sale', 'changed', 'daily_limit', 'too_many_packages', name='renewalproblem', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('renewal_again_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('renewal_day', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('renewals', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_package_watch_account_uin_account')),
    sa.ForeignKeyConstraint(['renewal_item'], ['price_item.id'], name=op.f('fk_package_watch_renewal_item_price_item')),
    sa.PrimaryKeyConstraint('account_uin', name=op.f('pk_package_watch'))
    )
    with op.batch_alter_table('package_watch', schema=None) as batch_op:
        batch_op.create_index('ix_package_watch_again', ['renewal_again_at'], unique=False, sqlite_where=sa.text('renewal_again_at IS NOT NULL'), postgresql_where=sa.text('renewal_again_at IS NOT NULL'))

    op.create_table('route',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
    sa.Column('prefix', sqlmodel.sql.sqltypes.AutoString(length=15), nullable=True),
    sa.Column('sms_type', sa.Enum('regular', 'marketing', name='smstype', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('fallback', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('updated_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_route_account_uin_account')),
    sa.ForeignKeyConstraint(['fallback'], ['carrier.name'], name=op.f('fk_route_fallback_carrier')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_route')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('route', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_route_fallback'), ['fallback'], unique=False)
        batch_op.create_index(batch_op.f('ix_route_position'), ['position'], unique=False)

    op.create_table('alarm_contact',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
    sa.Column('email', sqlmodel.sql.sqltypes.AutoString(length=254), nullable=True),
    sa.Column('language', sa.Enum('english', 'chinese', name='language', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['app_id'], ['application.id'], name=op.f('fk_alarm_contact_app_id_application')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm_contact')),
    sa.UniqueConstraint('app_id', 'email', name='uq_alarm_contact_email'),
    sa.UniqueConstraint('app_id', 'phone', name='uq_alarm_contact_phone')
    )
    op.create_table('package_purchase',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_uin', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('package_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('item_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
    sa.Column('units', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('price_micros', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
    sa.Column('validity_days', sa.Integer(), nullable=False),
    sa.Column('refused_units', sa.Enum('returned', 'kept', name='refusedunits', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('amount_micros', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bought_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('bought_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('idempotency_key', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
    sa.ForeignKeyConstraint(['account_uin'], ['account.uin'], name=op.f('fk_package_purchase_account_uin_account')),
    sa.ForeignKeyConstraint(['package_id'], ['package.id'], name=op.f('fk_package_purchase_package_id_package')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_package_purchase')),
    sa.UniqueConstraint('account_uin', 'idempotency_key', name=op.f('uq_package_purchase_account_uin_idempotency_key')),
    sa.UniqueConstraint('package_id', name=op.f('uq_package_purchase_package_id'))
    )
    with op.batch_alter_table('package_purchase', schema=None) as batch_op:
        batch_op.create_index('ix_package_purchase_list', ['bought_at', 'id'], unique=False)

    op.create_table('route_target',
    sa.Column('route_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('carrier', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.CheckConstraint('weight BETWEEN 1 AND 100', name=op.f('ck_route_target_weight')),
    sa.ForeignKeyConstraint(['carrier'], ['carrier.name'], name=op.f('fk_route_target_carrier_carrier')),
    sa.ForeignKeyConstraint(['route_id'], ['route.id'], name=op.f('fk_route_target_route_id_route')),
    sa.PrimaryKeyConstraint('route_id', 'number', name=op.f('pk_route_target'))
    )
    with op.batch_alter_table('route_target', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_route_target_carrier'), ['carrier'], unique=False)

    op.create_table('warning_threshold',
    sa.Column('app_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('region', sa.Enum('mainland', 'global', name='region', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('threshold', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['app_id'], ['application.id'], name=op.f('fk_warning_threshold_app_id_application')),
    sa.PrimaryKeyConstraint('app_id', 'region', name=op.f('pk_warning_threshold'))
    )
    op.create_table('alarm_subscription',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event', sa.Enum('frequency_limit', 'excess_messages', 'review_result', 'package', name='alarmevent', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['alarm_contact.id'], name=op.f('fk_alarm_subscription_contact_id_alarm_contact'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('contact_id', 'event', name=op.f('pk_alarm_subscription'))
    )
    with op.batch_alter_table('bulk_task', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unknown_policy', sa.Enum('resend', 'wait', name='unknownpolicy', native_enum=False, create_constraint=True, length=40), server_default='resend', nullable=False))

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('urgent', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index('ix_message_parked', ['carrier', 'task_id', 'id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
        batch_op.create_index('ix_message_phone', ['phone', 'submitted_at'], unique=False, sqlite_where=sa.text('submitted_at IS NOT NULL'), postgresql_where=sa.text('submitted_at IS NOT NULL'))
        batch_op.create_index('ix_message_single', ['carrier', 'urgent', 'app_id', 'id'], unique=False, sqlite_where=sa.text("task_id IS NULL AND state IN ('queued', 'waiting')"), postgresql_where=sa.text("task_id IS NULL AND state IN ('queued', 'waiting')"))

    # What there was was granted by hand or as a gift, in force at once, and gave refused units back.
    with op.batch_alter_table('package', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True))
        batch_op.add_column(sa.Column('expired', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('refused_units', sa.Enum('returned', 'kept', name='refusedunits', native_enum=False, create_constraint=True, length=40), nullable=True))
        batch_op.add_column(sa.Column('effective_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.execute("UPDATE package SET name = '', expired = 0, refused_units = 'returned', effective_at = granted_at")
    with op.batch_alter_table('package', schema=None) as batch_op:
        batch_op.alter_column('name', existing_type=sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False)
        batch_op.alter_column('expired', existing_type=sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False)
        batch_op.alter_column('refused_units', existing_type=sa.String(length=40), nullable=False)
        batch_op.alter_column('effective_at', existing_type=sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False)
        batch_op.create_index('ix_package_left', ['expires_at'], unique=False, sqlite_where=sa.text('remaining > 0'), postgresql_where=sa.text('remaining > 0'))
        batch_op.create_index('uq_package_gift', ['account_uin'], unique=True, sqlite_where=sa.text("kind = 'gift'"), postgresql_where=sa.text("kind = 'gift'"))

    with op.batch_alter_table('package_ledger', schema=None) as batch_op:
        batch_op.create_index('ix_package_ledger_list', ['account_uin', 'at', 'id'], unique=False)

    # New values of enumerations, which Alembic does not notice.
    with op.batch_alter_table('job', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.drop_constraint(op.f('ck_job_jobkind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_job_jobkind'), "kind IN ('check_recipients', 'start_task', 'settle_task', 'erase_task', 'notify')")

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_message_messagestatus'), type_='check')
        batch_op.create_check_constraint(op.f('ck_message_messagestatus'), "state IN ('queued', 'waiting', 'claimed', 'unknown', 'submitted', 'delivered', 'failed', 'expired', 'refused', 'cancelled')")

    with op.batch_alter_table('package_ledger', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_package_ledger_ledgerkind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_package_ledger_ledgerkind'), "kind IN ('grant', 'reserve', 'return', 'expire')")
