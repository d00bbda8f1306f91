"""Moving SQLite's write-ahead log back into the file beside the writer, not inside somebody's COMMIT.

SQLite's own automatic checkpoint runs in the COMMIT that fills the log: every message that waits for it, and all that
arrive meanwhile, wait for tens of megabytes of scattered pages. A PASSIVE checkpoint on a connection of its own holds
nobody up. It ends where the log ended when it began, so under load some pages always remain; the writer then moves
those few between two transactions, and its next one begins the log anew (sqlite.org/wal.html, sections 2.2 and 6).
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

#: Pages after which the log is moved back: 40 MB. Rarer checkpoints write a page that many commits touched once.
_DUE: Final = 10_000
#: Pages after which the writer stops to begin the log anew: 160 MB on the disk at most, under load that never ends.
_FULL: Final = 40_000
#: What one transaction is taken to write at least, whatever its rows: the path from a table's root to its last page.
_PAGES_A_COMMIT: Final = 12
_MOVE: Final = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """Decides when, and moves the most; tell it of each transaction, and ask it before the next."""

    def __init__(self, file: str, *, due: int = _DUE, full: int = _FULL) -> None:
        self._file = file
        self._due = due
        self._full = full
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-checkpoint")
        self._moving: asyncio.Future[int] | None = None
        #: The first transaction begins a move: a log may be there from processes that were killed.
        self._written = due
        #: The log is full and most of it stands in the file, or nothing can be moved: the writer is to move the rest.
        self.rest_is_due = False

    def wrote(self, rows: int) -> None:
        """Count a transaction that has committed; begin to move the log back when it is due."""
        self._written += _PAGES_A_COMMIT + rows
        if self._written >= self._due and self._moving is None and not self.rest_is_due:
            self._written = 0
            self._moving = asyncio.get_running_loop().run_in_executor(self._thread, self._move)
            self._moving.add_done_callback(self._moved)

    @property
    def waits_for_writer(self) -> bool:
        """Whether the writer is to move the rest now: never beside a move in the background."""
        return self.rest_is_due and self._moving is None

    def move_rest(self, driver: Any) -> None:
        """Move what the writer's own connection finds left in the log, in a thread, between two transactions.

        Raises sqlite3.Error, so that a disk on which nothing can be moved is told of.
        """
        self.rest_is_due = False
        [(busy, _, _)] = driver.execute(_MOVE).fetchall()
        self.rest_is_due = bool(busy)

    async def idle(self) -> None:
        """Return when nothing is being moved any more."""
        if self._moving is not None:
            await asyncio.wait((self._moving,))

    async def close(self) -> None:
        """Finish what is being moved, and move nothing again."""
        await self.idle()
        self._thread.shutdown(wait=True)

    def _move(self) -> int:
        """Return how many pages the log holds, moved or not."""
        connection = sqlite3.connect(self._file, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            [(_, pages, _)] = connection.execute(_MOVE).fetchall()
            return int(pages)
        finally:
            connection.close()

    def _moved(self, moving: asyncio.Future[int]) -> None:
        self._moving = None
        if not moving.cancelled():
            self.rest_is_due = moving.exception() is not None or moving.result() >= self._full
