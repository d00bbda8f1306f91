"""The time that people in China read on the clock: the bot's customers and staff live by it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")


def local(moment: datetime) -> datetime:
    """Return an aware moment as the clock in China shows it."""
    return moment.astimezone(ZONE)
