"""The processor that reads in the log that somebody has left the corporation: not only at night, but at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog

from handlers.clock import Clock
from storage.cursors import Cursors, LogRow
from storage.leaving import Leaving

log = structlog.get_logger()

_KIND: Final = "event:change_contact"
_LEFT: Final = "delete_user"


class ContactWatch:
    """Takes the rights of who has left. Source: WeCom doc 90240, change_contact."""

    name: Final = "contacts"
    version: Final = 1
    cursor: Final = "contacts.1"

    def __init__(
        self,
        leaving: Leaving,
        cursors: Cursors,
        *,
        realms: Mapping[int, str],
        clock: Clock,
        on_left: Callable[[], Awaitable[None]],
    ) -> None:
        """`realms`: by a WeCom account's id its corporation; `on_left` sees to the customers of who has left."""
        self._leaving = leaving
        self._cursors = cursors
        self._realms = realms
        self._clock = clock
        self._on_left = on_left

    async def process(self, batch: Sequence[LogRow]) -> None:
        """Note leavings, then move the cursor: a leaving that is noted twice changes nothing the second time."""
        realm = self._realms.get(batch[-1].account_id)
        for row in batch if realm is not None else ():
            if row.direction != "in" or row.kind != _KIND:
                continue
            fields = row.fields or {}
            userid = fields.get("UserID")
            if fields.get("ChangeType") != _LEFT or not isinstance(userid, str) or not userid:
                continue
            staff_id = await self._leaving.told(realm or "", userid, at=row.sent_at, now=self._clock.now())
            if staff_id is not None:
                log.info("WeCom says that somebody has left.", action="staff_left", staff=staff_id)
                await self._on_left()
        await self._cursors.move(self.cursor, batch)
