"""The connection to the one database: SQLite for one machine, PostgreSQL for several; the same repositories on both.

On SQLite all writes go through one connection (`storage.sqlite`), reads through aiosqlite connections that see the last
commit. On PostgreSQL both take connections from a pool.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.connection import Connection, PooledConnection
from storage.errors import DatabaseUnreachable, StorageError
from storage.sqlite import open_sqlite
from storage.sqlite_file import path_of

T = TypeVar("T")
_MEND_URL = "write sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"


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
    async def read(self) -> AsyncIterator[Connection]:
        """Yield a connection for reading."""
        with _told():
            async with self._reader.connect() as connection:
                yield PooledConnection(connection)

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
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
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
            return await apply(PooledConnection(connection))

    async def close(self) -> None:
        await self._engine.dispose()


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
            placed = parsed.set(database=str(path_of(parsed, home=home)))
            writer, reader = open_sqlite(placed)
            return Database(url=placed, writer=writer, reader=reader)
        case "postgresql+asyncpg":
            engine = create_async_engine(parsed, pool_size=pool_size, max_overflow=4, hide_parameters=True)
            return Database(url=parsed, writer=_PoolWriter(engine), reader=engine)
        case other:
            raise StorageError(f"a database URL of kind {other!r} cannot be used; {_MEND_URL}")
