"""The scripted day's time: the sandbox's, at the ordinary pace, with leaps over the hours in which nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp

#: Wednesday, 6 May 2026, half past eight in the evening in China: people have gone home, tomorrow is a working day.
CLOCK: Final[dict[str, Any]] = {"mode": "virtual", "start": "2026-05-06T12:30:00Z"}
#: Seconds from there until the hours begin.
UNTIL_MORNING: Final = 12.5 * 3600
_STEP: Final = 0.25


async def leap(http: aiohttp.ClientSession, sandbox_url: str, seconds: float) -> None:
    """Let so much time pass at once."""
    body = {"seconds": seconds, "step": max(_STEP, seconds / 40)}
    async with http.post(f"{sandbox_url}/sandbox/clock/advance", json=body) as response:
        response.raise_for_status()


@asynccontextmanager
async def ticking(http: aiohttp.ClientSession, sandbox_url: str) -> AsyncIterator[None]:
    """Let the sandbox's time go on as real time does, until the end of the block."""

    async def tick() -> None:
        while True:
            await leap(http, sandbox_url, _STEP)
            await asyncio.sleep(_STEP)

    task = asyncio.create_task(tick(), name="ticking")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, aiohttp.ClientError):
            await task
