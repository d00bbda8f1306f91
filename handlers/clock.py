"""The clock port: everything that reads the time or waits for it does so through a `Clock`.

The running bot uses real time; in the sandbox and in tests time is virtual and moves only when told to.
"""

from __future__ import annotations

from asyncio import Future
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the present moment, aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved on by `seconds`."""
        ...

    async def wait_for(self, future: Future[T], *, seconds: float) -> T:
        """Return the future's result; at the limit raise TimeoutError and leave the future running."""
        ...
