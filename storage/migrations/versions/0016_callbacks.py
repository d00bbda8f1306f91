"""Call-backs after a sale: rounds, answers that a trigger guards, the one that runs on `reach`, and when one is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("state = 'open'")
_CHANGED = "an answer of a call-back is never changed; a correction is a new round"
_REMOVED = "an answer of a call-back goes with its whole round only"


def upgrade() -> None:
    op.create_table(
        "callback",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("missed", sa.String(), nullable=True),
        sa.Column("missed_by", sa.String(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_callback_open",
        "callback",
        ["identity_id", "policy"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_callback_identity", "callback", ["identity_id", "id"])
    op.create_table(
        "callback_answer",
        sa.Column("callback_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("is_doubt", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("callback_id", "question"),
        sa.UniqueConstraint("account_id", "seq"),
    )
    op.add_column("reach", sa.Column("callback_id", sa.BigInteger(), nullable=True))
    op.add_column("dropped_policy", sa.Column("callback_due", sa.Date(), nullable=True))
    for statement in _ON_SQLITE if op.get_bind().dialect.name == "sqlite" else _ON_POSTGRESQL:
        op.execute(statement)


_ON_SQLITE = (
    f"""CREATE TRIGGER callback_answer_unchanged BEFORE UPDATE ON callback_answer
    BEGIN SELECT RAISE(ABORT, '{_CHANGED}'); END""",
    f"""CREATE TRIGGER callback_answer_unremoved BEFORE DELETE ON callback_answer
    WHEN EXISTS (SELECT 1 FROM callback WHERE id = OLD.callback_id)
    BEGIN SELECT RAISE(ABORT, '{_REMOVED}'); END""",
)
_ON_POSTGRESQL = (
    f"""CREATE FUNCTION callback_answer_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_CHANGED}'; END $$""",
    f"""CREATE FUNCTION callback_answer_unremoved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM callback WHERE id = OLD.callback_id) THEN RAISE EXCEPTION '{_REMOVED}'; END IF;
        RETURN OLD;
    END $$""",
    """CREATE TRIGGER callback_answer_unchanged BEFORE UPDATE ON callback_answer
    FOR EACH ROW EXECUTE FUNCTION callback_answer_unchanged()""",
    """CREATE TRIGGER callback_answer_unremoved BEFORE DELETE ON callback_answer
    FOR EACH ROW EXECUTE FUNCTION callback_answer_unremoved()""",
)
