"""Bringing a database to the program's schema, and refusing one that is older or newer."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as PlainConnection
from sqlalchemy import text

from storage.connection import Connection
from storage.database import Database
from storage.digests import platform_month
from storage.errors import SchemaTooNew, SchemaTooOld

_SCRIPTS = Path(__file__).parent / "migrations"
#: Serialises `migrate` of several processes on PostgreSQL (an arbitrary number, ours alone).
_ADVISORY_LOCK = 7_310_265
_PARTITIONED = ("message", "content")


def _config(connection: PlainConnection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    """Return the revision this program needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


async def current_revision(database: Database) -> str | None:
    """Return the database's revision, None for an empty one."""
    async with database.read() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: PlainConnection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def migrate(database: Database, *, now: datetime, to: str = "head") -> str:
    """Run the missing migrations and make the partitions of this and the next month; return the revision."""

    async def apply(connection: Connection) -> str:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        await connection.run_sync(_refuse_newer)
        await connection.run_sync(lambda plain: command.upgrade(_config(plain), to))
        await make_partitions(connection, now=now)
        return str(await connection.run_sync(_revision))

    return await database.write(apply)


def knows(revision: str) -> bool:
    """Tell whether this program knows a revision."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _refuse_newer(connection: PlainConnection) -> None:
    found = _revision(connection)
    if found is not None and not knows(found):
        raise SchemaTooNew(f"the database is at revision {found}, which this version of Zhike does not know; update it")


async def check_schema(database: Database) -> None:
    """Raise SchemaTooOld or SchemaTooNew when the database does not fit this program."""
    found, wanted = await current_revision(database), head_revision()
    if found == wanted:
        return
    async with database.read() as connection:
        await connection.run_sync(_refuse_newer)
    raise SchemaTooOld(
        f"the database is at revision {found or 'none'}, this program needs {wanted}; run `zhike migrate`"
    )


async def make_partitions(connection: Connection, *, now: datetime) -> None:
    """On PostgreSQL, make the partitions of this month and the next; what fits none goes to the default partition."""
    if connection.dialect.name != "postgresql":
        return
    this = platform_month(now)
    for month in (this, this + 1 if this % 100 < 12 else this + 89):
        for table in _PARTITIONED:
            filled = text(f"SELECT 1 FROM {table}_default WHERE month = :month LIMIT 1")  # noqa: S608 - our own names
            if (await connection.execute(filled, {"month": month})).first() is not None:
                continue  # rows of this month already lie in the default partition; they stay there
            await connection.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {table}_{month} PARTITION OF {table} "
                    f"FOR VALUES FROM ({month}) TO ({month + 1})"
                )
            )
