"""what deletions and the review's history are looked up by"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_DECIDED = sa.text('decided_at IS NOT NULL')
_REFERENCES = (
    ('review_item', 'claimed_by'),
    ('review_item', 'decided_by'),
    ('signature', 'certificate_id'),
    ('signature', 'authorization_id'),
    ('bulk_task', 'app_id'),
    ('bulk_task', 'template_id'),
    ('bulk_task', 'signature_id'),
    ('verification_request', 'document_id'),
)


def upgrade() -> None:
    for table, column in _REFERENCES:
        op.create_index(op.f(f'ix_{table}_{column}'), table, [column])
    op.create_index(
        'ix_review_item_kind_history',
        'review_item',
        ['kind', 'decided_at', 'id'],
        sqlite_where=_DECIDED,
        postgresql_where=_DECIDED,
    )

