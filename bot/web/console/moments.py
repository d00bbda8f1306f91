"""Times as staff read them: on the wall clock of China, near days by their name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.web.console.words import Words
from handlers.clock import Clock

ZONE: Final = ZoneInfo("Asia/Shanghai")


class Moments:
    """Says when something was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def moment(self, words: Words, at: datetime) -> str:
        """Return day and minute: 今天 17:30."""
        return f"{self.day(words, at)} {at.astimezone(ZONE):%H:%M}"

    def day(self, words: Words, at: datetime) -> str:
        """Return the day: 今天, 昨天, 明天, 2026-04-28."""
        day, today = at.astimezone(ZONE).date(), self._clock.now().astimezone(ZONE).date()
        if day == today:
            return words("time.today")
        if day == today - timedelta(days=1):
            return words("time.yesterday")
        if day == today + timedelta(days=1):
            return words("time.tomorrow")
        return day.isoformat()

    @staticmethod
    def exact(at: datetime) -> str:
        """Return the moment to the second, with its zone, as a machine reads it and a tooltip shows it."""
        return at.astimezone(ZONE).isoformat(sep=" ", timespec="seconds")

    @staticmethod
    def minute(at: datetime) -> str:
        """Return the minute alone."""
        return f"{at.astimezone(ZONE):%H:%M}"
