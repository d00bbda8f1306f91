"""Where contacts came from: the scene of a scanned code with the campaign and agent it names; unionid look-ups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table('attribution',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('identity_id', sa.BigInteger(), nullable=False),
    sa.Column('scene', sa.String(), nullable=False),
    sa.Column('campaign', sa.String(), nullable=True),
    sa.Column('agent', sa.String(), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'seq')
    )
    op.create_index('ix_attribution_identity', 'attribution', ['identity_id'], unique=False)
    op.add_column("identity", sa.Column("union_checked_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_identity_unasked",
        "identity",
        ["realm", "id"],
        unique=False,
        sqlite_where=sa.text("union_checked_at IS NULL"),
        postgresql_where=sa.text("union_checked_at IS NULL"),
    )
