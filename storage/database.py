"""The connection to the one database: SQLite for one machine, PostgreSQL for several; the same repositories on both.

On SQLite all writes go through one connection in a thread of its own that takes the write lock at BEGIN (a deferred
lock upgraded later can fail with SQLITE_BUSY in the middle of a transaction), reads through aiosqlite connections that
see the last commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.connection import Connection, InlineConnection, run_inline
from storage.errors import DatabaseUnreachable, StorageError
from storage.sqlite_file import make_private, path_of

T = TypeVar("T")
_MEND_URL = "write sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"

#: Milliseconds a writer waits for another process (a command beside the running bot) to finish its transaction.
_BUSY_TIMEOUT_MS = 10_000


class Database:
    """Transactions and reads on one database; close it when done."""

    def __init__(self, *, url: URL, writer: _Writer, reader: AsyncEngine) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._writer = writer
        self._reader = reader

    async def write(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """Run `apply` in a write transaction and return its result after the commit; an error rolls back.

        `apply` may await nothing but its connection. Raises StorageError for what the driver says.
        """
        with _told():
            return await self._writer.run(apply)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for reading."""
        with _told():
            async with self._reader.connect() as connection:
                yield connection

    async def check(self) -> None:
        """Raise DatabaseUnreachable, with the mend, when the database does not answer."""
        try:
            async with self.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except StorageError as error:
            shown = self.url.render_as_string(hide_password=True)
            raise DatabaseUnreachable(
                f"the database {shown} does not answer ({error}); check [database] url in zhike.toml "
                "or ZHIKE_DATABASE_URL, and that the server runs"
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.close()
        await self._reader.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the driver raises into a StorageError: nothing of the driver leaves this package."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError(f"the database did not do it: {type(cause).__name__}: {cause}") from error


class _Writer(Protocol):
    async def run(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T: ...

    async def close(self) -> None: ...


class _PoolWriter:
    """Transactions on a pool of connections: PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async with self._engine.begin() as connection:
            return await apply(connection)

    async def close(self) -> None:
        await self._engine.dispose()


class _ThreadWriter:
    """Transactions one after another in a thread of their own: SQLite, which writes one at a time anyway."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")

    async def run(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, apply)

    def _run(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        with self._engine.begin() as connection:
            return run_inline(apply(InlineConnection(connection)))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown(wait=True)


def open_database(url: str, *, home: Path, pool_size: int = 8) -> Database:
    """Return the database at `url`; a relative SQLite path is one below `home`. Connects at first use.

    Parameters of statements are people's words and our tokens: they stand in no log and no error.
    Raises StorageError for a URL of another kind.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError(f"the database URL cannot be read ({error}); {_MEND_URL}") from error
    match parsed.drivername:
        case "sqlite+aiosqlite":
            return _open_sqlite(parsed, home=home)
        case "postgresql+asyncpg":
            engine = create_async_engine(parsed, pool_size=pool_size, max_overflow=4, hide_parameters=True)
            return Database(url=parsed, writer=_PoolWriter(engine), reader=engine)
        case other:
            raise StorageError(f"a database URL of kind {other!r} cannot be used; {_MEND_URL}")


def _open_sqlite(url: URL, *, home: Path) -> Database:
    path = path_of(url, home=home)
    url = url.set(database=str(path))
    writer = create_engine(url.set(drivername="sqlite"), pool_size=1, max_overflow=0, hide_parameters=True)
    reader = create_async_engine(url, pool_size=4, max_overflow=4, hide_parameters=True)
    for engine in (writer, reader.sync_engine):
        # At the first connection, not here: who only looks at settings leaves no file behind.
        event.listen(engine, "do_connect", lambda *_: make_private(path))
    _set_up_sqlite(writer, begin="BEGIN IMMEDIATE", query_only=False)
    _set_up_sqlite(reader.sync_engine, begin="BEGIN", query_only=True)
    return Database(url=url, writer=_ThreadWriter(writer), reader=reader)


def _set_up_sqlite(engine: Engine, *, begin: str, query_only: bool) -> None:
    """Set the pragmas of each new connection and take over BEGIN from the driver."""

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would be deferred
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            # KiB a connection: small enough to be full soon, so that the process's memory is flat from then on.
            f"cache_size = {-4096 if query_only else -16384}",
            # A rarer checkpoint writes a page that many commits touched once; 10,000 pages are a log of 40 MB.
            "wal_autocheckpoint = 10000",
            f"query_only = {int(query_only)}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
