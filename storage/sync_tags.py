"""What the staged tags of an account change: names, who bears one now, who no longer does. Piece by piece."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import and_, delete, exists, select, tuple_

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.sync_runs import Difference, SyncRow, keep_differences, move, reread
from storage.tables import IDENTITY, IDENTITY_TAG, STAGED_TAG, STAGED_TAGGED, TAG

#: Rows of one piece.
_PIECE: Final = 1_000


@value
class _Place:
    """How far through (tag, somebody) a stage is."""

    tag_id: int
    rest: str

    @classmethod
    def of(cls, position: str) -> _Place:
        tag_id, _, rest = position.partition(":")
        return cls(tag_id=int(tag_id or -1), rest=rest)

    def __str__(self) -> str:
        return f"{self.tag_id}:{self.rest}"


class SyncTags:
    """Attaches and detaches. Each method raises StorageError, LostRun."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def attach(self, run: SyncRow, *, realm: str, until: Any) -> SyncRow:
        """Take the next piece of those who bear a tag; the first one also brings the names."""
        place = _Place.of(run.position)
        known = and_(IDENTITY.c.realm == realm, IDENTITY.c.external_id == STAGED_TAGGED.c.external_id)
        borne = and_(
            IDENTITY_TAG.c.account_id == run.account_id,
            IDENTITY_TAG.c.tag_id == STAGED_TAGGED.c.tag_id,
            IDENTITY_TAG.c.identity_id == IDENTITY.c.id,
        )
        query = (
            select(
                STAGED_TAGGED.c.tag_id,
                STAGED_TAGGED.c.external_id,
                IDENTITY.c.id.label("identity_id"),
                IDENTITY_TAG.c.identity_id.label("bears"),
            )
            .select_from(STAGED_TAGGED.outerjoin(IDENTITY, known).outerjoin(IDENTITY_TAG, borne))
            .where(
                STAGED_TAGGED.c.run_id == run.id,
                tuple_(STAGED_TAGGED.c.tag_id, STAGED_TAGGED.c.external_id) > tuple_(place.tag_id, place.rest),
            )
            .order_by(STAGED_TAGGED.c.tag_id, STAGED_TAGGED.c.external_id)
            .limit(_PIECE)
        )

        async def apply(connection: Connection) -> SyncRow:
            if not run.position:
                await self._names(connection, run)
            rows = (await connection.execute(query)).all()
            # In a dry run who is new here has no identity yet, and would get the tag all the same.
            fresh = [row for row in rows if row.bears is None and (row.identity_id is not None or run.is_dry_run)]
            if not run.is_dry_run and fresh:
                values = [
                    {"account_id": run.account_id, "tag_id": row.tag_id, "identity_id": row.identity_id}
                    for row in fresh
                ]
                await connection.execute(upsert(connection.dialect)(IDENTITY_TAG).on_conflict_do_nothing(), values)
            if not rows:
                await move(connection, run, until=until, stage="detach")
            else:
                last = _Place(tag_id=rows[-1].tag_id, rest=rows[-1].external_id)
                counts = {"tagged": len(fresh)}
                await move(connection, run, until=until, stage="attach", position=str(last), counts=counts)
            return await reread(connection, run)

        return await self._database.write(apply)

    async def detach(self, run: SyncRow, *, realm: str, until: Any) -> SyncRow:
        """Take the next piece of those who no longer bear a tag; behind the last one the run is at its end."""
        place = _Place.of(run.position)
        still = exists().where(
            STAGED_TAGGED.c.run_id == run.id,
            STAGED_TAGGED.c.tag_id == IDENTITY_TAG.c.tag_id,
            STAGED_TAGGED.c.external_id == IDENTITY.c.external_id,
        )
        query = (
            select(IDENTITY_TAG.c.tag_id, IDENTITY_TAG.c.identity_id, still.label("still"))
            .join(IDENTITY, and_(IDENTITY.c.id == IDENTITY_TAG.c.identity_id, IDENTITY.c.realm == realm))
            .where(
                IDENTITY_TAG.c.account_id == run.account_id,
                tuple_(IDENTITY_TAG.c.tag_id, IDENTITY_TAG.c.identity_id) > tuple_(place.tag_id, int(place.rest or 0)),
            )
            .order_by(IDENTITY_TAG.c.tag_id, IDENTITY_TAG.c.identity_id)
            .limit(_PIECE)
        )

        async def apply(connection: Connection) -> SyncRow:
            rows = (await connection.execute(query)).all()
            lost = [(row.tag_id, row.identity_id) for row in rows if not row.still]
            if not run.is_dry_run and lost:
                gone = delete(IDENTITY_TAG).where(
                    IDENTITY_TAG.c.account_id == run.account_id,
                    tuple_(IDENTITY_TAG.c.tag_id, IDENTITY_TAG.c.identity_id).in_(lost),
                )
                await connection.execute(gone)
            if not rows:
                await move(connection, run, until=until, stage="done")
            else:
                last = _Place(tag_id=rows[-1].tag_id, rest=str(rows[-1].identity_id))
                counts = {"untagged": len(lost)}
                await move(connection, run, until=until, stage="detach", position=str(last), counts=counts)
            return await reread(connection, run)

        return await self._database.write(apply)

    async def _names(self, connection: Connection, run: SyncRow) -> None:
        """Bring the names in; tags that are gone lose their name, and their bearers in `detach`."""
        now = select(STAGED_TAG.c.tag_id, STAGED_TAG.c.name).where(STAGED_TAG.c.run_id == run.id)
        before = select(TAG.c.tag_id, TAG.c.name).where(TAG.c.account_id == run.account_id)
        staged = {row.tag_id: row.name for row in await connection.execute(now)}
        known = {row.tag_id: row.name for row in await connection.execute(before)}
        found = [
            *[_named("new", tag, name) for tag, name in staged.items() if tag not in known],
            *[_named("changed", tag, name) for tag, name in staged.items() if known.get(tag, name) != name],
            *[_named("gone", tag, name) for tag, name in known.items() if tag not in staged],
        ]
        await keep_differences(connection, run, found)
        if run.is_dry_run:
            return
        await connection.execute(delete(TAG).where(TAG.c.account_id == run.account_id))
        if staged:
            rows = [{"account_id": run.account_id, "tag_id": tag, "name": name} for tag, name in staged.items()]
            await connection.execute(upsert(connection.dialect)(TAG), rows)


def _named(kind: str, tag_id: int, name: str) -> Difference:
    return Difference(kind=kind, subject="tag", subject_id=tag_id, detail=name)
