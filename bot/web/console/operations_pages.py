"""Operations: accounts and their tokens, queues, who leads, how far processors have read, the storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from bot.web.console.moments import ZONE
from bot.web.console.pages import Page
from bot.web.console.visit import Visit
from bot.web.console.words import Words
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from storage.operations import Operations
from storage.outbox import Outbox
from storage.replies import Replies
from storage.sync_runs import Difference, SyncRuns
from storage.traffic import Traffic

#: Messages that wait longer, in seconds: the platform has given up on an answer by then.
_LATE: Final = 15.0
#: Rows behind the log that a processor works off within seconds.
_FEW: Final = 1_000
#: Differences of a sync that are shown.
_DIFFERENCES: Final = 20
#: Hours that the chart shows, the running one included.
_HOURS: Final = 24


@value
class OperationsConfig:
    """What the settings and the program know and the database does not."""

    #: By an account's name the key of its access token.
    token_keys: Mapping[str, str]
    #: The cursors of the processors of this version.
    processors: Sequence[str]


class OperationsPages:
    """Shows the state, and itself again every ten seconds."""

    def __init__(
        self,
        operations: Operations,
        *,
        outbox: Outbox,
        replies: Replies,
        syncs: SyncRuns,
        traffic: Traffic,
        clock: Clock,
        config: OperationsConfig,
    ) -> None:
        self._operations = operations
        self._syncs = syncs
        self._traffic = traffic
        self._outbox = outbox
        self._replies = replies
        self._clock = clock
        self._config = config

    def pages(self) -> list[Page]:
        """Return the one page."""
        return [
            Page(
                path="/operations",
                permission=Permission.OPERATIONS_READ,
                handler=self._show,
                title="operations.title",
                icon="gauge",
            )
        ]

    async def _show(self, visit: Visit) -> web.StreamResponse:
        template = "operations_state.html" if visit.is_partial else "operations.html"
        return visit.page(template, **await self._state(visit))

    async def _state(self, visit: Visit) -> dict[str, Any]:
        now = self._clock.now()
        accounts = await self._operations.accounts(token_keys=self._config.token_keys)
        storage = await self._operations.storage()
        oldest = await self._replies.oldest_waiting()
        waits = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
        return {
            "now": now,
            "hours": await self._traffic.hours(begins=_hours(now), now=now),
            "accounts": [(account, _token(account.token_until, now=now)) for account in accounts],
            "deliveries": await self._outbox.counts(),
            "waits": None if oldest is None else _duration(visit.words, waits),
            "is_late": waits > _LATE,
            "leaders": [(leader, leader.lease_until > now) for leader in await self._operations.leaders()],
            "processors": await self._operations.processors(self._config.processors),
            "few": _FEW,
            "kind": storage.kind,
            "size": _size(storage.size),
            "unsealed": sum(account.unsealed for account in accounts),
            "syncs": [(run, await self._differences(run.id)) for run in await self._syncs.latest()],
            "sees_audit": visit.viewer.may(Permission.AUDIT_READ),
        }

    async def _differences(self, run_id: int) -> list[Difference]:
        """Return what a run found of members, departments and tags; whom it found of customers are others' to read."""
        return await self._syncs.differences(run_id, limit=_DIFFERENCES, with_customers=False)


def _hours(now: datetime) -> list[datetime]:
    """Return where the last hours begin on the pages' wall clock, the earliest first."""
    running = now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [running - timedelta(hours=back) for back in reversed(range(_HOURS))]


def _token(until: datetime | None, *, now: datetime) -> str:
    """Return "none", "live" or "ended"."""
    if until is None:
        return "none"
    return "live" if until > now else "ended"


def _duration(words: Words, seconds: float) -> str:
    if seconds < 120:
        return words("time.seconds", count=int(seconds))
    if seconds < 7200:
        return words("time.minutes", count=int(seconds / 60))
    return words("time.hours", count=int(seconds / 3600))


def _size(size: int) -> str:
    """Return bytes in the unit of a thousand that leaves one to three figures before the point."""
    number, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
