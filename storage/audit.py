"""Who read and changed what: rows that are only added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.tables import AUDIT_ENTRY
from storage.viewer import Viewer

#: What can be asked of the audit in one page, at most.
_MOST = 200


@value
class Deed:
    """What was done: a verb, and what it was done to."""

    action: str
    subject: str
    subject_id: int | None = None
    detail: str = ""


class Audit:
    """Writes and reads the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, viewer: Viewer, deed: Deed, *, now: datetime) -> None:
        """Write that `viewer` did something; what is shown afterwards was noted before. Raises StorageError."""

        async def apply(connection: Connection) -> None:
            await note_deed(connection, viewer, deed, now=now)

        await self._database.write(apply)

    async def entries(
        self, *, before: int | None = None, limit: int = 50, subject: str | None = None, subject_id: int | None = None
    ) -> list[dict[str, Any]]:
        """Return entries, the newest first, of one subject when it is given; `before`: below that id."""
        query = select(AUDIT_ENTRY).order_by(AUDIT_ENTRY.c.id.desc()).limit(min(limit, _MOST))
        if before is not None:
            query = query.where(AUDIT_ENTRY.c.id < before)
        if subject is not None:
            query = query.where(AUDIT_ENTRY.c.subject == subject)
        if subject_id is not None:
            query = query.where(AUDIT_ENTRY.c.subject_id == subject_id)
        async with self._database.read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]


async def note_deed(connection: Connection, viewer: Viewer, deed: Deed, *, now: datetime) -> None:
    """Write the row in the transaction that does the deed."""
    await connection.execute(insert(AUDIT_ENTRY).values(**_row(viewer, deed, now=now)))


def _row(viewer: Viewer, deed: Deed, *, now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "staff_id": viewer.staff_id,
        "api_key_id": viewer.api_key_id,
        "viewer": viewer.name,
        "role": viewer.role,
        "action": deed.action,
        "subject": deed.subject,
        "subject_id": deed.subject_id,
        "detail": deed.detail,
    }
