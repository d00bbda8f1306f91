"""Keeping the leases of conversations that take long: one watch over all that this process holds.

Most turns end within milliseconds, so what each of them costs counts: a turn is put on a list and taken off it. Only
the watch has a timer, and only what it finds held for a third of a lease is renewed.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from handlers.clock import Clock
from storage.errors import StorageError
from storage.handling import Handling
from storage.records import Lease

log = structlog.get_logger()

Task = asyncio.Task[None]


class Renewal:
    """Renews the leases of held conversations; cancels the work on one whose lease another process took."""

    def __init__(self, handling: Handling, *, clock: Clock, lease: timedelta) -> None:
        self._handling = handling
        self._clock = clock
        self._lease = lease
        self._held: dict[Task, tuple[Lease, datetime]] = {}
        self._watch: Task | None = None

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, task: Task, lease: Lease) -> None:
        """Keep `lease` for as long as `task` runs; the task is cancelled when the lease is lost."""
        self._held[task] = (lease, self._clock.now())
        task.add_done_callback(self._let_go)
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep(), name="renewal")

    @property
    def tasks(self) -> list[Task]:
        """The tasks that run."""
        return list(self._held)

    def _let_go(self, task: Task) -> None:
        self._held.pop(task, None)

    async def _keep(self) -> None:
        third = self._lease / 3
        try:
            while self._held:
                await self._clock.sleep(third.total_seconds())
                now = self._clock.now()
                for task, (lease, since) in list(self._held.items()):
                    if now - since >= third:
                        await self._renew(task, lease)
        finally:
            self._watch = None

    async def _renew(self, task: Task, lease: Lease) -> None:
        now = self._clock.now()
        try:
            kept = await self._handling.renew(lease, now=now, until=now + self._lease)
        except StorageError as error:  # it may end now; whoever takes it over finds the work waiting
            log.warning("A lease could not be renewed.", action="lease_not_renewed", detail=str(error))
            return
        if not kept and task in self._held:
            log.warning(
                "A conversation was taken over by another process.",
                action="lease_lost",
                account=lease.account_id,
                identity=lease.identity_id,
            )
            task.cancel()
