"""The ticks and who runs them. APScheduler calls each tick by interval; only the leader's calls do anything.

What is due is always a query, never a scheduler job, so a tick that is missed, doubled or killed loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from handlers.clock import Clock
from handlers.outage import Outage
from handlers.profiles.ports import Directory
from handlers.profiles.unions import Unions
from storage.chain import Chain
from storage.customers import Customers
from storage.database import Database
from storage.errors import StorageError
from storage.leaders import Leaders
from storage.migrate import make_partitions
from storage.replies import ATTEMPTS_OVER, Replies

log = structlog.get_logger()

_ROLE = "scheduler"
#: Guarded like a tick, at the stop.
_STEP_DOWN: Final = "step_down"
_LEASE = timedelta(seconds=15)
_SWEEP_SECONDS = 1.0
_UNION_SECONDS = 2.0
_PARTITION_SECONDS = 3600.0


class Ticks:
    """What a tick does, once, now."""

    def __init__(
        self,
        *,
        leaders: Leaders,
        chain: Chain,
        replies: Replies,
        customers: Customers,
        directories: Mapping[str, Directory],
        active: frozenset[int],
        database: Database,
        clock: Clock,
        holder: str,
        on_outbox: Callable[[], None],
        on_swept: Callable[[str, int], None],
    ) -> None:
        self._leaders = leaders
        self._chain = chain
        self._replies = replies
        self._unions = Unions(customers, directories, clock=clock)
        self._active = active
        self._database = database
        self._clock = clock
        self._holder = holder
        self._on_outbox = on_outbox
        self._on_swept = on_swept
        #: When the lease ends that this process holds, None when another leads.
        self._leads_until: datetime | None = None

    async def lead(self) -> bool:
        """Become or stay the leader; what is known of a lease of one's own holds until half of it is over."""
        now = self._clock.now()
        # Further from its end than it is long: this machine's clock was put back.
        if self._leads_until is None or not _LEASE / 2 < self._leads_until - now <= _LEASE:
            until = now + _LEASE
            self._leads_until = (
                until if await self._leaders.lead(_ROLE, holder=self._holder, now=now, until=until) else None
            )
        return self._leads_until is not None

    async def step_down(self) -> None:
        """Let another process lead at once."""
        self._leads_until = None
        await self._leaders.step_down(_ROLE, holder=self._holder, now=self._clock.now())

    async def seal(self) -> None:
        """Seal the log's new rows into the chain."""
        sealing = await self._chain.seal(now=self._clock.now())
        for flaw in sealing.refused:
            log.error(
                "An account's log is not sealed: seals.jsonl and the database do not agree. Put seals.jsonl back.",
                action="seal_refused",
                account=flaw.account,
                seq=flaw.seq,
                detail=flaw.sentence,
            )

    async def sweep(self) -> None:
        """Settle replies whose attempts are over."""
        now = self._clock.now()
        unknown, outbox, lost = await self._replies.sweep(before=now - ATTEMPTS_OVER, now=now, active=self._active)
        for state, count in (("unknown", unknown), ("outbox", outbox), ("lost", lost)):
            self._on_swept(state, count)
        if unknown or lost:
            log.warning("Replies are not known to have arrived.", action="replies_swept", unknown=unknown, lost=lost)
        if outbox:
            self._on_outbox()

    async def join(self) -> None:
        """Join identities of one person."""
        await self._unions.join()

    async def partition(self) -> None:
        """Make the partitions of this and the next month."""
        now = self._clock.now()
        await self._database.write(lambda connection: make_partitions(connection, now=now))


class Scheduler:
    """Calls the ticks at their intervals, in real time, one call of a tick at a time."""

    def __init__(
        self,
        ticks: Ticks,
        *,
        seal_seconds: float,
        more: Mapping[str, tuple[Callable[[], Awaitable[object]], float]] | None = None,
    ) -> None:
        """`more`: further ticks by name, each with the seconds between its calls."""
        self._ticks = ticks
        self._intervals: dict[str, tuple[Callable[[], Awaitable[object]], float]] = {
            "sweep": (ticks.sweep, _SWEEP_SECONDS),
            "seal": (ticks.seal, seal_seconds),
            "join": (ticks.join, _UNION_SECONDS),
            "partition": (ticks.partition, _PARTITION_SECONDS),
            **(more or {}),
        }
        self._outages = {name: Outage(partial(_say_waiting, name)) for name in (*self._intervals, _STEP_DOWN)}
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def start(self) -> None:
        """Begin calling."""
        for name, (_, seconds) in self._intervals.items():
            self._scheduler.add_job(
                self.call, "interval", (name,), seconds=seconds, id=name, max_instances=1, coalesce=True
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """Stop calling, seal what was said to the end, and let another process lead."""
        self._scheduler.shutdown(wait=False)
        await self.call("seal")
        await self._guarded(_STEP_DOWN, self._ticks.step_down)

    async def call(self, name: str) -> None:
        """Call one tick, if this process leads; what goes wrong is logged, and the next call tries again."""
        tick, _ = self._intervals[name]

        async def lead_and_tick() -> None:
            if await self._ticks.lead():
                await tick()

        await self._guarded(name, lead_and_tick)

    async def _guarded(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StorageError as error:
            self._outages[name].noted(error)
        except Exception:
            log.exception("A tick failed; the next one tries again.", action="tick_failed", tick=name)
        else:
            self._outages[name].over()


def _say_waiting(tick: str, error: StorageError) -> None:
    log.warning("The database did not do a tick; it is tried again.", action="tick_waits", tick=tick, detail=str(error))
