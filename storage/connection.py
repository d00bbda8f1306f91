"""What statements run on: SQLAlchemy's async connection, or a plain one of SQLite's in the event loop's own thread.

Both are awaited alike, so a repository is written once. On the plain one an await never suspends. Through aiosqlite
each statement is three or four hops between threads, and each hop must win the interpreter lock from a busy event loop
(docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Connection(Protocol):
    """What a repository needs of a connection in a transaction."""

    @property
    def dialect(self) -> Dialect: ...

    def execute(self, statement: Any, parameters: Any = None, /) -> Awaitable[Any]:
        """Run a statement, or one for each of a list of parameters; return SQLAlchemy's result."""
        ...

    def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Awaitable[Any]:
        """Hand a statement to the driver as it is."""
        ...

    def fetch(self, statement: str, parameters: tuple[Any, ...], /) -> Awaitable[Sequence[Sequence[Any]]]:
        """Hand a statement to the driver as it is and return its rows as the driver gives them."""
        ...

    def run_sync(self, function: Callable[[sqlalchemy.Connection], T], /) -> Awaitable[T]:
        """Run a function on the plain connection."""
        ...


class PooledConnection:
    """A connection of SQLAlchemy's async pool: PostgreSQL, and reads on both databases."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> Any:
        return await self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Any:
        return await self._connection.exec_driver_sql(statement, parameters)

    async def fetch(self, statement: str, parameters: tuple[Any, ...], /) -> Sequence[Sequence[Any]]:
        result = await self._connection.exec_driver_sql(statement, parameters)
        return result.all() if result.returns_rows else ()

    async def run_sync(self, function: Callable[[sqlalchemy.Connection], T], /) -> T:
        return await self._connection.run_sync(function)


class InlineConnection:
    """A plain connection behind the awaited interface; nothing here ever suspends."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.dbapi_connection
        self.dialect: Dialect = connection.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> Any:
        return self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Any:
        return self._connection.exec_driver_sql(statement, parameters)

    async def fetch(self, statement: str, parameters: tuple[Any, ...], /) -> Sequence[Sequence[Any]]:
        rows: list[tuple[Any, ...]] = self._driver.execute(statement, parameters).fetchall()
        return rows

    async def run_sync(self, function: Callable[[sqlalchemy.Connection], T], /) -> T:
        return function(self._connection)


def run_inline(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that awaits only an `InlineConnection`. Raises RuntimeError if it suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a database transaction awaited something else than its connection")
