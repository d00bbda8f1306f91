"""Erasures, what the law keeps of them, legal holds, links to one's data; which customers are gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("state IN ('requested', 'locked', 'destroyed')")
_HELD = sa.text("released_at IS NULL")


def upgrade() -> None:
    op.add_column("customer", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "erasure",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("lock_after", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("locked_at", sa.BigInteger(), nullable=True),
        sa.Column("destroyed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("kept_class", sa.String(), nullable=True),
        sa.Column("kept_reason", sa.String(), nullable=True),
        sa.Column("kept_until", sa.BigInteger(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_erasure_open", "erasure", ["customer_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_table(
        "erased_identity",
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.Column("realm", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("union_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("identity_id"),
    )
    op.create_index("ix_erased_identity_erasure_id", "erased_identity", ["erasure_id"])
    op.create_table(
        "frozen_content",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "seq"),
    )
    op.create_index("ix_frozen_erasure", "frozen_content", ["erasure_id"])
    op.create_table(
        "legal_hold",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_reason", sa.String(), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hold", "legal_hold", ["customer_id"], unique=True, sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_table(
        "export_link",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_export_customer", "export_link", ["customer_id"])
