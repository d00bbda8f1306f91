"""What comes due by itself: tasks that go on to a supervisor, and owners who have not been told yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, or_, select, update

from content.rights import Role
from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.tables import CUSTOMER_OWNER, STAFF, TASK
from storage.tables.tasks import SUPERVISED, UNDONE, TaskState

#: Whose customer a task is about, where it is never to come to them.
_SPARED = and_(CUSTOMER_OWNER.c.customer_id == TASK.c.customer_id, TASK.c.cause.in_(SUPERVISED))
#: Tasks that one round works off.
_ROUND = 200


@value
class Untold:
    """A task whose owner has not been told: what is said, and to whom."""

    id: int
    title: str
    customer_id: int
    due_at: datetime
    owner_id: int
    realm: str
    userid: str
    #: When it came to them: with the owner the key of what they are told.
    assigned_at: datetime | None
    #: Whose it was before it was escalated; None when it was not.
    escalated_from: str | None


class TaskRounds:
    """Escalates and tells; every step is a conditional update, so that doing it twice changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def escalate(self, *, now: datetime) -> int:
        """Give what was not done in time to the supervisor of the owner's team, else of the branch; return how many.

        Without a supervisor it stays with its owner, and is escalated all the same: it is seen where overdue tasks are.
        """

        due = (
            select(
                TASK.c.id, TASK.c.owner_id, TASK.c.team_id, TASK.c.branch_id, CUSTOMER_OWNER.c.staff_id.label("spared")
            )
            .outerjoin(CUSTOMER_OWNER, _SPARED)
            .where(TASK.c.state == TaskState.ASSIGNED, TASK.c.state.in_(UNDONE), TASK.c.due_at <= now)
            .order_by(TASK.c.due_at)
            .limit(_ROUND)
        )
        # A round mostly has nothing to do, and must not hold up who has something to write.
        async with self._database.read() as connection:
            rows = (await connection.execute(due)).all()
        if not rows:
            return 0

        async def apply(connection: Connection) -> int:
            for row in rows:
                place = {"team_id": row.team_id, "branch_id": row.branch_id}
                supervisor = await supervisor_of(connection, owner_id=row.owner_id, spared=row.spared, **place)
                # Team and branch stay those of whom it came from: it is still a task of theirs.
                moved = {} if supervisor is None else {"owner_id": supervisor.id, "assigned_at": now, "told_at": None}
                await connection.execute(
                    update(TASK)
                    .where(TASK.c.id == row.id, TASK.c.state == TaskState.ASSIGNED)
                    .values(state=TaskState.ESCALATED, escalated_at=now, escalated_from=row.owner_id, **moved)
                )
            return len(rows)

        return await self._database.write(apply)

    async def reassign(self, *, now: datetime) -> int:
        """Give tasks on whose owner has left, and open ones whose customer has an owner now; return how many."""
        left = (
            select(
                TASK.c.id, TASK.c.owner_id, TASK.c.team_id, TASK.c.branch_id, CUSTOMER_OWNER.c.staff_id.label("spared")
            )
            .join(STAFF, STAFF.c.id == TASK.c.owner_id)
            .outerjoin(CUSTOMER_OWNER, _SPARED)
            .where(STAFF.c.active.is_(False), TASK.c.state.in_(UNDONE))
            .limit(_ROUND)
        )
        unowned = (
            select(TASK.c.id, STAFF.c.id.label("staff_id"), STAFF.c.team_id, STAFF.c.branch_id)
            .join(CUSTOMER_OWNER, CUSTOMER_OWNER.c.customer_id == TASK.c.customer_id)
            .join(STAFF, and_(STAFF.c.id == CUSTOMER_OWNER.c.staff_id, STAFF.c.active))
            .where(TASK.c.state == TaskState.OPEN, TASK.c.state.in_(UNDONE), TASK.c.cause.not_in(SUPERVISED))
            .limit(_ROUND)
        )
        async with self._database.read() as connection:
            orphans = (await connection.execute(left)).all()
            opened = (await connection.execute(unowned)).all()
            supervised = (await connection.execute(_open_supervised())).all()
        if not orphans and not opened and not supervised:
            return 0

        async def apply(connection: Connection) -> int:
            moved = 0
            for row in orphans:
                place = {"team_id": row.team_id, "branch_id": row.branch_id}
                supervisor = await supervisor_of(connection, owner_id=row.owner_id, spared=row.spared, **place)
                if supervisor is not None:
                    moved += await _move(connection, row.id, row.owner_id, staff_id=supervisor.id, place=place, now=now)
            for row in opened:
                place = {"team_id": row.team_id, "branch_id": row.branch_id}
                moved += await _move(connection, row.id, None, staff_id=row.staff_id, place=place, now=now)
            for row in supervised:
                near = {"team_id": row.team_id, "branch_id": row.branch_id}
                supervisor = await supervisor_of(connection, owner_id=row.staff_id, **near)
                if supervisor is not None:
                    place = {"team_id": supervisor.team_id, "branch_id": supervisor.branch_id}
                    moved += await _move(connection, row.id, None, staff_id=supervisor.id, place=place, now=now)
            return moved

        return await self._database.write(apply)

    async def untold(self) -> list[Untold]:
        """Return undone tasks whose owner has not been told, the oldest first."""
        before = STAFF.alias("before")
        query = (
            select(
                TASK.c.id,
                TASK.c.title,
                TASK.c.customer_id,
                TASK.c.due_at,
                TASK.c.owner_id,
                TASK.c.assigned_at,
                STAFF.c.realm,
                STAFF.c.userid,
                before.c.name.label("escalated_from"),
            )
            .join(STAFF, STAFF.c.id == TASK.c.owner_id)
            .outerjoin(before, and_(before.c.id == TASK.c.escalated_from, TASK.c.state == TaskState.ESCALATED))
            .where(
                TASK.c.state.in_((TaskState.ASSIGNED, TaskState.ESCALATED)), TASK.c.told_at.is_(None), STAFF.c.active
            )
            .order_by(TASK.c.id)
            .limit(_ROUND)
        )
        async with self._database.read() as connection:
            return [Untold(**row._mapping) for row in await connection.execute(query)]

    async def told(self, untold: Untold, *, now: datetime) -> None:
        """Note that the owner was told, if it is still theirs."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(TASK).where(TASK.c.id == untold.id, TASK.c.owner_id == untold.owner_id).values(told_at=now)
            )

        await self._database.write(apply)


def _open_supervised() -> Any:
    """Return the query of open tasks that are never the agent's own, where the agent has a supervisor by now."""
    above = STAFF.alias("above")
    near = or_(above.c.team_id == CUSTOMER_OWNER.c.team_id, above.c.branch_id == CUSTOMER_OWNER.c.branch_id)
    somebody = exists().where(
        above.c.role == Role.SUPERVISOR, above.c.active, above.c.id != CUSTOMER_OWNER.c.staff_id, near
    )
    columns = (TASK.c.id, CUSTOMER_OWNER.c.staff_id, CUSTOMER_OWNER.c.team_id, CUSTOMER_OWNER.c.branch_id)
    return (
        select(*columns)
        .join(CUSTOMER_OWNER, CUSTOMER_OWNER.c.customer_id == TASK.c.customer_id)
        .where(TASK.c.state == TaskState.OPEN, TASK.c.state.in_(UNDONE), TASK.c.cause.in_(SUPERVISED), somebody)
        .limit(_ROUND)
    )


async def _move(
    connection: Connection,
    task_id: int,
    owner_id: int | None,
    *,
    staff_id: int,
    place: dict[str, int | None],
    now: datetime,
) -> int:
    """Give one undone task that is still `owner_id`'s to somebody; an open one is assigned by that."""
    mine = TASK.c.owner_id.is_(None) if owner_id is None else TASK.c.owner_id == owner_id
    state = case((TASK.c.state == TaskState.OPEN, TaskState.ASSIGNED.value), else_=TASK.c.state)
    moved = update(TASK).where(TASK.c.id == task_id, mine, TASK.c.state.in_(UNDONE))
    values = {"owner_id": staff_id, "assigned_at": now, "told_at": None, "state": state, **place}
    return int((await connection.execute(moved.values(**values))).rowcount)


async def supervisor_of(
    connection: Connection,
    *,
    owner_id: int | None,
    team_id: int | None,
    branch_id: int | None,
    spared: int | None = None,
) -> Any | None:
    """Return an active supervisor of a team, else of a branch, with id, realm and userid.

    Never `owner_id` itself, nor `spared`: whose customer it is, where the cause may lie with them.
    """
    near = [column == place for column, place in ((STAFF.c.team_id, team_id), (STAFF.c.branch_id, branch_id)) if place]
    if not near:
        return None
    query = (
        select(STAFF.c.id, STAFF.c.realm, STAFF.c.userid, STAFF.c.team_id, STAFF.c.branch_id)
        .where(STAFF.c.role == Role.SUPERVISOR, STAFF.c.active, STAFF.c.id != owner_id, or_(*near))
        .where(*([] if spared is None else [STAFF.c.id != spared]))
        .order_by(case((near[0], 0), else_=1), STAFF.c.id)
        .limit(1)
    )
    return (await connection.execute(query)).one_or_none()
