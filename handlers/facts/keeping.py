"""Destroying what customers do not allow any more: a tick of the leader."""

from __future__ import annotations

import structlog

from handlers.clock import Clock
from storage.fact_keeping import FactKeeping


class FactCare:
    """Looks now and then; what is withdrawn is out of use from its moment, here it goes."""

    def __init__(self, keeping: FactKeeping, *, clock: Clock) -> None:
        self._keeping = keeping
        self._clock = clock

    async def run(self) -> int:
        """Destroy what is not allowed any more; return how many statements went. Raises StorageError."""
        went = await self._keeping.destroy_unwanted(now=self._clock.now())
        if went:
            structlog.get_logger().info("Facts went with their consent.", action="facts_destroyed", count=went)
        return went
