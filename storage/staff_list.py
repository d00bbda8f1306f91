"""The staff as those see them who may read the organisation: a page of the list, and who a userid names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from content.value import value
from storage.database import Database
from storage.tables import STAFF, TEAM
from storage.viewer import Viewer


@value
class StaffCard:
    """One active member of staff."""

    id: int
    realm: str
    userid: str
    name: str
    role: str
    #: None: as the role usually does.
    scope: str | None
    #: None when they belong to none.
    branch: str | None
    team: str | None


class StaffList:
    """Reads active staff within a viewer's scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, *, viewer: Viewer, limit: int, after: int | None = None) -> list[StaffCard]:
        """Return staff in the order of their ids; `after`: above that id. Raises StorageError."""
        query = _staff(viewer).order_by(STAFF.c.id).limit(limit)
        if after is not None:
            query = query.where(STAFF.c.id > after)
        return await self._cards(query)

    async def named(self, userid: str, *, viewer: Viewer, realm: str | None = None) -> list[StaffCard]:
        """Return who has a userid, in any case of letters: several only when `realm` is None. Raises StorageError."""
        query = _staff(viewer).where(STAFF.c.userid == userid.lower())
        return await self._cards(query if realm is None else query.where(STAFF.c.realm == realm))

    async def _cards(self, query: Any) -> list[StaffCard]:
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            StaffCard(
                id=row.id,
                realm=row.realm,
                userid=row.userid,
                name=row.name,
                role=row.role,
                scope=row.scope,
                branch=row.branch or None,
                team=row.team,
            )
            for row in rows
        ]


def _staff(viewer: Viewer) -> Any:
    """Return the query of active staff whom `viewer` may see."""
    columns = (STAFF.c.id, STAFF.c.realm, STAFF.c.userid, STAFF.c.name, STAFF.c.role, STAFF.c.scope, STAFF.c.branch)
    return (
        select(*columns, TEAM.c.name.label("team"))
        .outerjoin(TEAM, TEAM.c.id == STAFF.c.team_id)
        .where(STAFF.c.active, viewer.reaches(STAFF.c.id, team=STAFF.c.team_id, branch=STAFF.c.branch_id))
    )
