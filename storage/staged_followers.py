"""What a platform says of an account's followers and tags, staged page by page until all of it is there.

A million followers are never in memory: each step writes one page and moves the run behind it in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, func, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.sync_runs import SyncRow, move, reread
from storage.tables import FOLLOWER, IDENTITY, STAGED_FOLLOWER, STAGED_TAG, STAGED_TAGGED

#: Rows that one statement writes.
_ROWS: Final = 500
#: Rows that one transaction writes, so that nobody who records a message waits long for it.
_PIECE: Final = 2_000


@value
class StagedPerson:
    """What the platform said of one follower when it was asked."""

    external_id: str
    follows: bool
    union_id: str | None = None
    since: datetime | None = None
    scene: str = ""
    code: str = ""


@value
class TagName:
    """One tag of an account."""

    tag_id: int
    name: str


class StagedFollowers:
    """Stages pages of one run. Each method returns the run as it stands then; raises StorageError, LostRun."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, run: SyncRow, external_ids: Sequence[str], *, cursor: str, total: int, until: datetime
    ) -> SyncRow:
        """Stage a page of the list; `cursor` is the place of the next one, "" after the last."""
        # The pieces before the last may be written twice: a row is staged once.
        await self._in_pieces(STAGED_FOLLOWER, [_blank(run, external_id) for external_id in external_ids])
        stage = "list" if cursor else "ask"

        async def apply(connection: Connection) -> SyncRow:
            await move(connection, run, until=until, stage=stage, position=cursor, total=total)
            return await reread(connection, run)

        return await self._database.write(apply)

    async def count(self, run: SyncRow) -> int:
        """Return how many followers are staged."""
        query = select(func.count()).select_from(STAGED_FOLLOWER).where(STAGED_FOLLOWER.c.run_id == run.id)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar() or 0)

    async def unasked(self, run: SyncRow, *, realm: str, limit: int) -> list[str]:
        """Return followers behind the run's position of whom nothing is known but the id."""
        query = (
            _with_known(run, realm)
            .with_only_columns(STAGED_FOLLOWER.c.external_id)
            .where(
                STAGED_FOLLOWER.c.external_id > run.position,
                STAGED_FOLLOWER.c.is_asked.is_(False),
                FOLLOWER.c.identity_id.is_(None),
            )
            .order_by(STAGED_FOLLOWER.c.external_id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def asked(self, run: SyncRow, people: Sequence[StagedPerson], *, last: str, until: datetime) -> SyncRow:
        """Keep what the platform said; `last` is the last of those it was asked about."""
        answers = [
            {
                "who": person.external_id,
                "said_follows": person.follows,
                "said_union": person.union_id,
                "said_since": person.since,
                "said_scene": person.scene,
                "said_code": person.code,
            }
            for person in people
        ]
        statement = (
            update(STAGED_FOLLOWER)
            .where(STAGED_FOLLOWER.c.run_id == run.id, STAGED_FOLLOWER.c.external_id == bindparam("who"))
            .values(
                is_asked=True,
                follows=bindparam("said_follows"),
                union_id=bindparam("said_union"),
                since=bindparam("said_since", type_=STAGED_FOLLOWER.c.since.type),
                scene=bindparam("said_scene"),
                code=bindparam("said_code"),
            )
        )

        async def apply(connection: Connection) -> SyncRow:
            if answers:
                await connection.execute(statement, answers)
            await move(connection, run, until=until, stage="ask", position=last)
            return await reread(connection, run)

        return await self._database.write(apply)

    async def tags(self, run: SyncRow, tags: Sequence[TagName], *, until: datetime) -> SyncRow:
        """Stage the account's tags."""
        rows = [{"run_id": run.id, "tag_id": tag.tag_id, "name": tag.name, "is_read": False} for tag in tags]

        async def apply(connection: Connection) -> SyncRow:
            if rows:
                await connection.execute(upsert(connection.dialect)(STAGED_TAG).on_conflict_do_nothing(), rows)
            await move(connection, run, until=until, stage="tagged")
            return await reread(connection, run)

        return await self._database.write(apply)

    async def unread_tag(self, run: SyncRow) -> int | None:
        """Return a tag whose bearers are not all staged; None when there is none."""
        query = select(STAGED_TAG.c.tag_id).where(STAGED_TAG.c.run_id == run.id, STAGED_TAG.c.is_read.is_(False))
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(STAGED_TAG.c.tag_id).limit(1))).scalar()
        return None if found is None else int(found)

    async def tagged(
        self, run: SyncRow, tag_id: int, external_ids: Sequence[str], *, cursor: str, until: datetime
    ) -> SyncRow:
        """Stage a page of who bears a tag; `cursor` as with the list."""
        rows = [{"run_id": run.id, "tag_id": tag_id, "external_id": who} for who in external_ids]
        await self._in_pieces(STAGED_TAGGED, rows)

        async def apply(connection: Connection) -> SyncRow:
            if not cursor:
                done = update(STAGED_TAG).where(STAGED_TAG.c.run_id == run.id, STAGED_TAG.c.tag_id == tag_id)
                await connection.execute(done.values(is_read=True))
            await move(connection, run, until=until, stage="tagged", position=cursor)
            return await reread(connection, run)

        return await self._database.write(apply)

    async def turn(self, run: SyncRow, stage: str, *, until: datetime, position: str = "") -> SyncRow:
        """Go on to another stage, or to another place."""

        async def apply(connection: Connection) -> SyncRow:
            await move(connection, run, until=until, stage=stage, position=position)
            return await reread(connection, run)

        return await self._database.write(apply)

    async def _in_pieces(self, table: Any, rows: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(rows), _PIECE):
            piece = rows[start : start + _PIECE]

            async def apply(connection: Connection, piece: Sequence[dict[str, Any]] = piece) -> None:
                statement = upsert(connection.dialect)(table).on_conflict_do_nothing()
                for first in range(0, len(piece), _ROWS):
                    await connection.execute(statement, list(piece[first : first + _ROWS]))

            await self._database.write(apply)


def _with_known(run: SyncRow, realm: str) -> Select[Any]:
    """Return staged followers with the identity and what was known of them, where there is any."""
    known = and_(IDENTITY.c.realm == realm, IDENTITY.c.external_id == STAGED_FOLLOWER.c.external_id)
    told = and_(FOLLOWER.c.account_id == run.account_id, FOLLOWER.c.identity_id == IDENTITY.c.id)
    return (
        select(STAGED_FOLLOWER)
        .select_from(STAGED_FOLLOWER.outerjoin(IDENTITY, known).outerjoin(FOLLOWER, told))
        .where(STAGED_FOLLOWER.c.run_id == run.id)
    )


def _blank(run: SyncRow, external_id: str) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "external_id": external_id,
        "is_asked": False,
        "follows": True,
        "scene": "",
        "code": "",
    }
