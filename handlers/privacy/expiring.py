"""The nightly tick that destroys contents older than their class may get."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from content.retention import Retention, years_after
from handlers.clock import Clock
from storage.callback_keeping import CallbackKeeping
from storage.erasures import Erasures
from storage.expiry import Expiry, Old
from storage.scrub import Scrub

log = structlog.get_logger()

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_NIGHT: Final = range(2, 5)
#: Between two looks: once a night.
_AGAIN: Final = timedelta(hours=12)


class Expiring:
    """Looks once a night."""

    def __init__(
        self,
        expiry: Expiry,
        *,
        erasures: Erasures,
        callbacks: CallbackKeeping,
        scrub: Scrub,
        retention: Retention,
        clock: Clock,
    ) -> None:
        self._expiry = expiry
        self._erasures = erasures
        self._callbacks = callbacks
        self._scrub = scrub
        self._retention = retention
        self._clock = clock
        self._looked_at: datetime | None = None

    async def tick(self) -> None:
        """Run at night, once. Raises StorageError: try again."""
        now = self._clock.now()
        looked = self._looked_at is not None and now < self._looked_at + _AGAIN
        if looked or now.astimezone(_ZONE).hour not in _NIGHT:
            return
        await self.run()
        self._looked_at = now

    async def run(self) -> int:
        """Destroy what is too old, and write the files anew when there was any; return how many contents went."""
        years = [each.destroy_after_years for each in self._retention.classes if each.destroy_after_years]
        gone = await self._expiry.finish()
        if years:
            gone += await self._destroy(before=years_after(self._clock.now(), -min(years)))
        before = years_after(self._clock.now(), -self._retention.callbacks.keep_years)
        rounds = await self._callbacks.expire(before=before)
        if gone or rounds:
            await self._scrub.run()
            log.info("Old contents were destroyed.", action="contents_expired", contents=gone, callbacks=rounds)
        return gone

    async def _destroy(self, *, before: datetime) -> int:
        gone, place = 0, (0, 0)
        ages: dict[int, datetime | None] = {}
        while found := await self._expiry.find(before=before, after=place):
            old = [each for each in found if await self._is_over(each, ages)]
            gone += await self._expiry.destroy(old) if old else 0
            place = (found[-1].account_id, found[-1].seq)
        return gone

    async def _is_over(self, old: Old, ages: dict[int, datetime | None]) -> bool:
        """Tell whether a content is older than its customer's class lets it get."""
        if old.customer_id not in ages:
            causes = await self._erasures.causes(old.customer_id)
            years = self._retention.class_of(causes).destroy_after_years
            kept = self._retention.keeping(causes, now=self._clock.now())
            ages[old.customer_id] = years_after(self._clock.now(), -years) if years and kept is None else None
        oldest = ages[old.customer_id]
        return oldest is not None and old.recorded_at < oldest
