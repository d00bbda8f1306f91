"""The mode for the elderly, since when, on the identity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("identity", sa.Column("elder_since", sa.BigInteger(), nullable=True))
