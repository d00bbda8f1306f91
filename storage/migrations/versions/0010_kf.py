"""Place kept for a landing that is under way; it fills or removes this."""

from __future__ import annotations

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pass
