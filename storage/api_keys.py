"""Keys of other systems: what each permits and how far it sees. Only digests are kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from content.rights import Permission, Scope
from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.tables import API_KEY


@value
class KeyRow:
    """One key."""

    id: int
    name: str
    permissions: frozenset[Permission]
    scope: Scope
    branch_id: int | None
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


class ApiKeys:
    """Makes, finds and ends keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        digest: bytes,
        *,
        name: str,
        permissions: Iterable[Permission],
        scope: Scope,
        branch_id: int | None,
        created_by: int | None,
        now: datetime,
        expires_at: datetime | None,
    ) -> int:
        """Write a key and return its id. Raises StorageError for a scope that a key cannot have."""
        if scope not in (Scope.ALL, Scope.BRANCH) or (scope is Scope.BRANCH) != (branch_id is not None):
            raise StorageError("a key sees all, or one branch with those below it; it has no customers of its own")
        values = {
            "name": name,
            "digest": digest,
            "permissions": " ".join(sorted(permissions)),
            "scope": scope,
            "branch_id": branch_id,
            "created_at": now,
            "created_by": created_by,
            "expires_at": expires_at,
        }

        async def apply(connection: Connection) -> int:
            return int((await connection.execute(insert(API_KEY).values(**values).returning(API_KEY.c.id))).scalar())

        return await self._database.write(apply)

    async def find(self, digest: bytes, *, now: datetime) -> KeyRow | None:
        """Return the live key of that digest."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(API_KEY).where(API_KEY.c.digest == digest))).one_or_none()
        if row is None or row.ended_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return None
        return _key(row)

    async def all(self) -> list[KeyRow]:
        """Return every key, the newest first, ended ones too."""
        async with self._database.read() as connection:
            return [_key(row) for row in await connection.execute(select(API_KEY).order_by(API_KEY.c.id.desc()))]

    async def end(self, key_id: int, *, now: datetime) -> None:
        """End a key. Raises StorageError when no live key has the id."""

        async def apply(connection: Connection) -> int:
            ended = update(API_KEY).where(API_KEY.c.id == key_id, API_KEY.c.ended_at.is_(None)).values(ended_at=now)
            return int((await connection.execute(ended)).rowcount)

        if await self._database.write(apply) == 0:
            raise StorageError(f"there is no live key {key_id}")


def _key(row: Any) -> KeyRow:
    known = {str(permission) for permission in Permission}
    return KeyRow(
        id=row.id,
        name=row.name,
        permissions=frozenset(Permission(word) for word in row.permissions.split() if word in known),
        scope=Scope(row.scope),
        branch_id=row.branch_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )
