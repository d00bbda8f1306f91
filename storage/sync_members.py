"""What a list of departments and members changes: written as it was decided, a few members a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.leaving import WECOM, leave
from storage.organisation import write_staff
from storage.people import upsert
from storage.records import StaffRow
from storage.sync_runs import Difference, SyncRow, keep_differences, move, reread
from storage.tables import DEPARTMENT, STAFF, TEAM

#: Members of one transaction.
_PIECE: Final = 200
_NAMES: Final = 500


@value
class KnownMember:
    """A member of staff as they stand here."""

    id: int
    userid: str
    name: str
    role: str
    branch: str
    #: "" when they belong to none.
    team: str
    source: str
    active: bool


@value
class KnownDepartment:
    """A department as it was last listed."""

    id: int
    name: str
    parent_id: int


@value
class MemberChange:
    """What is to be written, as it was decided from a whole list."""

    realm: str
    departments: tuple[KnownDepartment, ...]
    #: Who is new, back, or elsewhere now.
    joining: tuple[StaffRow, ...]
    #: Ids of staff who have left.
    leaving: tuple[int, ...]
    #: Userids that were listed, in lower case.
    listed: tuple[str, ...]
    differences: tuple[Difference, ...]
    counts: dict[str, int]


class SyncMembers:
    """Reads what is known and writes what was decided. Each method raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def staff(self, realm: str) -> list[KnownMember]:
        """Return everybody of a realm who works here or did."""
        columns = ("id", "userid", "name", "role", "branch", "source", "active")
        query = (
            select(*[STAFF.c[name] for name in columns], TEAM.c.name.label("team"))
            .outerjoin(TEAM, TEAM.c.id == STAFF.c.team_id)
            .where(STAFF.c.realm == realm)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [KnownMember(**{**row._mapping, "team": row.team or ""}) for row in rows]

    async def departments(self, realm: str) -> list[KnownDepartment]:
        """Return the departments as they were last listed."""
        query = select(DEPARTMENT.c.department_id, DEPARTMENT.c.name, DEPARTMENT.c.parent_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.where(DEPARTMENT.c.realm == realm))).all()
        return [KnownDepartment(id=row.department_id, name=row.name, parent_id=row.parent_id) for row in rows]

    async def renew(self, run: SyncRow, *, until: datetime) -> None:
        """Keep the run while the platform is asked. Raises LostRun."""
        await self._database.write(lambda connection: move(connection, run, until=until, stage=run.stage))

    async def write(self, run: SyncRow, change: MemberChange, *, now: datetime, until: datetime) -> SyncRow:
        """Write a change, of a dry run only its report; return the run at its end. Raises LostRun.

        A kill in between leaves members written who would be written again: the next run finds only what is left.
        """
        if not run.is_dry_run:
            await self._database.write(lambda connection: _departments(connection, change))
            for start in range(0, len(change.joining), _PIECE):
                await self._write(_Joining(staff=change.joining[start : start + _PIECE]))
            for start in range(0, len(change.leaving), _PIECE):
                await self._write(_Leaving(staff_ids=change.leaving[start : start + _PIECE], now=now))
            for start in range(0, len(change.listed), _NAMES):
                await self._write(_Seen(realm=change.realm, userids=change.listed[start : start + _NAMES], now=now))

        async def report(connection: Connection) -> SyncRow:
            await keep_differences(connection, run, change.differences)
            await move(connection, run, until=until, stage="done", total=len(change.listed), counts=change.counts)
            return await reread(connection, run)

        return await self._database.write(report)

    async def _write(self, piece: Any) -> None:
        await self._database.write(piece)


@value
class _Joining:
    staff: tuple[StaffRow, ...]

    async def __call__(self, connection: Connection) -> None:
        await write_staff(connection, self.staff, source=WECOM)


@value
class _Leaving:
    staff_ids: tuple[int, ...]
    now: datetime

    async def __call__(self, connection: Connection) -> None:
        await leave(connection, self.staff_ids, now=self.now)


@value
class _Seen:
    realm: str
    userids: tuple[str, ...]
    now: datetime

    async def __call__(self, connection: Connection) -> None:
        seen = update(STAFF).where(STAFF.c.realm == self.realm, STAFF.c.userid.in_(self.userids))
        await connection.execute(seen.values(seen_at=self.now))


async def _departments(connection: Connection, change: MemberChange) -> None:
    """Write the departments as they are now listed."""
    kept = [department.id for department in change.departments]
    gone = delete(DEPARTMENT).where(DEPARTMENT.c.realm == change.realm, DEPARTMENT.c.department_id.not_in(kept))
    await connection.execute(gone)
    rows: Sequence[dict[str, Any]] = [
        {"realm": change.realm, "department_id": each.id, "name": each.name, "parent_id": each.parent_id}
        for each in change.departments
    ]
    if rows:
        statement = upsert(connection.dialect)(DEPARTMENT)
        said = {name: statement.excluded[name] for name in ("name", "parent_id")}
        changing = statement.on_conflict_do_update(index_elements=["realm", "department_id"], set_=said)
        await connection.execute(changing, rows)
