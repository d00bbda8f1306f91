"""What statements run on: SQLAlchemy's own async connection, or on SQLite a plain one inside the writer's thread.

Both are awaited alike, so a repository is written once. In the writer's thread an await never suspends: a whole
transaction costs one hop between threads. Through aiosqlite each statement costs three or four, and each must win the
interpreter lock from a busy event loop (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import BindParameter, ColumnElement, bindparam
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


class Bulk:
    """A statement compiled once a dialect and run with plain tuples.

    SQLAlchemy's own executemany builds a dictionary a row and walks its types; on the message path that cost as much as
    SQLite itself. Values must be in the database's form already (instants as microseconds).
    """

    def __init__(self, make: Callable[[Dialect], Any], columns: Sequence[str]) -> None:
        self._make = make
        self.columns = tuple(columns)
        self._compiled: dict[str, tuple[str, tuple[int, ...]]] = {}

    async def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run the statement once a row; a row's values stand in the order of `columns`."""
        if not rows:
            return
        sql, order = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        if order != tuple(range(len(self.columns))):
            rows = [tuple(row[index] for index in order) for row in rows]
        await connection.exec_driver_sql(sql, list(rows))

    def _compile(self, dialect: Dialect) -> tuple[str, tuple[int, ...]]:
        compiled = self._make(dialect).compile(dialect=dialect, column_keys=list(self.columns))
        order = tuple(self.columns.index(name) for name in compiled.positiontup)
        self._compiled[dialect.name] = (str(compiled), order)
        return self._compiled[dialect.name]


class Lookup:
    """A SELECT for a set of values, compiled once a dialect and size, run with plain values.

    SQLAlchemy expands an IN anew at every call, a few microseconds a value. Sizes are powers of two; what is left is
    filled with the last value. Rows come as the driver gives them: instants are microseconds, booleans may be 0 and 1.
    """

    def __init__(self, make: Callable[[Sequence[BindParameter[Any]]], Any], *, of: ColumnElement[Any]) -> None:
        self._make = make
        self._of = of
        self._compiled: dict[tuple[str, int], tuple[str, tuple[str, ...]]] = {}

    async def run(self, connection: Connection, values: Sequence[Any], /, **fixed: Any) -> list[Any]:
        """Return the rows that the statement finds for `values`; `fixed` are its other parameters by name."""
        if not values:
            return []
        size = 1 << (len(values) - 1).bit_length()
        sql, order = self._compiled.get((connection.dialect.name, size)) or self._compile(connection.dialect, size)
        given = fixed | {f"v{i}": values[min(i, len(values) - 1)] for i in range(size)}
        result = await connection.exec_driver_sql(sql, tuple(given[name] for name in order))
        return list(result)

    def _compile(self, dialect: Dialect, size: int) -> tuple[str, tuple[str, ...]]:
        binds = [bindparam(f"v{i}", type_=self._of.type) for i in range(size)]
        compiled: Any = self._make(binds).compile(dialect=dialect)
        self._compiled[(dialect.name, size)] = (str(compiled), tuple(compiled.positiontup))
        return self._compiled[(dialect.name, size)]
