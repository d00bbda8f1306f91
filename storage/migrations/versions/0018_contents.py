"""Reviewed content: items, versions whose words a trigger freezes, stops, pictures; and the version a delivery names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORKING = sa.text("state IN ('draft', 'in_review', 'returned')")
_APPROVED = sa.text("state = 'approved'")
_STANDS = sa.text("lifted_at IS NULL")
_HAS_CONTENT = sa.text("content_version_id IS NOT NULL")
_FROZEN = "the words of a version are changed while it is a draft only; an edit makes a new version"


def upgrade() -> None:
    _items()
    op.create_table(
        "content_stop",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("product_key", sa.String(), nullable=True),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("stopped_by", sa.Integer(), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _unique("ix_content_stop_item", "content_stop", "item_id", where=_STANDS)
    _unique("ix_content_stop_product", "content_stop", "product_key", where=_STANDS)
    op.create_table(
        "content_picture",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.add_column("delivery", sa.Column("content_version_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_delivery_content",
        "delivery",
        ["content_version_id", "id"],
        sqlite_where=_HAS_CONTENT,
        postgresql_where=_HAS_CONTENT,
    )
    for statement in _ON_SQLITE if op.get_bind().dialect.name == "sqlite" else _ON_POSTGRESQL:
        op.execute(statement)


def _items() -> None:
    op.create_table(
        "content_item",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_content_item_branch", "content_item", ["branch_id", "id"])
    op.create_table(
        "content_version",
        sa.Column("id", _BIG_KEY, nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("spec", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("product_key", sa.String(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("editor_id", sa.Integer(), nullable=False),
        sa.Column("hands", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("answers", sa.String(), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("item_id", "number"),
    )
    _unique("ix_content_version_working", "content_version", "item_id", where=_WORKING)
    _unique("ix_content_version_approved", "content_version", "item_id", where=_APPROVED)
    op.create_index("ix_content_version_product", "content_version", ["product_key", "id"])


def _unique(name: str, table: str, column: str, *, where: sa.TextClause) -> None:
    op.create_index(name, table, [column], unique=True, sqlite_where=where, postgresql_where=where)


_CHANGES = (
    "OLD.state NOT IN ('draft', 'returned') AND (NEW.spec <> OLD.spec OR NEW.digest <> OLD.digest"
    " OR NEW.product_key <> OLD.product_key OR NEW.hands <> OLD.hands OR NEW.item_id <> OLD.item_id)"
)
_ON_SQLITE = (
    f"""CREATE TRIGGER content_version_frozen BEFORE UPDATE ON content_version WHEN {_CHANGES}
    BEGIN SELECT RAISE(ABORT, '{_FROZEN}'); END""",
)
_ON_POSTGRESQL = (
    f"""CREATE FUNCTION content_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_FROZEN}'; END $$""",
    f"""CREATE TRIGGER content_version_frozen BEFORE UPDATE ON content_version
    FOR EACH ROW WHEN ({_CHANGES}) EXECUTE FUNCTION content_version_frozen()""",
)
