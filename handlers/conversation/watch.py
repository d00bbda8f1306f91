"""Watching messages that another process handles: one look at the database for all who wait, not one each."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from handlers.clock import Clock
from handlers.outage import Outage
from storage.errors import StorageError
from storage.replies import Replies

log = structlog.get_logger()

_LOOK_SECONDS: Final = 0.25


class Watch:
    """Tells who waits when a message is handled elsewhere; looks only while somebody waits."""

    def __init__(self, replies: Replies, *, clock: Clock) -> None:
        self._replies = replies
        self._clock = clock
        self._outage = Outage(_say_waiting)
        self._waiting: dict[int, dict[int, list[asyncio.Future[None]]]] = {}
        self._looking: asyncio.Task[None] | None = None

    def add(self, account_id: int, seq: int) -> asyncio.Future[None]:
        """Return a future that is done when the message need be waited for no longer."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account_id, {}).setdefault(seq, []).append(future)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="watch")
        return future

    def forget(self, account_id: int, seq: int, future: asyncio.Future[None]) -> None:
        """Stop waiting."""
        mine = self._waiting.get(account_id, {})
        futures = mine.get(seq, [])
        if future in futures:
            futures.remove(future)
        if not futures:
            mine.pop(seq, None)
        if not mine:
            self._waiting.pop(account_id, None)

    async def _look(self) -> None:
        try:
            while self._waiting:
                await self._clock.sleep(_LOOK_SECONDS)
                try:
                    asked = await self._tell()
                except StorageError as error:
                    self._outage.noted(error)
                else:
                    if asked:
                        self._outage.over()
        finally:
            self._looking = None

    async def _tell(self) -> bool:
        """Tell who need wait no longer; return whether there was anybody to ask the database for."""
        asked = False
        for account_id in tuple(self._waiting):
            seqs = sorted(self._waiting.get(account_id, {}))
            if not seqs:
                continue
            asked = True
            for seq in await self._replies.settled(account_id, seqs):
                for future in self._waiting.get(account_id, {}).pop(seq, ()):
                    if not future.done():
                        future.set_result(None)
        return asked


def _say_waiting(error: StorageError) -> None:
    log.error("Waiting messages cannot be looked at.", action="watch_waits", detail=str(error))
