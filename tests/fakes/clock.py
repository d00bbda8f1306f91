"""A clock that a test moves by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.clock import VirtualTime

#: Where tests begin unless they say otherwise.
START = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


class ManualClock(VirtualTime):
    """Stands still until `advance`; whoever sleeps wakes in the order of the times."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking who is due on the way, and let them run."""
        await self.advance_to(self.now() + timedelta(seconds=seconds))
