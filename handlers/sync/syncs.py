"""Carrying runs: begun or gone on with, worked at until they are done, wait, stop or fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

import structlog

from handlers.clock import Clock
from handlers.sync.calls import SyncFailed, SyncStopped, SyncWaits
from storage.sync_runs import LostRun, NewSync, SyncRow, SyncRuns
from storage.tables.sync import SyncState

log = structlog.get_logger()
#: Until the first step has renewed it.
_LEASE: Final = timedelta(minutes=3)


class Work(Protocol):
    """What reconciles one subject."""

    @property
    def what(self) -> str:
        """The word for it: departments, followers."""
        ...

    @property
    def first_stage(self) -> str:
        """Where a run begins."""
        ...

    @property
    def account_id(self) -> int:
        """The account through which it is done."""
        ...

    @property
    def account(self) -> str:
        """The account's name."""
        ...

    async def work(self, run: SyncRow) -> SyncRow:
        """Work until the run is done. Raises SyncWaits, SyncFailed, SyncStopped, StorageError."""
        ...


class Syncs:
    """Begins runs and goes on with them."""

    def __init__(self, runs: SyncRuns, works: Sequence[Work], *, clock: Clock, holder: str) -> None:
        self.runs = runs
        self.works = tuple(works)
        self._clock = clock
        self._holder = holder

    async def start(
        self, work: Work, *, started_by: str, is_dry_run: bool = False, is_forced: bool = False
    ) -> SyncRow | None:
        """Begin a run and carry it; return how it stands then, None while another process works at one."""
        wanted = NewSync(
            what=work.what,
            account_id=work.account_id,
            stage=work.first_stage,
            started_by=started_by,
            is_dry_run=is_dry_run,
            is_forced=is_forced,
        )
        now = self._clock.now()
        run = await self.runs.begin(wanted, holder=self._holder, now=now, until=now + _LEASE)
        return None if run is None else await self._carry(work, run)

    async def resume(self, work: Work, *, is_forced: bool = False) -> SyncRow | None:
        """Go on with the last run, if it is not at its end and nobody works at it; None otherwise."""
        last = await self.runs.last(work.what, work.account_id)
        if last is None:
            return None
        now = self._clock.now()
        run = await self.runs.take(last.id, holder=self._holder, now=now, until=now + _LEASE, is_forced=is_forced)
        return None if run is None else await self._carry(work, run)

    async def _carry(self, work: Work, run: SyncRow) -> SyncRow:
        try:
            run = await work.work(run)
            while await self.runs.sweep(run):
                pass
            await self._end(run, SyncState.FINISHED)
        except SyncWaits as waits:
            now = self._clock.now()
            await self.runs.end(run, SyncState.WAITING, now=now, detail=str(waits), resume_at=waits.until)
            log.warning("A sync waits for the platform.", action="sync_waits_quota", until=waits.until.isoformat())
        except SyncStopped as stopped:
            await self._end(run, SyncState.STOPPED, str(stopped))
        except SyncFailed as failed:
            await self._end(run, SyncState.FAILED, str(failed))
        except asyncio.CancelledError:
            await self.runs.release(run, now=self._clock.now())
            raise
        except LostRun as lost:
            log.warning("A sync was taken over.", action="sync_lost", detail=str(lost))
        last = await self.runs.last(work.what, work.account_id)
        return run if last is None else last

    async def _end(self, run: SyncRow, state: SyncState, detail: str = "") -> None:
        await self.runs.end(run, state, now=self._clock.now(), detail=detail)
        particulars = {"what": run.what, "account": run.account, "run": run.id}
        if state is SyncState.FINISHED:
            log.info("A sync is done.", action="sync_finished", **particulars)
        else:
            log.error("A sync did not end well.", action="sync_ended", state=state, detail=detail, **particulars)
