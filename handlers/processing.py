"""Running the processors: each reads the log in order behind the message path, from where its cursor stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from storage.cursors import Cursors, LogRow

#: Rows that a processor is handed at once, of one account.
_BATCH: Final = 512
#: Rows that one run works off at most, so that it ends within its leader's lease; the next tick goes on.
_MOST: Final = 16_384


#: Awaited after each batch with the seconds it took.
Pause = Callable[[float], Awaitable[None]]
#: Of the time of one process so much goes to the processors while they have work: the rest is for messages.
_SHARE: Final = 0.2


async def no_pause(seconds: float) -> None:
    """Only let others have their turn."""
    await asyncio.sleep(0)


async def breathe(seconds: float) -> None:
    """Rest after work of `seconds` so long that the share of the process's time holds; real time, as the work is."""
    await asyncio.sleep(seconds * (1 / _SHARE - 1))


class Processor(Protocol):
    """Makes something of the log. The same log gives the same result, whatever the batches were."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def version(self) -> int:
        """Which of its makes; a newer one reads the log from its beginning."""
        ...

    @property
    def cursor(self) -> str:
        """Under which name its cursor stands: of name and version."""
        ...

    async def process(self, batch: Sequence[LogRow]) -> None:
        """Work off rows of one account and move the cursor behind them, in one transaction. Raises StorageError.

        What another process did meanwhile is not done twice.
        """
        ...


class Processing:
    """Hands each processor what it has not read."""

    def __init__(
        self,
        cursors: Cursors,
        processors: Sequence[Processor],
        *,
        batch: int = _BATCH,
        most: int = _MOST,
        pause: Pause = no_pause,
    ) -> None:
        """`pause` is awaited with the seconds that a batch took: messages go first, see `breathe`."""
        self._cursors = cursors
        self._processors = processors
        self._batch = batch
        self._most = most
        self._pause = pause

    async def run(self) -> int:
        """Work until all processors have caught up or so many rows are done; return how many.

        A processor that fails does not hold up the others; its error is raised when they are through. The rows it
        failed at come again at the next run.
        """
        done, failed = 0, None
        ready = list(self._processors)
        while ready and done < self._most:
            for processor in list(ready):
                try:
                    count = await self._step(processor)
                except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
                    failed = failed or error
                    count = 0
                done += count
                if not count:
                    ready.remove(processor)
        if failed is not None:
            raise failed
        return done

    async def _step(self, processor: Processor) -> int:
        began = time.perf_counter()
        batches = await self._cursors.next(processor.cursor, limit=self._batch)
        for batch in batches:
            await processor.process(batch)
            await self._pause(time.perf_counter() - began)
            began = time.perf_counter()
        return sum(len(batch) for batch in batches)
