"""Somebody has left: no rights, no session, no key of theirs from this moment; their customers wait for another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.hand_overs import LEAVER, WITHIN
from storage.tables import API_KEY, CONSOLE_SESSION, CUSTOMER_OWNER, LEAVE_NOTICE, STAFF, TASK
from storage.tables.tasks import UNDONE

#: Who brings in whom a list of members may take out again.
WECOM: Final = "wecom"


@value
class LeftStaff:
    """Somebody who has left, and how far their customers are handed over."""

    id: int
    userid: str
    name: str
    left_at: datetime
    due_at: datetime
    #: Customers who are still theirs.
    customers: int
    #: Hand-over tasks that are not done, and of these the ones after their time.
    undone: int
    overdue: int
    #: Customers with a new agent who could not be told yet.
    untold: int


class Leaving:
    """Notes leavings and lists them. Each method raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def told(self, realm: str, userid: str, *, at: datetime, now: datetime) -> int | None:
        """Note that a member whom WeCom brought in has left, as the platform said at `at`; None when nothing changed.

        Who was listed after that has come back.
        """
        gone = select(STAFF.c.id).where(
            STAFF.c.realm == realm,
            STAFF.c.userid == userid.lower(),
            STAFF.c.source == WECOM,
            STAFF.c.active,
            or_(STAFF.c.seen_at.is_(None), STAFF.c.seen_at <= at),
        )
        # The log is read often and nobody leaves: look before anything is written.
        async with self._database.read() as connection:
            if (await connection.execute(gone)).first() is None:
                return None

        async def apply(connection: Connection) -> int | None:
            found = (await connection.execute(gone)).scalar()
            if found is not None:
                await leave(connection, [found], now=now)
            return None if found is None else int(found)

        return await self._database.write(apply)

    async def left(self, *, now: datetime, limit: int = 200) -> list[LeftStaff]:
        """Return who has left and has customers to hand over or to tell, the longest ago first."""
        theirs = select(func.count()).select_from(CUSTOMER_OWNER).where(CUSTOMER_OWNER.c.staff_id == STAFF.c.id)
        tasks = (
            select(func.count())
            .select_from(TASK.join(CUSTOMER_OWNER, CUSTOMER_OWNER.c.customer_id == TASK.c.customer_id))
            .where(TASK.c.cause == LEAVER, TASK.c.state.in_(UNDONE), CUSTOMER_OWNER.c.staff_id == STAFF.c.id)
        )
        untold = select(func.count()).where(LEAVE_NOTICE.c.staff_id == STAFF.c.id, LEAVE_NOTICE.c.state == "waiting")
        query = (
            select(
                STAFF.c.id,
                STAFF.c.userid,
                STAFF.c.name,
                STAFF.c.left_at,
                theirs.scalar_subquery().label("customers"),
                tasks.scalar_subquery().label("undone"),
                tasks.where(TASK.c.due_at <= now).scalar_subquery().label("overdue"),
                untold.scalar_subquery().label("untold"),
            )
            .where(STAFF.c.active.is_(False), STAFF.c.left_at.is_not(None))
            .order_by(STAFF.c.left_at, STAFF.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [_left(row) for row in rows if row.customers or row.untold][:limit]


async def leave(connection: Connection, staff_ids: Sequence[int], *, now: datetime) -> None:
    """Take rights, sessions and keys from these members of staff, in the caller's transaction."""
    gone = update(STAFF).where(STAFF.c.id.in_(staff_ids), STAFF.c.active)
    await connection.execute(gone.values(active=False, left_at=now))
    sessions = update(CONSOLE_SESSION).where(
        CONSOLE_SESSION.c.staff_id.in_(staff_ids), CONSOLE_SESSION.c.ended_at.is_(None)
    )
    await connection.execute(sessions.values(ended_at=now))
    keys = update(API_KEY).where(API_KEY.c.created_by.in_(staff_ids), API_KEY.c.ended_at.is_(None))
    await connection.execute(keys.values(ended_at=now))


def _left(row: Any) -> LeftStaff:
    return LeftStaff(**row._mapping, due_at=row.left_at + WITHIN)
