"""Who must be erased again after a restore: whom the list outside knows and the backup brought back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from storage.database import Database
from storage.erasure_file import ErasureFile, mark_of
from storage.lock_away import ERASED_REALM
from storage.tables import IDENTITY

#: Identities that are compared at once.
_CHUNK = 10_000


async def brought_back(database: Database, outside: ErasureFile) -> list[int]:
    """Return the customers who were erased after the backup, in order. Raises OSError, StorageError.

    Somebody who came back after an erasure is somebody new: only identities that were there before it count.
    """
    key = await outside.key()
    if key is None:
        return []
    erased: dict[str, datetime] = {}
    for line in await outside.read():
        for mark in line.marks:
            erased[mark] = max(line.at, erased.get(mark, line.at))
    found: set[int] = set()
    place = 0
    while True:
        columns = (
            IDENTITY.c.id,
            IDENTITY.c.realm,
            IDENTITY.c.external_id,
            IDENTITY.c.customer_id,
            IDENTITY.c.created_at,
        )
        query = select(*columns).where(IDENTITY.c.id > place).order_by(IDENTITY.c.id).limit(_CHUNK)
        async with database.read() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            return sorted(found)
        place = rows[-1].id
        for row in rows:
            at = None if row.realm == ERASED_REALM else erased.get(mark_of(key, row.realm, row.external_id))
            if at is not None and row.created_at < at:
                found.add(row.customer_id)
