"""Joining the identities of one person: asks the platform for the unionid of whoever was not asked about yet."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, Rejected, Unreachable
from handlers.profiles.ports import Directory
from storage.customers import Customers

log = structlog.get_logger()

#: A tick asks about so many people; the platform's limit on user/info is far above.
_BATCH = 20


async def join_identities(customers: Customers, directories: Mapping[str, Directory], *, clock: Clock) -> int:
    """Ask, realm by realm, about people who were met, merge those with one unionid; return how many were asked."""
    asked = 0
    for realm, directory in directories.items():
        for identity_id, external_id in await customers.unasked_unions(realm=realm, limit=_BATCH, now=clock.now()):
            try:
                union_id = await directory.user_info(external_id)
            except (Unreachable, Rejected):
                union_id = None  # the platform knows nothing of this person; asking again would hold up the others
            except ChannelError as error:
                log.warning("A unionid could not be read.", action="union_unread", detail=str(error))
                break  # the platform is busy or the account misconfigured; the next tick tries again
            await customers.note_union_id(identity_id=identity_id, union_id=union_id, now=clock.now())
            asked += 1
    return asked
