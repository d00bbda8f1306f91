"""The log, its work items, the outbox, people, tokens and leaders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PARTITIONED = ("message", "content")


def upgrade() -> None:
    op.create_table('access_token',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=True),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('refresh_holder', sa.String(), nullable=True),
    sa.Column('refresh_until', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('key')
    )
    op.create_table('account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('realm', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('last_seq', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name')
    )
    op.create_table('consent_entry',
    sa.Column('id', _BIG_KEY, nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('consent', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('text_version', sa.String(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('seq', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_consent_latest', 'consent_entry', ['customer_id', 'consent', 'id'], unique=False)
    op.create_table('content',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('month', sa.Integer(), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.Column('fields', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'seq', 'month'),
    postgresql_partition_by='RANGE (month)',
    sqlite_with_rowid=False
    )
    op.create_table('conversation',
    sa.Column('id', _BIG_KEY, nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('identity_id', sa.BigInteger(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_conversation_identity_id', 'conversation', ['identity_id'], unique=False)
    op.create_table('customer',
    sa.Column('id', _BIG_KEY, nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('merged_into', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('customer_merge',
    sa.Column('id', _BIG_KEY, nullable=False),
    sa.Column('identity_id', sa.BigInteger(), nullable=False),
    sa.Column('from_customer', sa.BigInteger(), nullable=False),
    sa.Column('to_customer', sa.BigInteger(), nullable=False),
    sa.Column('cause', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('delivery',
    sa.Column('id', _BIG_KEY, nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('out_seq', sa.BigInteger(), nullable=False),
    sa.Column('identity_id', sa.BigInteger(), nullable=False),
    sa.Column('idempotency_key', sa.String(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('holder', sa.String(), nullable=True),
    sa.Column('lease_until', sa.BigInteger(), nullable=True),
    sa.Column('api', sa.String(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('platform_id', sa.String(), nullable=True),
    sa.Column('settled_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('idempotency_key')
    )
    op.create_index('ix_delivery_open', 'delivery', ['due_at'], unique=False, sqlite_where=sa.text("state IN ('due', 'claimed', 'attempting', 'retry')"), postgresql_where=sa.text("state IN ('due', 'claimed', 'attempting', 'retry')"))
    op.create_index('ix_delivery_person', 'delivery', ['account_id', 'identity_id', 'id'], unique=False)
    op.create_table('delivery_attempt',
    sa.Column('delivery_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('api', sa.String(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('code', sa.Integer(), nullable=True),
    sa.Column('detail', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('delivery_id', 'n')
    )
    op.create_table('identity',
    sa.Column('id', _BIG_KEY, nullable=False),
    sa.Column('realm', sa.String(), nullable=False),
    sa.Column('external_id', sa.String(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('union_id', sa.String(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('realm', 'external_id')
    )
    op.create_index('ix_identity_customer_id', 'identity', ['customer_id'], unique=False)
    op.create_index('ix_identity_union', 'identity', ['union_id'], unique=False)
    op.create_table('leader',
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('lease_until', sa.BigInteger(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('role')
    )
    op.create_table('message',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('month', sa.Integer(), nullable=False),
    sa.Column('direction', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('identity_id', sa.BigInteger(), nullable=False),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('sent_at', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=True),
    sa.Column('idempotency_key', sa.String(), nullable=True),
    sa.Column('content_version', sa.String(), nullable=True),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'seq', 'month'),
    postgresql_partition_by='RANGE (month)',
    sqlite_with_rowid=False
    )
    op.create_index('ix_message_conversation', 'message', ['conversation_id', 'seq'], unique=False)
    op.create_table('message_key',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.LargeBinary(length=16), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'key'),
    sqlite_with_rowid=False
    )
    op.create_table('reach',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('identity_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('followed', sa.Boolean(), nullable=True),
    sa.Column('followed_at', sa.BigInteger(), nullable=True),
    sa.Column('conversation_id', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('quota_left', sa.Integer(), nullable=False),
    sa.Column('quota_until', sa.BigInteger(), nullable=True),
    sa.Column('unreachable', sa.String(), nullable=True),
    sa.Column('holder', sa.String(), nullable=True),
    sa.Column('lease_until', sa.BigInteger(), nullable=True),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'identity_id')
    )
    op.create_table('reply',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('in_seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('out_seq', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'in_seq', 'n'),
    sqlite_with_rowid=False
    )
    op.create_index('ix_reply_open', 'reply', ['at'], unique=False, sqlite_where=sa.text("state IN ('ready', 'handed')"), postgresql_where=sa.text("state IN ('ready', 'handed')"))
    op.create_table('seal',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('to_seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('from_seq', sa.BigInteger(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'to_seq')
    )
    op.create_table('staff',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('realm', sa.String(), nullable=False),
    sa.Column('userid', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('branch', sa.String(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('realm', 'userid')
    )
    op.create_table('work',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('identity_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('via', sa.String(), nullable=True),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('handled_at', sa.BigInteger(), nullable=True),
    sa.Column('joined_to', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('account_id', 'seq'),
    sqlite_with_rowid=False
    )
    op.create_index('ix_work_ready', 'work', ['identity_id', 'account_id'], unique=False, sqlite_where=sa.text("state = 'ready'"), postgresql_where=sa.text("state = 'ready'"))
    # ### end Alembic commands ###
    if op.get_bind().dialect.name == "postgresql":
        for table in _PARTITIONED:
            op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
