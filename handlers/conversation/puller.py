"""Fetching what a platform keeps until it is asked: one fetcher an account, page after page, the place kept last.

A page's messages are in the log before its cursor is kept. A kill between the two fetches the page again, and each
message of it is known by its id. When rings get lost, accounts are fetched once in a while all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

import structlog

from content.value import value
from handlers.clock import Clock
from handlers.conversation.intake import Intake
from handlers.conversation.ports import Feed, Heard, Page, TokenExpired
from handlers.delivery.errors import ChannelError, Misconfigured, QuotaExhausted
from handlers.outage import Outage
from storage.errors import LeaseLost, StorageError
from storage.pulls import Pull, Pulls

log = structlog.get_logger()

#: Seconds between two looks for accounts that are due; a ring in this process is heard at once.
_LOOK_SECONDS: Final = 0.5
#: What a ring brought to fetch with counts for ten minutes (WeCom doc 94670); a little less for the way there.
_TOKEN_LASTS: Final = timedelta(minutes=9, seconds=30)
#: After a failure an account is left alone for so long, twice as long after each further one.
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(minutes=2)


@value
class Source:
    """One account's feed and what takes its messages in."""

    name: str
    feed: Feed
    intake: Intake


class Puller:
    """Fetches the messages of the accounts of one process's settings."""

    def __init__(
        self,
        sources: Mapping[int, Source],
        *,
        pulls: Pulls,
        clock: Clock,
        holder: str,
        poll: timedelta,
        lease: timedelta,
    ) -> None:
        """`poll`: an account is fetched that was last fetched so long ago; `lease`: of one, renewed by each page."""
        self._sources = sources
        self._pulls = pulls
        self._clock = clock
        self._holder = holder
        self._poll = poll
        self._lease = lease
        self._due = asyncio.Event()
        self._failures: dict[int, int] = {}
        self._outage = Outage(_say_waiting)

    def wake(self) -> None:
        """Say that an account has rung."""
        self._due.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Fetch until `stopping` is set; the page that is under way by then is taken in."""
        ending = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self._due.clear()
                try:
                    await self.fetch_due(stopping)
                    self._outage.over()
                except StorageError as error:  # leases end by themselves, and what was taken in is known again
                    self._outage.noted(error)
                await self._wait(ending)
        finally:
            ending.cancel()

    async def fetch_due(self, stopping: asyncio.Event | None = None) -> int:
        """Fetch the accounts that are due, side by side; return how many. Raises StorageError."""
        now = self._clock.now()
        pulls = await self._pulls.claim(
            self._sources, holder=self._holder, now=now, until=now + self._lease, pulled_before=now - self._poll
        )
        outcomes = await asyncio.gather(*(self._fetch(pull, stopping) for pull in pulls), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(pulls)

    async def _fetch(self, pull: Pull, stopping: asyncio.Event | None) -> None:
        try:
            if await self._all_pages(pull, stopping):
                await self._pulls.finish(pull, now=self._clock.now())
                self._failures.pop(pull.account_id, None)
            else:
                await self._pulls.postpone(pull, until=self._clock.now())
        except LeaseLost as lost:
            log.warning("An account is fetched by another process.", action="pull_lost", detail=str(lost))
        except StorageError:
            raise
        except Exception as error:
            if not isinstance(error, ChannelError):
                log.exception("A fetched message could not be taken in; nothing is passed over.", action="pull_broken")
            await self._put_off(pull, error)

    async def _all_pages(self, pull: Pull, stopping: asyncio.Event | None) -> bool:
        """Fetch to the end; False when the process stops before."""
        source, cursor = self._sources[pull.account_id], pull.cursor
        fresh = pull.rung_at is not None and self._clock.now() - pull.rung_at < _TOKEN_LASTS
        token = pull.token if fresh else None
        while True:
            try:
                page = await source.feed.page(cursor=cursor, token=token)
            except TokenExpired:
                if token is None:
                    raise
                token = None
                continue
            await self._take_in(source.intake, page, pull)
            cursor = page.cursor
            await self._pulls.advance(pull, cursor=cursor, until=self._clock.now() + self._lease)
            if not page.more:
                return True
            if stopping is not None and stopping.is_set():
                return False

    async def _take_in(self, intake: Intake, page: Page, pull: Pull) -> None:
        """Take a page in: each person's messages one after another, people side by side."""
        by_person: dict[str, list[Heard]] = {}
        for heard in page.heard:
            by_person.setdefault(heard.inbound.sender, []).append(heard)

        async def take_all(said: list[Heard]) -> None:
            for heard in said:
                await intake.take(heard, began_at=pull.began_at)

        outcomes = await asyncio.gather(*map(take_all, by_person.values()), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _put_off(self, pull: Pull, error: Exception) -> None:
        now, count = self._clock.now(), self._failures.get(pull.account_id, 0)
        self._failures[pull.account_id] = count + 1
        until = now + min(_FIRST_PAUSE * 2 ** min(count, 10), _LONGEST_PAUSE)
        if isinstance(error, QuotaExhausted) and error.until is not None:
            until = max(until, error.until)
        elif isinstance(error, Misconfigured):
            until = now + _LONGEST_PAUSE
        log.warning(
            "An account's messages could not be fetched; it is tried again.",
            action="pull_failed",
            account=self._sources[pull.account_id].name,
            again_at=until.isoformat(),
            detail=str(error),
        )
        try:
            await self._pulls.postpone(pull, until=until)
        except LeaseLost as lost:
            log.warning("An account is fetched by another process.", action="pull_lost", detail=str(lost))

    async def _wait(self, ending: asyncio.Future[Literal[True]]) -> None:
        """Return at a ring, at the next look, or when the process stops."""
        woken = asyncio.ensure_future(self._due.wait())
        looked = asyncio.ensure_future(self._clock.sleep(_LOOK_SECONDS))
        try:
            await asyncio.wait((woken, looked, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            looked.cancel()


def _say_waiting(error: StorageError) -> None:
    log.error("Accounts cannot be fetched.", action="puller_waits", detail=str(error))
