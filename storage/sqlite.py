"""SQLite: one connection that writes, in the event loop's own thread, and connections that read.

A statement costs microseconds. A thread that ran it beside a busy loop would have to win the interpreter lock back
after each of its steps, which cost more than the statements themselves (docs/decisions/0003). Only COMMIT waits for the
disk, so only COMMIT runs in a thread. Transactions must be short: while one runs its statements, nothing else does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.checkpoint import Checkpoints
from storage.connection import Connection, InlineConnection, run_inline
from storage.sqlite_file import make_private

T = TypeVar("T")

#: How long a writer waits for another process (a command beside the running bot) to finish its transaction.
_BUSY_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.005


class SqliteWriter:
    """Transactions one after another on one connection that takes the write lock at BEGIN.

    A deferred lock, upgraded later, can fail with SQLITE_BUSY in the middle of a transaction.
    """

    def __init__(self, engine: Engine, checkpoints: Checkpoints, *, busy_seconds: float = _BUSY_SECONDS) -> None:
        self.engine = engine
        self.checkpoints = checkpoints
        self._busy_seconds = busy_seconds
        self._connection: sqlalchemy.Connection | None = None
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-commit")

    async def run(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """Run `apply` between BEGIN and COMMIT; an error rolls back. Raises the driver's errors."""
        async with self._turn:
            connection = self._connection = self._connection or self.engine.connect()
            driver: Any = connection.connection.dbapi_connection
            if self.checkpoints.waits_for_writer:
                await self._in_thread(self.checkpoints.move_rest, driver)
            await self._begin(driver)
            before = driver.total_changes
            try:
                result = run_inline(apply(InlineConnection(connection)))
                await self._in_thread(driver.commit)
            except BaseException:
                if driver.in_transaction:
                    driver.rollback()
                raise
            self.checkpoints.wrote(driver.total_changes - before)
            return result

    async def _in_thread(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do what waits for the disk, to its end even when cancelled: the connection is not free before."""
        await _to_its_end(asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments))

    async def _begin(self, driver: Any) -> None:
        """Take the write lock; wait, without holding up the loop, while another process has it."""
        for _ in range(round(self._busy_seconds / _LOOK_SECONDS)):
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
            else:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        driver.execute("BEGIN IMMEDIATE")

    async def close(self) -> None:
        """Close the connection when the transaction that runs has ended."""
        async with self._turn:
            await self.checkpoints.close()
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=True)

    def _close(self) -> None:
        """Close, in the thread: the last connection to a file writes its WAL back, on the disk's time."""
        if self._connection is not None:
            self._connection.close()
        self.engine.dispose()


async def _to_its_end(work: asyncio.Future[object]) -> None:
    cancelled = False
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled = True
    work.result()
    if cancelled:
        raise asyncio.CancelledError


def open_sqlite(url: URL) -> tuple[SqliteWriter, AsyncEngine]:
    """Return what writes and what reads the file at `url`."""
    writer = create_engine(
        url.set(drivername="sqlite"),
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "cached_statements": 256},
    )
    reader = create_async_engine(url, pool_size=4, max_overflow=4, hide_parameters=True)
    for engine in (writer, reader.sync_engine):
        # At the first connection, not here: who only looks at settings leaves no file behind.
        event.listen(engine, "do_connect", lambda *_: make_private(Path(str(url.database))))
    _set_up(writer, query_only=False)
    _set_up(reader.sync_engine, query_only=True)
    event.listen(reader.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return SqliteWriter(writer, Checkpoints(str(url.database))), reader


def _set_up(engine: Engine, *, query_only: bool) -> None:
    """Set the pragmas of each new connection and take BEGIN over from the driver."""

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would be deferred
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {round(_BUSY_SECONDS * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            # KiB a connection: small enough to be full soon, so that the process's memory is flat from then on. Who
            # reads forgets all pages after each write of another connection: a large cache there only fills the memory.
            f"cache_size = {-1024 if query_only else -16384}",
            # A statement of many rows keeps the pages it changes, in case it fails: in memory, not in a file.
            "temp_store = MEMORY",
            # Not in somebody's COMMIT: storage/checkpoint.py.
            "wal_autocheckpoint = 0",
            f"query_only = {int(query_only)}",
            # The writer waits by itself: SQLite's own waiting would hold up the event loop.
            *([] if query_only else ["busy_timeout = 0"]),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", on_connect)
