"""Taking over conversations whose holder died: their leases have ended, their work still waits."""

from __future__ import annotations

import asyncio

import structlog

from handlers.clock import Clock
from handlers.conversation.lanes import Lanes
from handlers.outage import Outage
from storage.errors import StorageError

log = structlog.get_logger()

_LOOK_SECONDS = 0.25
#: Held at most at once by taking over, so that one process does not claim what others could help with.
_CLAIM = 50


class Recovery:
    """Looks for abandoned work and begins it."""

    def __init__(self, *, lanes: Lanes, clock: Clock) -> None:
        self._lanes = lanes
        self._clock = clock
        self._outage = Outage(_say_waiting)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until `stopping` is set."""
        while not stopping.is_set():
            try:
                taken = await self._lanes.take_over(limit=_CLAIM)
            except StorageError as error:
                self._outage.noted(error)
                taken = 0
            else:
                self._outage.over()
            if taken:
                log.info("Abandoned conversations were taken over.", action="taken_over", conversations=taken)
            if taken < _CLAIM:
                await self._clock.sleep(_LOOK_SECONDS)


def _say_waiting(error: StorageError) -> None:
    log.error("Abandoned work cannot be looked for.", action="recovery_waits", detail=str(error))
