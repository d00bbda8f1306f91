"""Statements of the message path: compiled once a dialect and size, run by the driver with plain values.

SQLAlchemy writes the SQL; running it costs nothing of SQLAlchemy's, which would be 20 to 60 µs a statement and a few
more a value of an expanding IN (docs/decisions/0011). Values must be in the database's form already (instants as
microseconds), and rows come in it (booleans may be 0 and 1).
"""

from __future__ import annotations

import itertools
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Table, bindparam, insert
from sqlalchemy.engine import Dialect

from storage.connection import Connection

#: Rows that one INSERT carries at most; SQLite takes 32,766 parameters, PostgreSQL 65,535.
_MOST_ROWS = 64


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in the driver's words: which values it takes in which order, and the rows it gives."""

    sql: str
    names: tuple[str, ...]
    row: Callable[[Sequence[Any]], Any]


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    columns = getattr(statement, "exported_columns", None)
    # Columns of one name in two tables: the first one has it.
    names = [] if columns is None else [column.name for column in columns]
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return _Compiled(sql=str(compiled), names=tuple(compiled.positiontup or ()), row=row._make)


class Prepared:
    """A statement with named parameters."""

    def __init__(self, make: Callable[[Dialect], Any]) -> None:
        self._make = make
        self._compiled: dict[str, _Compiled] = {}

    async def run(self, connection: Connection, **values: Any) -> list[Any]:
        """Run it; return the rows it gives."""
        name = connection.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = _compile(self._make(connection.dialect), connection.dialect)
        rows = await connection.fetch(compiled.sql, tuple([values[name] for name in compiled.names]))
        return [compiled.row(row) for row in rows]


class Bulk:
    """An INSERT of many rows in one statement.

    Sizes are powers of two (37 rows are 32, 4 and 1), so that few forms are compiled. `columns` are those that are
    given, all of them unless told; `make` returns the INSERT of a dialect when it is not a plain one.
    """

    def __init__(
        self,
        table: Table,
        *,
        columns: Sequence[Column[Any]] | None = None,
        make: Callable[[Dialect], Any] | None = None,
    ) -> None:
        self._columns = list(table.columns if columns is None else columns)
        self._make = make or (lambda _dialect: insert(table))
        #: For each dialect and size the statement, and in which order it takes the values, when it is another one.
        self._compiled: dict[tuple[str, int], tuple[_Compiled, tuple[int, ...]]] = {}

    async def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Insert the rows; a row's values stand in the order of the columns. Return what RETURNING gives, any order."""
        found: list[Any] = []
        start = 0
        while start < len(rows):
            size = min(_MOST_ROWS, 1 << ((len(rows) - start).bit_length() - 1))
            compiled, order = self._form(connection.dialect, size)
            flat = list(itertools.chain.from_iterable(rows[start : start + size]))
            given = await connection.fetch(compiled.sql, tuple([flat[index] for index in order] if order else flat))
            found += [compiled.row(row) for row in given]
            start += size
        return found

    def _form(self, dialect: Dialect, size: int) -> tuple[_Compiled, tuple[int, ...]]:
        known = self._compiled.get((dialect.name, size))
        if known is not None:
            return known
        names = [f"{column.name}_{row}" for row in range(size) for column in self._columns]
        values = [
            {column.name: bindparam(f"{column.name}_{row}", type_=column.type) for column in self._columns}
            for row in range(size)
        ]
        compiled = _compile(self._make(dialect).values(values), dialect)
        place = {name: index for index, name in enumerate(names)}
        order = tuple(place[name] for name in compiled.names)
        made = (compiled, () if order == tuple(range(len(names))) else order)
        return self._compiled.setdefault((dialect.name, size), made)


class Lookup:
    """A statement for a set of values (`… IN (values)`): a SELECT, or an UPDATE that may return rows.

    Sizes are powers of two; what is left is filled with the last value.
    """

    def __init__(self, make: Callable[[Sequence[BindParameter[Any]]], Any], *, of: ColumnElement[Any]) -> None:
        self._make = make
        self._of = of
        #: For each dialect and size the statement, and for each of its values its place in the set, or its name.
        self._compiled: dict[tuple[str, int], tuple[_Compiled, tuple[int | str, ...]]] = {}

    async def run(self, connection: Connection, values: Sequence[Any], /, **fixed: Any) -> list[Any]:
        """Run it for `values`, nothing when there are none; `fixed` are its other parameters by name."""
        if not values:
            return []
        size = 1 << (len(values) - 1).bit_length()
        compiled, plan = self._compiled.get((connection.dialect.name, size)) or self._form(connection.dialect, size)
        padded = [*values, *itertools.repeat(values[-1], size - len(values))]
        given = tuple([padded[place] if isinstance(place, int) else fixed[place] for place in plan])
        rows = await connection.fetch(compiled.sql, given)
        return [compiled.row(row) for row in rows]

    def _form(self, dialect: Dialect, size: int) -> tuple[_Compiled, tuple[int | str, ...]]:
        binds = {f"v{i}": i for i in range(size)}
        compiled = _compile(self._make([bindparam(name, type_=self._of.type) for name in binds]), dialect)
        plan = tuple(binds.get(name, name) for name in compiled.names)
        return self._compiled.setdefault((dialect.name, size), (compiled, plan))
