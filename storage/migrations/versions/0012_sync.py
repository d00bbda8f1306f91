"""Reconciling with the platforms: runs, what they found and staged, followers, tags, departments, notices of leaving."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNFINISHED = sa.text("state IN ('running', 'waiting')")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _runs()
    _staged()
    _found()
    op.add_column("task", sa.Column("left_id", sa.Integer(), nullable=True))
    op.add_column("staff", sa.Column("seen_at", sa.BigInteger(), nullable=True))


def _runs() -> None:
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("resume_at", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        *[
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("total", "seen", "new", "changed", "gone", "unmapped", "refused", "tagged", "untagged")
        ],
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_sync_unfinished",
        "sync_run",
        ["what", "account_id"],
        unique=True,
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
    op.create_index("ix_sync_subject", "sync_run", ["what", "account_id", "id"])
    op.create_table(
        "sync_difference",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_difference_run", "sync_difference", ["run_id", "kind", "id"])


def _staged() -> None:
    op.create_table(
        "staged_follower",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("is_asked", sa.Boolean(), nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("union_id", sa.String(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "external_id"),
    )
    op.create_table(
        "staged_tag",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_read", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "tag_id"),
    )
    op.create_table(
        "staged_tagged",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "tag_id", "external_id"),
    )


def _found() -> None:
    op.create_table(
        "follower",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "identity_id"),
    )
    op.create_table(
        "tag",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "tag_id"),
    )
    op.create_table(
        "identity_tag",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "tag_id", "identity_id"),
    )
    op.create_index("ix_tag_identity", "identity_tag", ["identity_id"])
    op.create_table(
        "department",
        sa.Column("realm", sa.String(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("realm", "department_id"),
    )
    op.create_table(
        "leave_notice",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_index("ix_notice_waiting", "leave_notice", ["task_id"], sqlite_where=_WAITING, postgresql_where=_WAITING)
