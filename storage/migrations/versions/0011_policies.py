"""Policies: bindings, the second step, and the drop of files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BOUND = sa.text("unbound_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "policy_binding",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("unbound_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_policy_bound",
        "policy_binding",
        ["customer_id"],
        unique=True,
        sqlite_where=_BOUND,
        postgresql_where=_BOUND,
    )
    op.create_table(
        "policy_check",
        sa.Column("identity_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("code_until", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wish", sa.String(), nullable=False),
        sa.Column("known_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("identity_id"),
    )
    op.create_table(
        "policy_try",
        sa.Column("identity_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "kind", "key"),
    )
    op.create_index("ix_policy_try", "policy_try", ["identity_id", "kind", "at"])
    op.create_table(
        "policy_drop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dropped_holder",
        sa.Column("drop_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id_tail", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("drop_id", "holder"),
    )
    op.create_table(
        "dropped_policy",
        sa.Column("drop_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("insured", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("premium", sa.String(), nullable=True),
        sa.Column("paid_until", sa.Date(), nullable=True),
        sa.Column("next_due", sa.Date(), nullable=True),
        sa.Column("sum_insured", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("drop_id", "number"),
    )
    op.create_index("ix_dropped_policy", "dropped_policy", ["drop_id", "holder"])
    op.create_table(
        "dropped_case",
        sa.Column("drop_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("next_step", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("drop_id", "number"),
    )
    op.create_index("ix_dropped_case", "dropped_case", ["drop_id", "holder"])
