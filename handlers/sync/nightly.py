"""Reconciling every night: due is a query, each account a little later than the other, never at minute 0 or 30."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from handlers.clock import Clock
from handlers.sync.syncs import Syncs, Work
from storage.sync_runs import SyncRow
from storage.tables.sync import SyncState

_ZONE: Final = ZoneInfo("Asia/Shanghai")
#: The accounts begin within so many minutes, so that they do not come to the platform all at once.
_SMEAR_MINUTES: Final = 20
#: Who was not there at the time catches up until then; after that it is day, and the next night is soon enough.
_LATEST: Final = timedelta(hours=4)


class Nightly:
    """Called by a tick of the leader."""

    def __init__(self, syncs: Syncs, *, at: time, clock: Clock) -> None:
        self._syncs = syncs
        self._at = at
        self._clock = clock

    async def run(self) -> None:
        """Begin what is due, and go on with what waited or was left by a process that is gone."""
        for work in self._syncs.works:
            last = await self._syncs.runs.last(work.what, work.account_id)
            if last is not None and self._goes_on(last):
                await self._syncs.resume(work)
            elif self._is_due(work, await self._syncs.runs.last(work.what, work.account_id, is_real=True)):
                await self._syncs.start(work, started_by="nightly")

    def _goes_on(self, last: SyncRow) -> bool:
        now = self._clock.now()
        if last.is_dry_run:
            return False
        if last.state == SyncState.WAITING:
            return last.resume_at is None or last.resume_at <= now
        return last.state == SyncState.RUNNING and last.lease_until <= now

    def _is_due(self, work: Work, last: SyncRow | None) -> bool:
        now = self._clock.now()
        due = due_at(self._at, f"{work.what}:{work.account_id}", now=now)
        if not due <= now < due + _LATEST:
            return False
        return last is None or last.started_at < due


def due_at(at: time, subject: str, *, now: datetime) -> datetime:
    """Return when a subject's sync of this night is due: some minutes after `at`, China's time, always the same ones.

    Source: WeCom doc 90236, which asks to stay away from minutes 0 and 30 of each hour.
    """
    today = datetime.combine(now.astimezone(_ZONE).date(), at, tzinfo=_ZONE)
    draw = int.from_bytes(sha256(subject.encode()).digest()[:4])
    due = today + timedelta(minutes=draw % _SMEAR_MINUTES, seconds=draw // _SMEAR_MINUTES % 60)
    return due + timedelta(minutes=1) if due.minute in (0, 30) else due
