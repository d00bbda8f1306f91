"""The sandbox's time: real, or virtual and moved only by `advance`.

Everything the sandbox waits for goes through a `PlatformClock`: attempts, retries, token ends, reply windows. Clock
readings are epoch seconds, because that is what the platforms write into their messages.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Timer:
    """Something that happens at a moment unless it is cancelled first."""

    __slots__ = ("_handle", "callback")

    def __init__(self, callback: Callable[[], None] | None, handle: asyncio.TimerHandle | None = None) -> None:
        self.callback = callback
        self._handle = handle

    def cancel(self) -> None:
        """Make sure the callback is not called any more."""
        self.callback = None
        if self._handle is not None:
            self._handle.cancel()


class PlatformClock(ABC):
    """Time as the simulated platform sees it, in epoch seconds."""

    mode: str

    @abstractmethod
    def now(self) -> float:
        """Return the present moment, epoch seconds."""

    @abstractmethod
    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once this clock has reached `when`."""

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved on by `seconds`."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, when: float) -> None:
        """Return when this clock has reached `when`; at once when it already has."""
        if when <= self.now():
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_at(when, lambda: None if reached.done() else reached.set_result(None))
        try:
            await reached
        finally:
            timer.cancel()

    @asynccontextmanager
    async def limit(self, seconds: float) -> AsyncIterator[None]:
        """Cancel the body and raise TimeoutError once this clock has moved on by `seconds`."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as timeout:
            timer = self.call_at(self.now() + seconds, lambda: timeout.reschedule(loop.time()))
            try:
                yield
            finally:
                timer.cancel()


class RealClock(PlatformClock):
    """Real time; with `start` (epoch seconds) it begins there and runs at the ordinary pace."""

    mode = "real"

    def __init__(self, start: float | None = None) -> None:
        self._origin = time.time() if start is None else start
        self._started = time.monotonic()

    def now(self) -> float:
        """Return the present moment, epoch seconds."""
        return self._origin + time.monotonic() - self._started

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once real time has reached `when`."""
        delay = max(0.0, when - self.now())
        return Timer(callback, asyncio.get_running_loop().call_later(delay, callback))


class VirtualClock(PlatformClock):
    """Time that stands still until `advance` is called.

    `settle` is awaited after everything that time set off, so that work which the callbacks started (a line on its
    way to the disk) has come to rest before time moves on.
    """

    mode = "virtual"

    def __init__(self, start: float, *, settle: Callable[[], Awaitable[None]]) -> None:
        self._now = start
        self._settle = settle
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._moving = asyncio.Lock()

    def now(self) -> float:
        """Return the present moment, epoch seconds."""
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` when `advance` reaches `when`."""
        timer = Timer(callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    async def advance(
        self, seconds: float, *, step: float, after_step: Callable[[float], Awaitable[None]] | None = None
    ) -> float:
        """Move time on by `seconds` in steps of at most `step`, calling what becomes due on the way; return the time.

        `after_step` is awaited with the new time after each step. Raises ValueError when time would go backwards.
        """
        if seconds < 0 or step <= 0:
            raise ValueError("time moves forwards: seconds must be at least 0 and step more than 0")
        async with self._moving:
            origin, count = self._now, 0
            end = origin + seconds
            while self._now < end or count == 0:
                count += 1
                await self._move_to(min(end, origin + count * step))
                if after_step is not None:
                    await after_step(self._now)
            return self._now

    async def _move_to(self, target: float) -> None:
        await self._settle()
        while self._timers and self._timers[0][0] <= target:
            when, _, timer = heapq.heappop(self._timers)
            if timer.callback is None:
                continue
            self._now = max(self._now, when)
            timer.callback()
            await self._settle()
        self._now = max(self._now, target)
