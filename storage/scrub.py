"""The last step of an erasure: pages and log files of the database hold nothing of what was destroyed.

A deleted row is not gone from the disk by itself. SQLite overwrites it (`secure_delete`), but a page that was split
or joined before may have kept a copy in its unused space, and the write-ahead log keeps whole old pages: VACUUM writes
the file anew from what is alive, a truncating checkpoint empties the log. PostgreSQL's VACUUM frees a row's place and
leaves its bytes: VACUUM FULL writes the table anew and drops the old file, as it does with the planner's samples, which
hold values as they are. Its own write-ahead log is the server's matter: after a checkpoint and a switch the old
segments are recycled, and hold their bytes until they are overwritten.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.database import Database
from storage.erasure_map import FATES, Blank, Destroy, OwnWay
from storage.errors import StorageError

#: Tables that held something of a person, but for the partitions of contents and what holds numbers alone.
_TABLES: Final = tuple(
    name
    for name, fate in FATES.items()
    if isinstance(fate, Destroy | Blank | OwnWay) and name not in ("content", "customer", "reach")
)
#: The columns of a table that can hold words.
_WORDS: Final = text(
    "SELECT quote_ident(attname) AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
    "WHERE attrelid = CAST(CAST(:table AS text) AS regclass) AND attnum > 0 AND NOT attisdropped "
    "AND atttypid IN (CAST('text' AS regtype), CAST('varchar' AS regtype), CAST('bytea' AS regtype))"
)
#: How long a table may be waited for: who records a message waits behind this.
_LOCK_WAIT: Final = "2s"
_BUSY_SECONDS: Final = 10.0
#: How often a reader may be in the way of emptying SQLite's log.
_TRIES: Final = 50


class Scrub:
    """Writes the database's files anew."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def size(self) -> int:
        """Return how many bytes the database has: what the work takes goes by it."""
        query = (
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            if self._database.is_sqlite
            else "SELECT pg_database_size(current_database())"
        )
        async with self._database.read() as connection:
            return int((await connection.execute(text(query))).scalar_one())

    async def run(self) -> dict[str, Any]:
        """Do it; return what is to be told of it. Raises StorageError when something is in the way: try again."""
        if self._database.is_sqlite:
            return await asyncio.to_thread(_scrub_sqlite, str(self._database.url.database))
        try:
            return await self._scrub_postgres()
        except DBAPIError as error:
            raise StorageError(
                f"a table could not be written anew ({type(error.orig).__name__}); it is tried again"
            ) from error

    async def _scrub_postgres(self) -> dict[str, Any]:
        # A connection of its own, closed at the end: VACUUM runs in no transaction.
        engine = create_async_engine(
            self._database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        try:
            async with engine.connect() as connection:
                await connection.execute(text(f"SET lock_timeout = '{_LOCK_WAIT}'"))
                partitions = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'content'::regclass"
                contents = list((await connection.execute(text(partitions))).scalars())
                for name in (*_TABLES, *contents):
                    await connection.execute(text(f"VACUUM FULL {name}"))
                for name in (*_TABLES, "content"):
                    await _forget_samples(connection, name)
                told: dict[str, Any] = {"written_anew": [*_TABLES, *contents]}
                told["statistics_written_anew"] = await _allowed(connection, "VACUUM FULL pg_statistic")
                place = (await connection.execute(text("SELECT pg_current_wal_lsn()::text"))).scalar_one()
                told["wal_until"] = place
                told["checkpoint"] = await _allowed(connection, "CHECKPOINT")
                told["wal_switched"] = await _allowed(connection, "SELECT pg_switch_wal()")
                return told
        finally:
            await engine.dispose()


async def _forget_samples(connection: Any, table: str) -> None:
    """Drop the planner's samples of a table, which keep values as they are, and take new ones.

    A new sample alone is not enough: of a table that has become empty ANALYZE keeps the old one. Giving a column the
    type it has drops it and writes nothing anew (PostgreSQL, tablecmds.c: ATExecAlterColumnType, RemoveStatistics).
    """
    columns = (await connection.execute(_WORDS, {"table": table})).all()
    changes = ", ".join(f"ALTER COLUMN {column.name} TYPE {column.type}" for column in columns)
    if changes:
        await connection.execute(text(f"ALTER TABLE {table} {changes}"))
    await connection.execute(text(f"ANALYZE {table}"))


async def _allowed(connection: Any, statement: str) -> bool:
    """Run what the database's user may be forbidden to do; return whether it was done."""
    try:
        await connection.execute(text(statement))
    except DBAPIError:
        return False
    return True


def _scrub_sqlite(file: str) -> dict[str, Any]:
    connection = sqlite3.connect(file, isolation_level=None, timeout=_BUSY_SECONDS)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("VACUUM")
        for _ in range(_TRIES):
            [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if not busy:
                return {"written_anew": ["database"], "log_emptied": True}
    except sqlite3.Error as error:
        raise StorageError(f"the database file could not be written anew ({error}); it is tried again") from error
    finally:
        connection.close()
    raise StorageError("somebody reads the database's log all the time; emptying it is tried again")
