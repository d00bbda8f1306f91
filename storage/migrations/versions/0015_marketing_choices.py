"""Topics and frequency of marketing: what customers chose, and on each delivery what it is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_IS_MARKETING = sa.text("purpose = 'marketing'")


def upgrade() -> None:
    op.create_table(
        "marketing_choice_entry",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("text_version", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("merged_from", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_marketing_choice_customer", "marketing_choice_entry", ["customer_id", "id"])
    op.add_column("delivery", sa.Column("topic", sa.String(), nullable=True))
    op.create_index(
        "ix_delivery_marketing",
        "delivery",
        ["identity_id", "id"],
        sqlite_where=_IS_MARKETING,
        postgresql_where=_IS_MARKETING,
    )
