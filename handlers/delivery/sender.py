"""The one sending loop: takes up due rows as there is room, lets them go out side by side, writes each as it ends.

Every account has room of its own, so that one whose platform hangs holds back nobody else's messages. Results that end
together are written together. What is under way is renewed, so that a slow platform does not end a row's lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import structlog

from content.value import value
from handlers.clock import Clock
from handlers.delivery.attempt import Attempts
from handlers.delivery.governor import Governor
from handlers.delivery.outlets import Outlet
from handlers.delivery.pauses import Pauses
from handlers.delivery.retry import RetryPolicy
from handlers.outage import Outage
from storage.attempts import Settlement
from storage.claims import Claimed
from storage.errors import StorageError
from storage.outbox import Outbox

log = structlog.get_logger()


@value
class SenderConfig:
    """Sizes and times of the loop; seconds."""

    #: How many messages of one account may be under way at once.
    claim_size: int = 20
    lease: float = 30.0
    #: How often due rows are looked for when nobody says that there are some.
    poll: float = 0.5


class Sender:
    """Sends what is due: of each account some rows side by side, those of one person in order."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        governor: Governor,
        policy: RetryPolicy,
        outlets: Mapping[int, Outlet],
        clock: Clock,
        holder: str,
        config: SenderConfig,
        on_settled: Callable[[str], None],
    ) -> None:
        self._outbox = outbox
        self._outlets = outlets
        self._clock = clock
        self._holder = holder
        self._config = config
        self._on_settled = on_settled
        self._pauses = Pauses()
        self._attempts = Attempts(
            outbox=outbox,
            governor=governor,
            policy=policy,
            pauses=self._pauses,
            clock=clock,
            holder=holder,
            on_held=on_settled,
        )
        self._outage = Outage(_say_waiting)
        self._due = asyncio.Event()
        #: What is under way: a row until its result is written, a task until it has ended.
        self._rows: dict[int, Claimed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[Settlement] = []
        self._writing = asyncio.Lock()
        self._renew_at: datetime | None = None

    def wake(self) -> None:
        """Say that something is due."""
        self._due.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until `stopping` is set; what is under way by then is finished."""
        ending = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self._due.clear()
                try:
                    await self._write_done()  # what the database did not take before
                    await self._renew()
                    await self.take_up()
                except StorageError as error:  # what was claimed comes back when its lease ends
                    self._outage.noted(error)
                await self._wait(ending)
            await self._finish()
        finally:
            ending.cancel()
            for task in self._tasks:
                task.cancel()

    async def take_up(self) -> list[asyncio.Task[None]]:
        """Claim due rows, as many as there is room for, and begin to send them; return the tasks that do."""
        now = self._clock.now()
        room = {account_id: room for account_id in self._outlets if (room := self._room(account_id, now)) > 0}
        if not room:
            return []
        rows = await self._outbox.claim(room=room, holder=self._holder, now=now, until=self._lease_end(now))
        self._outage.over()
        if rows and self._renew_at is None:
            self._renew_at = now + timedelta(seconds=self._config.lease / 3)
        tasks = []
        for row in rows:
            if row.id in self._rows:  # its lease ended all the same, while the database was away: it is ours again
                continue
            self._rows[row.id] = row
            task = asyncio.create_task(self._send(row), name=f"delivery-{row.id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            tasks.append(task)
        return tasks

    def _room(self, account_id: int, now: datetime) -> int:
        """Return how many more rows of an account may be taken up; none before half of its room is free.

        Otherwise each row that ends would be followed by a claim of one.
        """
        size = self._pauses.room(account_id, otherwise=self._config.claim_size, now=now)
        under_way = self._under_way(account_id)
        return size - under_way if under_way <= size // 2 else 0

    def _under_way(self, account_id: int) -> int:
        return sum(row.account_id == account_id for row in self._rows.values())

    def _lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._config.lease)

    async def _send(self, row: Claimed) -> None:
        """Send one row and write what it becomes; what goes wrong with it is its own affair."""
        try:
            settlement = await self._attempts.make(row, self._outlets[row.account_id])
        except Exception:
            # Its lease ends by itself; then the row is due again, or in doubt, as its last state says.
            log.exception("A row could not be sent.", action="delivery_stuck", delivery=row.id)
            settlement = None
        if settlement is None:
            self._rows.pop(row.id, None)
        else:
            self._done.append(settlement)
            try:
                await self._write_done()
            except StorageError as error:  # the result is kept, and written when the database is back
                self._outage.noted(error)
        if self._room(row.account_id, self._clock.now()) > 0:
            self.wake()

    async def _write_done(self) -> None:
        """Write the results that are there: those that ended while the last ones were written go together."""
        async with self._writing:
            batch, self._done = self._done, []
            if not batch:
                return
            try:
                await self._outbox.settle(batch, holder=self._holder, now=self._clock.now())
            except StorageError:
                self._done = batch + self._done
                raise
            self._outage.over()
            for settlement in batch:
                self._rows.pop(settlement.claimed.id, None)
                self._on_settled(settlement.state)

    async def _renew(self) -> None:
        """Hold on to what is under way, well before its lease ends; never later than the next claim looks for ends."""
        now = self._clock.now()
        if not self._rows:
            self._renew_at = None
        elif self._renew_at is not None and now >= self._renew_at:
            await self._outbox.renew(list(self._rows), holder=self._holder, until=self._lease_end(now))
            self._renew_at = now + timedelta(seconds=self._config.lease / 3)

    async def _wait(self, ending: asyncio.Future[Literal[True]]) -> None:
        """Return when something may be due, at the next poll, or when the process stops."""
        woken = asyncio.ensure_future(self._due.wait())
        polled = asyncio.ensure_future(self._clock.sleep(self._config.poll))
        try:
            await asyncio.wait((woken, polled, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            polled.cancel()

    async def _finish(self) -> None:
        """Let what is under way end, and write what the database did not take before."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        try:
            await self._write_done()
        except StorageError as error:
            self._outage.noted(error)


def _say_waiting(error: StorageError) -> None:
    log.error("The outbox cannot be read or written.", action="sender_waits", detail=str(error))
