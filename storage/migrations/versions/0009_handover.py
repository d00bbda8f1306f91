"""Handovers to a person: the queue, offers, held replies, who is on duty; and the open one on `reach`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("state IN ('left_message', 'waiting', 'offered', 'running')")
_ON_DUTY = sa.text("ended_at IS NULL")
_UNSETTLED = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.add_column("reach", sa.Column("handover_id", sa.BigInteger(), nullable=True))
    op.add_column("reach", sa.Column("handover_state", sa.String(), nullable=True))
    _handover()
    op.create_table(
        "handover_offer",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_handover_offer", "handover_offer", ["handover_id", "staff_id"])
    _replies()
    op.create_table(
        "duty",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_duty_open", "duty", ["staff_id"], unique=True, sqlite_where=_ON_DUTY, postgresql_where=_ON_DUTY
    )


def _handover() -> None:
    op.create_table(
        "handover",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_seq", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("first_reply_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("place_told", sa.Integer(), nullable=True),
        sa.Column("place_told_at", sa.BigInteger(), nullable=True),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.Column("rated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "asked_seq"),
    )
    op.create_index(
        "ix_handover_open",
        "handover",
        ["account_id", "identity_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_handover_queue", "handover", ["opened_at", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index("ix_handover_staff", "handover", ["staff_id", "id"])
    op.create_index("ix_handover_identity", "handover", ["identity_id", "id"])


def _replies() -> None:
    op.create_table(
        "handover_hold",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "seq"),
    )
    op.create_index("ix_handover_hold_staff", "handover_hold", ["staff_id", "id"])
    op.create_table(
        "handover_reply",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(
        "ix_handover_reply_open",
        "handover_reply",
        ["handover_id"],
        sqlite_where=_UNSETTLED,
        postgresql_where=_UNSETTLED,
    )
    op.create_table(
        "handover_copy",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("handover_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "seq", "handover_id"),
    )
    op.create_index("ix_handover_copy", "handover_copy", ["handover_id"])
