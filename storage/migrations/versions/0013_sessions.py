"""Handovers on accounts whose platform has sessions of its own (kf): where each stands, and what is to be called next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_MOVING = sa.text("session IN ('pooling', 'giving', 'ending')")


def upgrade() -> None:
    op.add_column("handover", sa.Column("session", sa.String(), nullable=True))
    op.add_column("handover", sa.Column("session_at", sa.BigInteger(), nullable=True))
    op.add_column("handover", sa.Column("session_due", sa.BigInteger(), nullable=True))
    op.add_column("handover", sa.Column("session_tries", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_handover_session", "handover", ["session_due"], sqlite_where=_MOVING, postgresql_where=_MOVING
    )
