"""A platform that only rings: it tells that an account's messages wait, and is acknowledged once a fetch is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from content.messages import Event, Inbound
from handlers.clock import Clock
from handlers.conversation.inbox import Answered
from storage.pulls import Pulls

log = structlog.get_logger()


class Doorbell:
    """Takes the rings of all accounts of one realm; which account is meant stands in the ring, not in the address."""

    def __init__(self, accounts: Mapping[str, int], *, pulls: Pulls, clock: Clock, wake: Callable[[], None]) -> None:
        """Take the accounts by the platform's name, and what wakes the fetching in this process."""
        self._accounts = accounts
        self._pulls = pulls
        self._clock = clock
        self._wake = wake

    async def receive(self, inbound: Inbound) -> Answered:
        """Note a ring; nothing is acknowledged before it is durable. Raises StorageError.

        The sender is the account whose messages wait; a ring for one that is not served is acknowledged and logged.
        """
        account_id = self._accounts.get(inbound.sender)
        if account_id is None or not isinstance(inbound.body, Event):
            log.warning(
                "The platform told of something that nobody here serves.",
                action="ring_ignored",
                named=inbound.sender,
                kind=inbound.body.kind if isinstance(inbound.body, Event) else "",
            )
            return Answered()
        token = inbound.body.fields.get("token") or None
        await self._pulls.ring(account_id, token=token, now=self._clock.now())
        self._wake()
        return Answered()

    def written(self, handed: tuple[int, int]) -> None:
        """Do nothing: no reply is ever carried."""
