"""Place kept for a landing that is under way; it fills or removes this."""

from __future__ import annotations

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    pass
