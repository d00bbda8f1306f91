"""Keeping the leases of conversations that take long: one watch over all that this process holds.

Most turns end within milliseconds, so what each of them costs counts: a turn is put on a list and taken off it. Only
the watch has a timer, and only what it finds held for a third of a lease is renewed.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from handlers.clock import Clock
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
        #: By task its lease, and when that was taken or renewed.
        self._held: dict[Task, tuple[Lease, datetime]] = {}
        #: By the task whose lease it is, a renewal that is under way.
        self._renewing: dict[Task, Task] = {}
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

    async def stop(self) -> None:
        """Renew nothing any more: what is under way is given up."""
        tasks = [*self._renewing.values(), *([self._watch] if self._watch is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _let_go(self, task: Task) -> None:
        self._held.pop(task, None)

    async def _keep(self) -> None:
        """Look every sixth of a lease, so that each is renewed before half of it is over."""
        try:
            while self._held:
                await self._clock.sleep(self._lease.total_seconds() / 6)
                now = self._clock.now()
                for task, (lease, since) in self._held.items():
                    if now - since >= self._lease / 3 and task not in self._renewing:
                        self._begin(task, lease)
        finally:
            self._watch = None

    def _begin(self, task: Task, lease: Lease) -> None:
        """Renew beside everything else: what a hanging renewal holds up is its own lease alone."""
        self._renewing[task] = asyncio.create_task(self._renew(task, lease), name=f"renewal-{lease.identity_id}")
        self._renewing[task].add_done_callback(lambda _: self._renewing.pop(task, None))

    async def _renew(self, task: Task, lease: Lease) -> None:
        now = self._clock.now()
        try:
            kept = await self._handling.renew(lease, now=now, until=now + self._lease)
        except Exception as error:  # noqa: BLE001 - it may end now, whoever takes it over finds the work; the others go on
            log.warning("A lease could not be renewed.", action="lease_not_renewed", detail=repr(error))
            return
        if task not in self._held:
            return
        if kept:
            self._held[task] = (lease, now)
        else:
            log.warning(
                "A conversation was taken over by another process.",
                action="lease_lost",
                account=lease.account_id,
                identity=lease.identity_id,
            )
            task.cancel()
