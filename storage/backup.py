"""A backup: every row as one moment saw it, and what stands beside the database, in one file.

The format knows neither database: a ZIP file with one member a table, the names of its columns and then a JSON array a
row, so that a backup of either kind can be restored into either. What belongs to running processes alone (tokens,
leases, sign-ins) is left out. Why: docs/decisions/0015.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy import BigInteger, Table, column, func, select, table
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.database import Database
from storage.errors import StorageError
from storage.migrate import current_revision
from storage.tables import MESSAGE, METADATA
from storage.tables.instant import Instant

FORMAT: Final = "zhike-backup-1"
MANIFEST: Final = "manifest.json"
TABLES: Final = "tables"
FILES: Final = "files"
#: Rows of running processes: of no use elsewhere, or dangerous there.
LEFT_OUT: Final = frozenset({"access_token", "leader", "console_session", "export_link"})
#: Rows that are held in memory at once.
_CHUNK: Final = 1_000


async def write_backup(database: Database, target: Path, *, files: Mapping[str, Path], now: datetime) -> dict[str, Any]:
    """Write a backup while everything runs; return its manifest. The file is its owner's alone.

    `files`: by name in the backup what stands beside the database; read first, so that they never say more than the
    rows do. Raises StorageError, OSError; what was begun is removed then.
    """
    if target.exists():
        raise StorageError(f"{target} is there already; name a new file")
    revision = await current_revision(database)
    partial = target.with_name(f"{target.name}.partial")
    engine = create_async_engine(database.url, poolclass=NullPool, hide_parameters=True)
    try:
        descriptor = os.open(partial, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in files.items():
                await asyncio.to_thread(archive.write, path, f"{FILES}/{name}")
            async with engine.connect() as connection:
                if database.is_sqlite:
                    await connection.exec_driver_sql("BEGIN")
                else:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                counts, months = await connection.run_sync(lambda plain: _write_tables(plain, archive))
            manifest = {
                "format": FORMAT,
                "made_at": now.isoformat(),
                "revision": revision,
                "database": database.url.get_backend_name(),
                "rows": counts,
                "months": months,
                "files": sorted(files),
            }
            archive.writestr(MANIFEST, json.dumps(manifest))
        _make_durable(partial)
        partial.rename(target)
    finally:
        await engine.dispose()
        partial.unlink(missing_ok=True)
    return manifest


def _write_tables(connection: sqlalchemy.Connection, archive: zipfile.ZipFile) -> tuple[dict[str, int], list[int]]:
    months = list(connection.execute(select(MESSAGE.c.month).distinct().order_by(MESSAGE.c.month)).scalars())
    counts: dict[str, int] = {}
    for each in METADATA.sorted_tables:
        if each.name in LEFT_OUT:
            continue
        expected = connection.execute(select(func.count()).select_from(each)).scalar_one()
        with archive.open(f"{TABLES}/{each.name}.jsonl", "w", force_zip64=True) as member:
            lines = TextIOWrapper(member, encoding="utf-8")
            lines.write(json.dumps([c.name for c in each.columns]) + "\n")
            counts[each.name] = 0
            for row in _rows(connection, each):
                lines.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")
                counts[each.name] += 1
            lines.flush()
        if counts[each.name] != expected:
            raise StorageError(f"{each.name}: {counts[each.name]} rows were read of {expected}; make the backup again")
    return counts, months


def _rows(connection: sqlalchemy.Connection, each: Table) -> Iterator[list[Any]]:
    plain = raw_table(each)
    query = select(plain).order_by(*(plain.c[key.name] for key in each.primary_key))
    result = connection.execution_options(stream_results=True, yield_per=_CHUNK).execute(query)
    for row in result:
        yield [_written(item) for item in row]


def _written(item: Any) -> Any:
    """Return a value as JSON has it; `storage.restore` reads it back by its column."""
    if isinstance(item, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(item)).decode()
    return item.isoformat() if isinstance(item, date) else item


def raw_table(each: Table) -> Any:
    """Return a table whose moments are the microseconds that are stored."""
    columns = [column(c.name, BigInteger() if isinstance(c.type, Instant) else c.type) for c in each.columns]
    return table(each.name, *columns)


def _make_durable(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
