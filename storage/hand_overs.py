"""Customers of who has left: a task each for the supervisor, until they have an owner again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, exists, func, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.leave_notices import note_handed_over
from storage.people import upsert
from storage.tables import CUSTOMER, CUSTOMER_OWNER, STAFF, TASK
from storage.tables.tasks import UNDONE, TaskState
from storage.task_rounds import supervisor_of

#: The cause of these tasks.
LEAVER: Final = "leaver"
#: Measures for the Administration of Insurance Sales Conduct, article 36: within thirty days after an agent has left.
WITHIN: Final = timedelta(days=30)
#: Customers that one round takes of one leaver.
_ROUND: Final = 1_000
#: A task of this leaving, of the customer of the owner's row.
_OF_THIS_LEAVING: Final = and_(
    TASK.c.cause == LEAVER, TASK.c.customer_id == CUSTOMER_OWNER.c.customer_id, TASK.c.created_at >= STAFF.c.left_at
)
#: Customers of who has left, for whom nothing was opened.
_WAITING: Final = (
    select(CUSTOMER_OWNER.c.customer_id)
    .join(STAFF, STAFF.c.id == CUSTOMER_OWNER.c.staff_id)
    .join(CUSTOMER, and_(CUSTOMER.c.id == CUSTOMER_OWNER.c.customer_id, CUSTOMER.c.merged_into.is_(None)))
    .where(STAFF.c.active.is_(False), or_(STAFF.c.left_at.is_(None), ~exists().where(_OF_THIS_LEAVING)))
)
_MERGED: Final = select(CUSTOMER.c.id).where(CUSTOMER.c.merged_into.is_not(None))
#: Tasks of customers who have an active owner again, or were merged into another.
_SETTLED: Final = and_(
    TASK.c.cause == LEAVER,
    TASK.c.state.in_(UNDONE),
    or_(
        TASK.c.customer_id.in_(
            select(CUSTOMER_OWNER.c.customer_id)
            .join(STAFF, STAFF.c.id == CUSTOMER_OWNER.c.staff_id)
            .where(STAFF.c.active, CUSTOMER_OWNER.c.customer_id == TASK.c.customer_id)
            .correlate(TASK)
        ),
        TASK.c.customer_id.in_(_MERGED.where(CUSTOMER.c.id == TASK.c.customer_id).correlate(TASK)),
    ),
)


@value
class Leaver:
    """Somebody who has left, and who is to see to their customers."""

    id: int
    name: str
    left_at: datetime
    customers: int
    #: None when nobody leads their team or branch.
    supervisor_id: int | None
    realm: str | None
    userid: str | None


class HandOvers:
    """Opens and ends these tasks; every step may be done twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, *, title: str, now: datetime) -> list[Leaver]:
        """Open tasks for customers whose owner is not active any more; return whose these are.

        Due thirty days after they were first seen to have left. A customer whose task was ended without a new owner
        gets no second one for the same leaving.
        """

        if not await self._is_there(_WAITING):
            return []

        async def apply(connection: Connection) -> list[Leaver]:
            gone = and_(STAFF.c.active.is_(False), exists().where(CUSTOMER_OWNER.c.staff_id == STAFF.c.id))
            await connection.execute(update(STAFF).where(gone, STAFF.c.left_at.is_(None)).values(left_at=now))
            found: list[Leaver] = []
            for row in (await connection.execute(select(STAFF).where(gone).order_by(STAFF.c.id))).all():
                supervisor = await supervisor_of(
                    connection, owner_id=row.id, team_id=row.team_id, branch_id=row.branch_id
                )
                if await _open_for(connection, row, supervisor, title=title, now=now):
                    found.append(await _leaver(connection, row, supervisor))
            return found

        return await self._database.write(apply)

    async def close(self, *, disposition: str, now: datetime) -> int:
        """End the tasks of customers who have an active owner again, and note that these are to be told of it.

        Returns how many tasks ended.
        """

        if not await self._is_there(select(TASK.c.id).where(_SETTLED)):
            return 0

        async def apply(connection: Connection) -> int:
            await note_handed_over(connection, _SETTLED, now=now)
            done = {"state": TaskState.DONE, "done_at": now, "disposition": disposition}
            return int((await connection.execute(update(TASK).where(_SETTLED).values(**done))).rowcount)

        return await self._database.write(apply)

    async def _is_there(self, query: Any) -> bool:
        """Look before anything is written: a round mostly has nothing to do, and must not hold up who has."""
        async with self._database.read() as connection:
            return (await connection.execute(query.limit(1))).first() is not None


async def _open_for(connection: Connection, staff: Any, supervisor: Any | None, *, title: str, now: datetime) -> int:
    """Open a round's worth of tasks for one leaver; return how many."""
    waiting = _WAITING.where(STAFF.c.id == staff.id).order_by(CUSTOMER_OWNER.c.customer_id).limit(_ROUND)
    customers = list((await connection.execute(waiting)).scalars())
    if not customers:
        return 0
    common = {
        "cause": LEAVER,
        "title": title,
        "state": TaskState.OPEN if supervisor is None else TaskState.ASSIGNED,
        "owner_id": None if supervisor is None else supervisor.id,
        "team_id": staff.team_id,
        "branch_id": staff.branch_id,
        "created_at": now,
        "left_id": staff.id,
        "due_at": staff.left_at + WITHIN,
        # The supervisor is told once of all of them, not with every customer.
        "assigned_at": now,
        "told_at": now,
    }
    rows = [{**common, "customer_id": customer_id} for customer_id in customers]
    await connection.execute(upsert(connection.dialect)(TASK).on_conflict_do_nothing(), rows)
    return len(customers)


async def _leaver(connection: Connection, staff: Any, supervisor: Any | None) -> Leaver:
    count = select(func.count()).select_from(CUSTOMER_OWNER).where(CUSTOMER_OWNER.c.staff_id == staff.id)
    return Leaver(
        id=staff.id,
        name=staff.name,
        left_at=staff.left_at,
        customers=int((await connection.execute(count)).scalar() or 0),
        supervisor_id=None if supervisor is None else supervisor.id,
        realm=None if supervisor is None else supervisor.realm,
        userid=None if supervisor is None else supervisor.userid,
    )
