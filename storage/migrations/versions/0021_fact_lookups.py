"""Indexes for whoever facts are written of: who was merged into them, who is bound to a holder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_MERGED = sa.text("merged_into IS NOT NULL")
_BOUND = sa.text("unbound_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_customer_merged", "customer", ["merged_into"], sqlite_where=_MERGED, postgresql_where=_MERGED)
    op.create_index("ix_policy_holder", "policy_binding", ["holder"], sqlite_where=_BOUND, postgresql_where=_BOUND)
