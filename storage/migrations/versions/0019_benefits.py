"""Benefits: the catalogue, its units with their codes, and which outbox rows hold one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RESERVED = sa.text("state = 'reserved'")
_GRANTED = sa.text("state = 'granted'")


def upgrade() -> None:
    op.create_table(
        "benefit",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("supplier", sa.String(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("eligibility", sa.String(), nullable=False),
        sa.Column("guide", sa.String(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=True),
        sa.Column("per_holder", sa.Integer(), nullable=True),
        sa.Column("spend_cap", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "benefit_unit",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("benefit_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("identity_id", sa.BigInteger(), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("claim_key", sa.String(), nullable=True),
        sa.Column("reserved_at", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.Column("redeemed_by", sa.String(), nullable=True),
        sa.Column("redeemed_place", sa.String(), nullable=True),
        sa.Column("redeem_key", sa.String(), nullable=True),
        sa.Column("reversed_at", sa.BigInteger(), nullable=True),
        sa.Column("expired_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("claim_key"),
    )
    op.create_index("ix_benefit_unit_stock", "benefit_unit", ["benefit_id", "state", "id"])
    op.create_index("ix_benefit_unit_identity", "benefit_unit", ["identity_id", "id"])
    op.create_index("ix_benefit_unit_holder", "benefit_unit", ["holder", "benefit_id"])
    op.create_index(
        "ix_benefit_unit_delivery",
        "benefit_unit",
        ["delivery_id"],
        unique=True,
        sqlite_where=_RESERVED,
        postgresql_where=_RESERVED,
    )
    op.create_index(
        "ix_benefit_unit_expiry",
        "benefit_unit",
        ["expires_at"],
        sqlite_where=_GRANTED,
        postgresql_where=_GRANTED,
    )
    op.add_column("delivery", sa.Column("has_unit", sa.Boolean(), nullable=False, server_default=sa.false()))
