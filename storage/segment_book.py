"""Segments that staff make: versions that are only added, the highest counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import SEGMENT_VERSION
from storage.viewer import Viewer


@value
class SegmentRow:
    """The version of a segment that counts."""

    name: str
    version: int
    title: str
    note: str
    #: JSON as it was written.
    rule: str
    created_at: datetime
    created_by: str


@value
class SegmentDraft:
    """A version to be; without a rule the segment is taken away."""

    name: str
    title: str
    note: str
    rule: str | None


class SegmentBook:
    """Writes and reads versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self) -> list[SegmentRow]:
        """Return every segment there is, in order of the names."""
        newest = (
            select(SEGMENT_VERSION.c.name, func.max(SEGMENT_VERSION.c.version).label("version"))
            .group_by(SEGMENT_VERSION.c.name)
            .subquery()
        )
        query = (
            select(SEGMENT_VERSION)
            .join(
                newest,
                (newest.c.name == SEGMENT_VERSION.c.name) & (newest.c.version == SEGMENT_VERSION.c.version),
            )
            .where(SEGMENT_VERSION.c.rule.is_not(None))
            .order_by(SEGMENT_VERSION.c.name)
        )
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def add(self, draft: SegmentDraft, *, after: int, viewer: Viewer, now: datetime) -> int | None:
        """Add the version behind `after` (0: a new segment); None when that is not the one that counts any more.

        Who was taken away is new again behind any number: its versions go on.
        """

        async def apply(connection: Connection) -> int | None:
            query = (
                select(SEGMENT_VERSION.c.version, SEGMENT_VERSION.c.rule)
                .where(SEGMENT_VERSION.c.name == draft.name)
                .order_by(SEGMENT_VERSION.c.version.desc())
                .limit(1)
            )
            last = (await connection.execute(query)).first()
            standing = 0 if last is None or last.rule is None else last.version
            if standing != after or (draft.rule is None and not standing):
                return None
            version = 1 + (0 if last is None else last.version)
            values = {
                "name": draft.name,
                "version": version,
                "title": draft.title,
                "note": draft.note,
                "rule": draft.rule,
                "created_at": now,
                "created_by": viewer.name,
                "staff_id": viewer.staff_id,
                "api_key_id": viewer.api_key_id,
            }
            # Two who save at once: the key lets one of them in.
            fresh = upsert(connection.dialect)(SEGMENT_VERSION).values(**values).on_conflict_do_nothing()
            made = (await connection.execute(fresh.returning(SEGMENT_VERSION.c.version))).first()
            if made is None:
                return None
            action = "removed" if draft.rule is None else "changed"
            deed = Deed(action=action, subject="segment", detail=f"{draft.name} {version}")
            await note_deed(connection, viewer, deed, now=now)
            return version

        return await self._database.write(apply)


def _row(row: Any) -> SegmentRow:
    return SegmentRow(
        name=row.name,
        version=row.version,
        title=row.title,
        note=row.note,
        rule=row.rule,
        created_at=row.created_at,
        created_by=row.created_by,
    )
