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
#: A viewer's newest rows among which an equal one is looked for.
_LATELY = 500


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

    async def note_unless_recent(self, viewer: Viewer, deed: Deed, *, since: datetime, now: datetime) -> None:
        """Write it, unless the same viewer did the same after `since`: a page that renews itself is one look."""
        mine = (AUDIT_ENTRY.c.staff_id == viewer.staff_id, AUDIT_ENTRY.c.api_key_id == viewer.api_key_id)
        lately = select(AUDIT_ENTRY).where(*mine).order_by(AUDIT_ENTRY.c.id.desc()).limit(_LATELY).subquery()
        same = (
            lately.c.action == deed.action,
            lately.c.subject == deed.subject,
            lately.c.subject_id == deed.subject_id,
            lately.c.detail == deed.detail,
            lately.c.at > since,
        )
        async with self._database.read() as connection:
            is_known = (await connection.execute(select(lately.c.id).where(*same).limit(1))).first() is not None
        if not is_known:
            await self.note(viewer, deed, now=now)

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
