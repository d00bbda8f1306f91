"""Joining the identities of one person: asks the platform for the unionid of whoever was not asked about yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, Misconfigured, Rejected, Unreachable
from handlers.profiles.ports import Directory
from storage.customers import Customers

log = structlog.get_logger()

#: A tick asks about so many people; the platform's limit on user/info is far above.
_BATCH: Final = 20
#: An account without the right to read user information gets it from a person in the console, not from asking again.
_HOLD_OFF: Final = timedelta(hours=1)


class Unions:
    """Asks, realm by realm, about people who were met, and merges those with one unionid."""

    def __init__(self, customers: Customers, directories: Mapping[str, Directory], *, clock: Clock) -> None:
        self._customers = customers
        self._directories = directories
        self._clock = clock
        self._held_until: dict[str, datetime] = {}

    async def join(self) -> int:
        """Ask about some people of each realm; return how many were asked."""
        return sum([await self._join_realm(realm, directory) for realm, directory in self._directories.items()])

    async def _join_realm(self, realm: str, directory: Directory) -> int:
        now = self._clock.now()
        if now < self._held_until.get(realm, now):
            return 0
        asked = 0
        for identity_id, external_id in await self._customers.unasked_unions(realm=realm, limit=_BATCH, now=now):
            try:
                union_id = await directory.user_info(external_id)
            except (Unreachable, Rejected):
                union_id = None  # the platform knows nothing of this person; asking again would hold up the others
            except Misconfigured as error:
                self._held_until[realm] = now + _HOLD_OFF
                log.warning("Unionids may not be read.", action="union_held_off", realm=realm, detail=str(error))
                break
            except ChannelError as error:
                log.warning("A unionid could not be read.", action="union_unread", detail=str(error))
                break  # the platform is busy; the next tick tries again
            await self._customers.note_union_id(identity_id=identity_id, union_id=union_id, now=now)
            asked += 1
        return asked
