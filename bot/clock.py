"""The clocks of the running bot: real time, or the sandbox's virtual time followed over its stream.

`VirtualTime` keeps who sleeps until when; whoever owns the time calls `advance_to`. It knows no source of time itself.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from asyncio import Future
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import structlog

from handlers.clock import Clock

T = TypeVar("T")

log = structlog.get_logger()

#: Turns of the event loop that those who were woken get before time moves on (a task, its awaiter, its callbacks).
SETTLING_TURNS = 8
#: Real seconds between attempts to reach the sandbox again, and the longest such pause.
RECONNECT_SECONDS = 0.1
RECONNECT_LIMIT_SECONDS = 2.0


class SandboxUnavailable(Exception):
    """The sandbox whose clock is to be followed does not answer, or answers something else."""


class RealClock:
    """Wall-clock time; waits are measured on the loop's monotonic clock, so a step of the wall clock is harmless."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait_for(self, future: Future[T], *, seconds: float) -> T:
        """Return the future's result; at the limit raise TimeoutError and leave the future running."""
        done, _ = await asyncio.wait((future,), timeout=seconds)
        if not done:
            raise TimeoutError(f"not finished within {seconds} s")
        return future.result()


class VirtualTime:
    """A clock that stands still until `advance_to` is called; sleepers wake in the order of their times."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved on by `seconds`; for 0 or less after one turn of the event loop."""
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            await self._alarm(seconds)

    async def wait_for(self, future: Future[T], *, seconds: float) -> T:
        """Return the future's result; at the limit raise TimeoutError and leave the future running."""
        alarm = self._alarm(seconds)
        try:
            await asyncio.wait((future, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        if not future.done():
            raise TimeoutError(f"not finished within {seconds} s")
        return future.result()

    async def advance_to(self, moment: datetime) -> None:
        """Move to `moment`, stopping at each sleeper's time on the way; a moment in the past changes nothing.

        A sleeper sees its own time as `now`, and what it starts to wait for counts from there.
        """
        while self._sleepers and self._sleepers[0][0] <= moment:
            due, _, alarm = heapq.heappop(self._sleepers)
            if alarm.done():
                continue
            self._now = max(self._now, due)
            alarm.set_result(None)
            await self._settle()
        self._now = max(self._now, moment)
        await self._settle()

    def _alarm(self, seconds: float) -> Future[None]:
        alarm: Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + timedelta(seconds=max(0.0, seconds))
        if due <= self._now:
            alarm.set_result(None)
        else:
            heapq.heappush(self._sleepers, (due, next(self._order), alarm))
        return alarm

    async def _settle(self) -> None:
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)


class SandboxClock:
    """The sandbox's virtual time.

    `connect` learns the present moment; `follow` then runs for as long as the process does: it takes each new time from
    the stream, wakes who is due and answers that it has seen it, which is what lets the sandbox go on. What they say to
    each other: `GET /sandbox/clock`; `WS /sandbox/clock/stream`, {"now": epoch seconds} answered by {"seen": the same}.
    """

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._time: VirtualTime | None = None

    def now(self) -> datetime:
        return self._known().now()

    async def sleep(self, seconds: float) -> None:
        await self._known().sleep(seconds)

    async def wait_for(self, future: Future[T], *, seconds: float) -> T:
        return await self._known().wait_for(future, seconds=seconds)

    async def connect(self) -> str:
        """Learn the present moment and return the clock's mode, "real" or "virtual". Raises SandboxUnavailable."""
        address = f"{self._url}/sandbox/clock"
        try:
            async with self._session.get(address, raise_for_status=True) as response:
                body = await response.json()
            moment, mode = _moment(body["now"]), str(body["mode"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise SandboxUnavailable(
                f"No clock at {address} ({error}): start the sandbox, or empty clock.sandbox_url in zhike.toml."
            ) from error
        self._time = VirtualTime(moment)
        return mode

    async def follow(self) -> None:
        """Follow the stream until cancelled; when it breaks, connect again."""
        pause = RECONNECT_SECONDS
        while True:
            try:
                async with self._session.ws_connect(f"{self._url}/sandbox/clock/stream") as stream:
                    pause = RECONNECT_SECONDS
                    await self._follow_one(stream)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("The sandbox's clock cannot be reached.", action="sandbox_clock_lost", error=str(error))
            # Real time on purpose: while the stream is away no virtual time passes.
            await asyncio.sleep(pause)
            pause = min(pause * 2, RECONNECT_LIMIT_SECONDS)

    async def _follow_one(self, stream: aiohttp.ClientWebSocketResponse) -> None:
        async for message in stream:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            seconds = message.json()["now"]
            await self._known().advance_to(_moment(seconds))
            await stream.send_json({"seen": seconds})

    def _known(self) -> VirtualTime:
        if self._time is None:
            raise SandboxUnavailable("The sandbox's time is not known yet: call connect() first.")
        return self._time


async def open_clock(sandbox_url: str, session: aiohttp.ClientSession) -> Clock:
    """Return the clock to live by: the sandbox's when it keeps virtual time, otherwise real time.

    A returned `SandboxClock` moves only while its `follow()` runs. Raises SandboxUnavailable.
    """
    if not sandbox_url:
        return RealClock()
    clock = SandboxClock(sandbox_url, session)
    return clock if await clock.connect() == "virtual" else RealClock()


@asynccontextmanager
async def follow_clock(sandbox_url: str, session: aiohttp.ClientSession) -> AsyncIterator[Clock]:
    """Yield the clock to live by, as `open_clock` does, moving on by itself. Raises SandboxUnavailable."""
    clock = await open_clock(sandbox_url, session)
    if not isinstance(clock, SandboxClock):
        yield clock
        return
    following = asyncio.create_task(clock.follow(), name="sandbox-clock")
    try:
        yield clock
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def _moment(epoch_seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(epoch_seconds), UTC)
