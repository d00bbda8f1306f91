"""What a person must do: tasks and the messages that show their cause."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNDONE = sa.text("state IN ('open', 'assigned', 'escalated')")


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("escalated_at", sa.BigInteger(), nullable=True),
        sa.Column("escalated_from", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_task_undone",
        "task",
        ["cause", "customer_id"],
        unique=True,
        sqlite_where=_UNDONE,
        postgresql_where=_UNDONE,
    )
    op.create_index("ix_task_due", "task", ["due_at"], sqlite_where=_UNDONE, postgresql_where=_UNDONE)
    op.create_index("ix_task_owner", "task", ["owner_id", "id"])
    op.create_index("ix_task_cause", "task", ["cause", "customer_id", "created_at"])
    op.create_table(
        "task_evidence",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("phrase", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause", "account_id", "seq"),
    )
    op.create_index("ix_evidence_task", "task_evidence", ["task_id"])
