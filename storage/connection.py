"""What statements run on: SQLAlchemy's own async connection, or on SQLite a plain one inside the writer's thread.

Both are awaited alike, so a repository is written once. In the writer's thread an await never suspends: a whole
transaction costs one hop between threads. Through aiosqlite each statement costs three or four, and each must win the
interpreter lock from a busy event loop (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import BindParameter, ColumnElement, Table, bindparam, insert
from sqlalchemy.engine import Dialect

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

    def run_sync(self, function: Callable[[sqlalchemy.Connection], T], /) -> Awaitable[T]:
        """Run a function on the plain connection."""
        ...


class InlineConnection:
    """A plain connection behind the awaited interface; nothing here ever suspends."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> Any:
        return self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Any:
        return self._connection.exec_driver_sql(statement, parameters)

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


#: Rows that one INSERT carries at most; SQLite takes 32,766 parameters, PostgreSQL 65,535.
_MOST_ROWS = 64


class Bulk:
    """An INSERT of many rows in one statement, compiled once a dialect and size, run with plain tuples.

    `executemany` lets go of the interpreter at every row and waits for the busy event loop each time to get it back;
    SQLAlchemy's own would build a dictionary a row besides. Sizes are powers of two: 37 rows are 32, 4 and 1. Values
    must be in the database's form already (instants as microseconds).
    """

    def __init__(self, table: Table, *, make: Callable[[Dialect], Any] | None = None) -> None:
        self._table = table
        self._make = make
        self._compiled: dict[tuple[str, int], tuple[str, tuple[int, ...]]] = {}

    async def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert the rows; a row's values stand in the order of the table's columns."""
        start = 0
        while start < len(rows):
            size = min(_MOST_ROWS, 1 << ((len(rows) - start).bit_length() - 1))
            sql, order = self._compiled.get((connection.dialect.name, size)) or self._compile(connection.dialect, size)
            flat = [value for row in rows[start : start + size] for value in row]
            await connection.exec_driver_sql(sql, tuple([flat[index] for index in order]))
            start += size

    def _compile(self, dialect: Dialect, size: int) -> tuple[str, tuple[int, ...]]:
        columns = list(self._table.columns)
        names = [f"{column.name}_{row}" for row in range(size) for column in columns]
        values = [
            {column.name: bindparam(f"{column.name}_{row}", type_=column.type) for column in columns}
            for row in range(size)
        ]
        statement = self._make(dialect) if self._make else insert(self._table)
        compiled: Any = statement.values(values).compile(dialect=dialect)
        place = {name: index for index, name in enumerate(names)}
        order = tuple(place[name] for name in compiled.positiontup)
        self._compiled[(dialect.name, size)] = (str(compiled), order)
        return self._compiled[(dialect.name, size)]


class Lookup:
    """A statement for a set of values (`… IN (values)`), compiled once a dialect and size, run with plain values.

    SQLAlchemy expands an IN anew at every call, a few microseconds a value. Sizes are powers of two; what is left is
    filled with the last value. Rows come as the driver gives them: instants are microseconds, booleans may be 0 and 1.
    """

    def __init__(self, make: Callable[[Sequence[BindParameter[Any]]], Any], *, of: ColumnElement[Any]) -> None:
        self._make = make
        self._of = of
        self._compiled: dict[tuple[str, int], tuple[str, tuple[str, ...]]] = {}

    async def run(self, connection: Connection, values: Sequence[Any], /, **fixed: Any) -> list[Any]:
        """Return the rows that a SELECT finds for `values`; `fixed` are its other parameters by name."""
        return list(await self._execute(connection, values, fixed)) if values else []

    async def change(self, connection: Connection, values: Sequence[Any], /, **fixed: Any) -> None:
        """Run an UPDATE over `values`."""
        if values:
            await self._execute(connection, values, fixed)

    async def _execute(self, connection: Connection, values: Sequence[Any], fixed: dict[str, Any]) -> Any:
        size = 1 << (len(values) - 1).bit_length()
        sql, order = self._compiled.get((connection.dialect.name, size)) or self._compile(connection.dialect, size)
        given = fixed | {f"v{i}": values[min(i, len(values) - 1)] for i in range(size)}
        return await connection.exec_driver_sql(sql, tuple([given[name] for name in order]))

    def _compile(self, dialect: Dialect, size: int) -> tuple[str, tuple[str, ...]]:
        binds = [bindparam(f"v{i}", type_=self._of.type) for i in range(size)]
        compiled: Any = self._make(binds).compile(dialect=dialect)
        self._compiled[(dialect.name, size)] = (str(compiled), tuple(compiled.positiontup))
        return self._compiled[(dialect.name, size)]
