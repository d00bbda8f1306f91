"""Place kept for a landing that is under way; it fills or removes this."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    pass
