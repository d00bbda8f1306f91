"""Who is on duty: times of staff, begun and ended by their own word, by the clock, or because they left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import DUTY, HANDOVER, STAFF
from storage.tables.handover import OPEN_HANDOVER, HandoverState
from storage.viewer import Viewer


@value
class OnDuty:
    """One member of staff who is on duty, and how many customers they serve now."""

    staff_id: int
    realm: str
    userid: str
    name: str
    role: str
    team_id: int | None
    branch_id: int | None
    since: datetime
    #: Handovers that are theirs: offered and running.
    busy: int


class Duties:
    """Begins and ends times on duty, each with a row of the audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, staff_id: int, *, viewer: Viewer, now: datetime) -> bool:
        """Put an active member of staff on duty; False when they are already."""

        async def apply(connection: Connection) -> bool:
            statement = upsert(connection.dialect)(DUTY).values(staff_id=staff_id, since=now)
            begun = await connection.execute(statement.on_conflict_do_nothing().returning(DUTY.c.id))
            if begun.first() is None:
                return False
            await note_deed(connection, viewer, _deed("duty_began", staff_id), now=now)
            return True

        return await self._database.write(apply)

    async def end(self, staff_id: int, *, viewer: Viewer, now: datetime) -> bool:
        """Take somebody off duty by their word; False when they are not on it."""

        async def apply(connection: Connection) -> bool:
            ended = await connection.execute(
                update(DUTY)
                .where(DUTY.c.staff_id == staff_id, DUTY.c.ended_at.is_(None))
                .values(ended_at=now, ended_by="staff")
            )
            if ended.rowcount != 1:
                return False
            await note_deed(connection, viewer, _deed("duty_ended", staff_id), now=now)
            return True

        return await self._database.write(apply)

    async def end_by_clock(self, *, now: datetime) -> int:
        """End the duty of everybody who serves nobody now; return how many. For when the hours are over."""
        idle = ~exists().where(HANDOVER.c.staff_id == DUTY.c.staff_id, HANDOVER.c.state.in_(_THEIRS))
        return await self._end(idle, by="clock", now=now)

    async def end_of_leavers(self, *, now: datetime) -> int:
        """End the duty of who does not work here any more; return how many."""
        gone = ~exists().where(STAFF.c.id == DUTY.c.staff_id, STAFF.c.active)
        return await self._end(gone, by="left", now=now)

    async def roster(self) -> list[OnDuty]:
        """Return who is on duty, who serves fewest at the front."""
        async with self._database.read() as connection:
            return await read_roster(connection)

    async def _end(self, whose: Any, *, by: str, now: datetime) -> int:
        open_ = DUTY.c.ended_at.is_(None)
        async with self._database.read() as connection:
            if (await connection.execute(select(DUTY.c.id).where(open_, whose).limit(1))).first() is None:
                return 0

        async def apply(connection: Connection) -> int:
            ended = await connection.execute(update(DUTY).where(open_, whose).values(ended_at=now, ended_by=by))
            return int(ended.rowcount)

        return await self._database.write(apply)


_THEIRS: Sequence[str] = (HandoverState.OFFERED, HandoverState.RUNNING)


async def read_roster(connection: Connection) -> list[OnDuty]:
    """Return active staff on duty with what they serve, who serves fewest at the front, then who came first."""
    busy = (
        select(func.count())
        .select_from(HANDOVER)
        .where(HANDOVER.c.staff_id == STAFF.c.id, HANDOVER.c.state.in_(OPEN_HANDOVER), HANDOVER.c.state.in_(_THEIRS))
        .scalar_subquery()
    )
    query = (
        select(STAFF, DUTY.c.since, busy.label("busy"))
        .join(DUTY, DUTY.c.staff_id == STAFF.c.id)
        .where(STAFF.c.active, DUTY.c.ended_at.is_(None))
        .order_by(busy, DUTY.c.since, STAFF.c.id)
    )
    return [
        OnDuty(
            staff_id=row.id,
            realm=row.realm,
            userid=row.userid,
            name=row.name,
            role=row.role,
            team_id=row.team_id,
            branch_id=row.branch_id,
            since=row.since,
            busy=row.busy,
        )
        for row in await connection.execute(query)
    ]


async def hold_duty(connection: Connection, staff_id: int) -> Any | None:
    """Return who is active and on duty, and keep them on it until the transaction ends; None when they are not."""
    query = (
        select(STAFF)
        .join(DUTY, DUTY.c.staff_id == STAFF.c.id)
        .where(STAFF.c.id == staff_id, STAFF.c.active, DUTY.c.ended_at.is_(None))
        .with_for_update()
    )
    return (await connection.execute(query)).one_or_none()


def _deed(action: str, staff_id: int) -> Deed:
    return Deed(action=action, subject="staff", subject_id=staff_id)
