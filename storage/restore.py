"""Restoring a backup into an empty place: rows, files, and what must not be done again."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sqlalchemy import Boolean, Date, LargeBinary, Table, func, insert, select, text, update

from storage.backup import FILES, FORMAT, LEFT_OUT, MANIFEST, TABLES, raw_table
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.migrate import make_partitions, migrate
from storage.tables import ACCOUNT, CUSTOMER, DELIVERY, METADATA, REACH, REPLY, WORK
from storage.tables.delivery import OPEN, DeliveryState
from storage.tables.work import OPEN_REPLIES, READY, ReplyState, WorkState

#: Why a message that waited in a backup is not sent: it may have been, after the backup.
RESTORED: Final = "restored"
_CHUNK: Final = 500


class Restore:
    """One backup on its way into a database."""

    def __init__(self, database: Database, source: Path) -> None:
        self._database = database
        self._source = source

    def manifest(self) -> dict[str, Any]:
        """Return what the backup says of itself. Raises StorageError when it is none, OSError."""
        try:
            with zipfile.ZipFile(self._source) as archive:
                found: dict[str, Any] = json.loads(archive.read(MANIFEST))
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise StorageError(f"{self._source} is no backup of Zhike, or it is cut off ({error})") from error
        if found.get("format") != FORMAT:
            raise StorageError(
                f"{self._source} is a backup of form {found.get('format')!r}; this version reads {FORMAT}"
            )
        return found

    def files(self, home: Path) -> list[Path]:
        """Put what stood beside the database into `home`; what is there already stays. Return what was written."""
        written = []
        with zipfile.ZipFile(self._source) as archive:
            for name in self.manifest()["files"]:
                target = home / _inside(name)
                if target.exists():
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch(mode=0o600)
                target.write_bytes(archive.read(f"{FILES}/{name}"))
                written.append(target)
        return written

    async def rows(self, *, now: datetime) -> dict[str, int]:
        """Write all rows in one transaction, at the backup's revision, then bring the schema up to date.

        Returns how many there are by table. Raises StorageError when the database is not empty.
        """
        manifest = self.manifest()
        await migrate(self._database, now=now, to=str(manifest["revision"]))
        counts: dict[str, int] = await self._database.write(lambda connection: self._write(connection, manifest, now))
        await migrate(self._database, now=now)
        return counts

    async def _write(self, connection: Connection, manifest: dict[str, Any], now: datetime) -> dict[str, int]:
        for each in (ACCOUNT, CUSTOMER):
            if (await connection.execute(select(each.c.id).limit(1))).first() is not None:
                raise StorageError("the database is not empty; a backup is restored into an empty place only")
        for month in manifest["months"]:
            await make_partitions(connection, now=datetime(month // 100, month % 100, 15, tzinfo=UTC))
        counts = {}
        with zipfile.ZipFile(self._source) as archive:
            for name, expected in manifest["rows"].items():
                counts[name] = await _fill(connection, METADATA.tables[name], archive)
                if counts[name] != expected:
                    raise StorageError(
                        f"{name}: {counts[name]} rows in the backup, which says {expected}; it is damaged"
                    )
        if connection.dialect.name == "postgresql":
            await _go_on_counting(connection)
        await _settle(connection, now=now)
        return counts


async def _fill(connection: Connection, each: Table, archive: zipfile.ZipFile) -> int:
    plain, count = raw_table(each), 0
    for rows in _chunks(each, archive):
        await connection.execute(insert(plain), rows)
        count += len(rows)
    return count


def _chunks(each: Table, archive: zipfile.ZipFile) -> Iterator[list[dict[str, Any]]]:
    with archive.open(f"{TABLES}/{each.name}.jsonl") as member:
        # Those of the backup's revision: a newer program's tables may have more.
        names = json.loads(next(member))
        kinds = [each.columns[name].type for name in names]
        chunk: list[dict[str, Any]] = []
        for line in member:
            items = map(_item, kinds, json.loads(line))
            chunk.append(dict(zip(names, items, strict=True)))
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def _item(kind: Any, item: Any) -> Any:
    if item is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(item)
    if isinstance(kind, Date):
        return date.fromisoformat(item)
    return bool(item) if isinstance(kind, Boolean) else item


async def _go_on_counting(connection: Connection) -> None:
    """Let PostgreSQL number new rows behind the restored ones."""
    for each in METADATA.sorted_tables:
        keys: Sequence[Any] = list(each.primary_key)
        if each.name in LEFT_OUT or [key.name for key in keys] != ["id"]:
            continue
        sequence = (await connection.execute(select(func.pg_get_serial_sequence(each.name, "id")))).scalar()
        last = (await connection.execute(select(func.max(each.c.id)))).scalar()
        if sequence is not None and last is not None:
            await connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


async def _settle(connection: Connection, *, now: datetime) -> None:
    """End what was under way: it may have been done after the backup, and nothing is silently done twice."""
    await connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.state.in_(OPEN))
        .values(state=DeliveryState.UNKNOWN, reason=RESTORED, holder=None, lease_until=None, settled_at=now)
    )
    await connection.execute(update(REPLY).where(REPLY.c.state.in_(OPEN_REPLIES)).values(state=ReplyState.UNKNOWN))
    await connection.execute(update(WORK).where(WORK.c.state == READY).values(state=WorkState.DONE, handled_at=now))
    await connection.execute(update(REACH).where(REACH.c.holder.is_not(None)).values(holder=None, lease_until=None))


def _inside(name: str) -> PurePosixPath:
    """Return a file's place below the home. Raises StorageError for one that leads out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise StorageError(f"the backup names a file {name!r} outside of the home; it is not one of ours")
    return path
