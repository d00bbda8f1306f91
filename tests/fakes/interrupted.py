"""Databases on which something happens between a read and the write that follows it, or in the middle of a read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, cast

from sqlalchemy.engine import Dialect

from storage.connection import Connection
from storage.database import Database

T = TypeVar("T")


class _Interrupted:
    def __init__(self, database: Database, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    def read(self) -> AbstractAsyncContextManager[Connection]:
        return self._database.read()

    async def write(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await self._database.write(apply)


def interrupted(database: Database, meanwhile: Callable[[], Awaitable[object]]) -> Database:
    """Return `database`, on which `meanwhile` happens just before the first write."""
    return cast(Database, _Interrupted(database, meanwhile))


class _PausedConnection:
    def __init__(self, connection: Connection, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._connection = connection
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> Any:
        return await self._pause_after(await self._connection.execute(statement, parameters))

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Any:
        return await self._pause_after(await self._connection.exec_driver_sql(statement, parameters))

    async def fetch(self, statement: str, parameters: tuple[Any, ...], /) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = await self._pause_after(await self._connection.fetch(statement, parameters))
        return found

    async def _pause_after(self, result: Any) -> Any:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return result


class _Paused:
    def __init__(self, database: Database, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._meanwhile = meanwhile

    @asynccontextmanager
    async def read(self) -> AsyncIterator[_PausedConnection]:
        async with self._database.read() as connection:
            yield _PausedConnection(connection, self._meanwhile)


def paused(database: Database, meanwhile: Callable[[], Awaitable[object]]) -> Database:
    """Return `database`, on which `meanwhile` happens in each reading after its first statement."""
    return cast(Database, _Paused(database, meanwhile))


class _Held:
    def __init__(self, database: Database, before_commit: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._before_commit = before_commit

    def read(self) -> AbstractAsyncContextManager[Connection]:
        return self._database.read()

    async def write(self, apply: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async def apply_and_wait(connection: Connection) -> T:
            result = await apply(connection)
            await self._before_commit()
            return result

        return await self._database.write(apply_and_wait)


def held(database: Database, before_commit: Callable[[], Awaitable[object]]) -> Database:
    """Return `database`, on which `before_commit` happens at the end of each transaction; PostgreSQL only."""
    return cast(Database, _Held(database, before_commit))
