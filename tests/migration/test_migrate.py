"""Migrations: a fresh database and a migrated one are the same, and populated ones keep what they hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection as PlainConnection
from sqlalchemy import inspect

from storage.database import Database, open_database
from storage.errors import SchemaTooNew, SchemaTooOld
from storage.migrate import check_schema, current_revision, head_revision, migrate
from storage.tables import METADATA
from tests.fakes.clock import START
from tests.fakes.stores import OpenStores


@pytest.fixture
async def database(empty_database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """Return a database without any table."""
    opened = open_database(empty_database_url, home=tmp_path)
    yield opened
    await opened.close()


def _is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Leave out the partitions, which are made month by month."""
    return not (
        kind == "table" and name is not None and name.startswith(("message_", "content_")) and name != "message_key"
    )


def _differences(plain: PlainConnection) -> list[Any]:
    context = MigrationContext.configure(plain, opts={"include_object": _is_ours, "compare_type": True})
    return list(compare_metadata(context, METADATA))


async def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    await migrate(database, now=START)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []


async def test_every_table_and_its_indexes_are_there(database: Database) -> None:
    await migrate(database, now=START)

    def found(plain: PlainConnection) -> dict[str, set[str | None]]:
        inspector = inspect(plain)
        return {name: {index["name"] for index in inspector.get_indexes(name)} for name in METADATA.tables}

    async with database.read() as connection:
        indexes = await connection.run_sync(found)
    for name, table in METADATA.tables.items():
        assert {str(index.name) for index in table.indexes} <= indexes[name]


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    first = await migrate(database, now=START)
    second = await migrate(database, now=START)

    assert first == second == head_revision() == await current_revision(database)


async def test_two_processes_that_migrate_at_once_do_not_disturb_each_other(
    database: Database, empty_database_url: str, tmp_path: Path
) -> None:
    other = open_database(empty_database_url, home=tmp_path)
    found = list(await asyncio.gather(migrate(database, now=START), migrate(other, now=START)))
    await other.close()

    assert found == [head_revision()] * 2


async def test_an_empty_database_is_told_to_migrate(database: Database) -> None:
    with pytest.raises(
        SchemaTooOld, match=rf"revision none, this program needs {head_revision()}; run `zhike migrate`"
    ):
        await check_schema(database)


async def test_an_older_database_is_told_to_migrate(database: Database) -> None:
    await migrate(database, now=START, to="0001")

    with pytest.raises(SchemaTooOld, match=r"revision 0001, .* run `zhike migrate`"):
        await check_schema(database)


async def test_a_database_of_this_version_passes_the_check(database: Database) -> None:
    await migrate(database, now=START)
    await check_schema(database)

    assert await current_revision(database) == head_revision()


async def test_a_newer_database_is_refused_and_left_as_it_is(stores: OpenStores) -> None:
    await stores.change("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNew, match=r"revision 9999, which this version of Zhike does not know; update it"):
        await check_schema(stores.database)
    with pytest.raises(SchemaTooNew, match="9999"):
        await migrate(stores.database, now=START)
    assert await current_revision(stores.database) == "9999"


async def _partitions(database: Database) -> set[str]:
    async with database.read() as connection:
        names = await connection.run_sync(lambda plain: inspect(plain).get_table_names())
    return {name for name in names if name.startswith(("message_2", "content_2"))}


@pytest.mark.parametrize(
    ("now", "months"),
    [
        (datetime(2026, 5, 1, 9, tzinfo=UTC), (202605, 202606)),
        (datetime(2026, 5, 31, 16, tzinfo=UTC), (202606, 202607)),
        (datetime(2026, 12, 31, 15, tzinfo=UTC), (202612, 202701)),
        (datetime(2027, 1, 31, 9, tzinfo=UTC), (202701, 202702)),
        (datetime(2026, 8, 31, 15, tzinfo=UTC), (202608, 202609)),
    ],
    ids=["first of May", "first of June in UTC+8", "new year", "end of January", "end of August"],
)
async def test_partitions_are_made_for_this_month_and_the_next(
    database: Database, now: datetime, months: tuple[int, int]
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no partitions")
    await migrate(database, now=now)
    await migrate(database, now=now)

    assert await _partitions(database) == {f"{table}_{month}" for table in ("message", "content") for month in months}
