"""What there is much of: messages of a version that have left, units of a benefit that nobody has, are read no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_OPEN = sa.text("state IN ('due', 'claimed', 'attempting', 'retry')")
_TRIAL = sa.text("substr(idempotency_key, 1, 14) = 'content-trial:'")
_CLAIMED = sa.text("granted_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_delivery_content", "delivery")
    _index("ix_delivery_content", "delivery", "content_version_id", "due_at", "id", where=_OPEN)
    _index("ix_delivery_trial", "delivery", "content_version_id", "id", where=_TRIAL)
    _index("ix_benefit_unit_claims", "benefit_unit", "benefit_id", "id", where=_CLAIMED)


def _index(name: str, table: str, *columns: str, where: sa.TextClause) -> None:
    op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
