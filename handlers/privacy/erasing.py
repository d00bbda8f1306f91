"""The erasure job: takes each erasure one step further until it is confirmed. Run by the leader's tick."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from content.retention import Retention, years_after
from content.value import value
from handlers.clock import Clock
from storage.callback_keeping import CallbackKeeping
from storage.destruction import Destruction
from storage.erasures import ErasureRow, Erasures, Kept
from storage.lock_away import LockAway
from storage.probe import Probe, no_probe
from storage.scrub import Scrub
from storage.tables.erasure import ErasureState

log = structlog.get_logger()

#: An answer that never leaves holds an erasure up for so long at most.
_PATIENCE: Final = timedelta(minutes=2)
#: So long before its deadline an erasure no longer waits for the night.
_HURRY: Final = timedelta(days=1)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
#: The hours, in China, in which a large database may be written anew.
_NIGHT: Final = range(2, 5)


@value
class ErasingConfig:
    """When the database's files are written anew."""

    #: Bytes up to which that is done at once, at any hour.
    at_once: int


class Erasing:
    """Locks, destroys, writes the files anew and confirms."""

    def __init__(
        self,
        *,
        erasures: Erasures,
        lock_away: LockAway,
        destruction: Destruction,
        callbacks: CallbackKeeping,
        scrub: Scrub,
        retention: Retention,
        clock: Clock,
        config: ErasingConfig,
        probe: Probe = no_probe,
    ) -> None:
        self._erasures = erasures
        self._lock_away = lock_away
        self._destruction = destruction
        self._callbacks = callbacks
        self._scrub = scrub
        self._retention = retention
        self._clock = clock
        self._config = config
        self._probe = probe

    async def run(self) -> int:
        """Take up what is to be done; return how many were confirmed. Raises StorageError, OSError: try again."""
        now = self._clock.now()
        for erasure in await self._todo(now):
            if erasure.state is ErasureState.REQUESTED:
                await self._lock_away.lock(erasure, await self._kept(erasure, now), now=now)
            elif erasure.state is ErasureState.CONFIRMED:
                await self._erasures.begin_again(erasure, now=now)
        for erasure in await self._todo(now):
            if erasure.state is ErasureState.LOCKED:
                before = years_after(now, -self._retention.callbacks.keep_years)
                await self._destruction.destroy(erasure, callbacks_before=before, now=now)
        return await self._confirm([each for each in await self._todo(now) if each.state is ErasureState.DESTROYED])

    async def _todo(self, now: datetime) -> list[ErasureRow]:
        return await self._erasures.to_do(now=now, patience=now - _PATIENCE)

    async def _kept(self, erasure: ErasureRow, now: datetime) -> Kept | None:
        keeping = self._retention.keeping(await self._erasures.causes(erasure.customer_id), now=now)
        return None if keeping is None else Kept(category=keeping.category, reason=keeping.reason, until=keeping.until)

    async def _confirm(self, destroyed: list[ErasureRow]) -> int:
        """Write the files anew once for all that were destroyed, and say so in each report."""
        now = self._clock.now()
        if not destroyed or not await self._may_scrub(destroyed, now):
            return 0
        told = await self._scrub.run()
        self._probe("erasure_scrubbed")
        done = 0
        for erasure in destroyed:
            kept = await self._destruction.kept(erasure)
            report = _report(erasure, kept=kept, scrub=told)
            if rounds := await self._callbacks.of_erasure(erasure.id):
                law = self._retention.callbacks
                report["kept"] |= {"callbacks": {"rounds": rounds, "reason": law.reason, "years": law.keep_years}}
            now = self._clock.now()
            if await self._erasures.confirm(erasure, report, now=now):
                done += 1
                log.info("A customer was erased.", action="erased", erasure=erasure.id, kept=kept)
                if now > erasure.due_at:
                    log.error("An erasure was late.", action="erasure_late", erasure=erasure.id)
        return done

    async def _may_scrub(self, destroyed: list[ErasureRow], now: datetime) -> bool:
        if now.astimezone(_ZONE).hour in _NIGHT or any(now >= each.due_at - _HURRY for each in destroyed):
            return True
        return await self._scrub.size() <= self._config.at_once


def _report(erasure: ErasureRow, *, kept: int, scrub: dict[str, Any]) -> dict[str, Any]:
    """Return what went, what is kept and why, and how the files were written anew."""
    held: dict[str, Any] = {"contents": kept}
    if erasure.kept is not None:
        until = erasure.kept.until
        held |= {
            "class": erasure.kept.category,
            "reason": erasure.kept.reason,
            "until": None if until is None else until.isoformat(),
        }
    return {**erasure.report, "kept": held, "scrub": scrub, "backups": "excluded until they expire"}
