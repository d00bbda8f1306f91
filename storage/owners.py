"""Whose customer somebody is: by the agent whose code they scanned, or by somebody's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from content.rights import Scope
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.errors import OutOfScope
from storage.people import upsert
from storage.tables import CUSTOMER, CUSTOMER_OWNER, IDENTITY, STAFF, TASK
from storage.tables.tasks import SUPERVISED, UNDONE, TaskState
from storage.viewer import Viewer


class Owners:
    """Gives customers to members of staff."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def assign(self, customer_id: int, staff_id: int, *, viewer: Viewer, now: datetime, cause: str) -> None:
        """Give a customer of the viewer's scope to a member of staff of it, and note who did.

        Raises OutOfScope when either is not there, or lies outside of the scope.
        """

        async def apply(connection: Connection) -> None:
            seen = select(CUSTOMER.c.id).where(
                CUSTOMER.c.id == customer_id, CUSTOMER.c.merged_into.is_(None), viewer.sees_customer(CUSTOMER.c.id)
            )
            if (await connection.execute(seen)).first() is None:
                raise OutOfScope(f"there is no customer {customer_id} in your scope")
            member = (
                await connection.execute(select(STAFF).where(STAFF.c.id == staff_id, STAFF.c.active))
            ).one_or_none()
            if member is None or not _within(viewer, member):
                raise OutOfScope("the new owner is not an active member of staff in your scope")
            await _give(connection, customer_id, member, now=now, cause=cause)
            deed = Deed(action="assigned", subject="customer", subject_id=customer_id, detail=member.userid)
            await note_deed(connection, viewer, deed, now=now)

        await self._database.write(apply)


async def own_by_scene(connection: Connection, attributions: Sequence[Mapping[str, Any]]) -> None:
    """Make the agents whose codes were scanned the owners of who has none yet, in the transaction that notes the scan.

    The first code counts. An agent who is not active, or whose userid several realms have, is passed over.
    """
    scans = [row for row in attributions if row["agent"]]
    if not scans:
        return
    members = await _by_userid(connection, {row["agent"].lower() for row in scans})
    people = select(IDENTITY.c.id, IDENTITY.c.customer_id).where(
        IDENTITY.c.id.in_(sorted({row["identity_id"] for row in scans}))
    )
    customers = {row.id: row.customer_id for row in await connection.execute(people)}
    # One order everywhere: two processes that meet the same customers wait instead of deadlocking.
    for scan in sorted(scans, key=lambda row: int(customers[row["identity_id"]])):
        member = members.get(scan["agent"].lower())
        if member is None:
            continue
        values = _owned(member, now=scan["at"], cause="scene") | {"customer_id": customers[scan["identity_id"]]}
        statement = upsert(connection.dialect)(CUSTOMER_OWNER).values(**values)
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["customer_id"]))


async def inherit_owner(connection: Connection, *, kept: int, gone: int, now: datetime) -> None:
    """Give a merged customer's owner to the one that is kept, if that has none; the old row stays for an un-merge."""
    theirs = select(CUSTOMER_OWNER).where(CUSTOMER_OWNER.c.customer_id == gone)
    row = (await connection.execute(theirs)).one_or_none()
    if row is not None:
        values = {**row._mapping, "customer_id": kept, "since": now, "cause": "merge"}
        statement = upsert(connection.dialect)(CUSTOMER_OWNER).values(**values)
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["customer_id"]))


async def give_back_owner(connection: Connection, *, kept: int, gone: int) -> None:
    """Undo `inherit_owner`: who had nobody before the merge has nobody after it, if it is still that owner."""
    theirs = select(CUSTOMER_OWNER.c.staff_id).where(CUSTOMER_OWNER.c.customer_id == gone).scalar_subquery()
    await connection.execute(
        delete(CUSTOMER_OWNER).where(
            CUSTOMER_OWNER.c.customer_id == kept, CUSTOMER_OWNER.c.cause == "merge", CUSTOMER_OWNER.c.staff_id == theirs
        )
    )


def _within(viewer: Viewer, member: Any) -> bool:
    match viewer.scope:
        case Scope.ALL:
            return True
        case Scope.BRANCH:
            return member.branch_id in viewer.branch_ids or member.id in viewer.staff_ids
        case Scope.TEAM:
            return member.team_id in viewer.team_ids or member.id in viewer.staff_ids
        case _:
            return member.id in viewer.staff_ids


async def _by_userid(connection: Connection, userids: set[str]) -> dict[str, Any]:
    """Return the active members of staff by userid; one that several realms have names nobody."""
    rows = (await connection.execute(select(STAFF).where(STAFF.c.userid.in_(sorted(userids)), STAFF.c.active))).all()
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.userid, []).append(row)
    return {userid: members[0] for userid, members in found.items() if len(members) == 1}


async def _give(connection: Connection, customer_id: int, member: Any, *, now: datetime, cause: str) -> None:
    values = _owned(member, now=now, cause=cause)
    statement = upsert(connection.dialect)(CUSTOMER_OWNER).values(customer_id=customer_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["customer_id"], set_=values))
    # What is to be done for the customer goes with them, but for what may lie with their agent; it is told anew.
    place = {"owner_id": member.id, "team_id": member.team_id, "branch_id": member.branch_id}
    await connection.execute(
        update(TASK)
        .where(
            TASK.c.customer_id == customer_id, TASK.c.state.in_(UNDONE), TASK.c.cause.not_in(("leaver", *SUPERVISED))
        )
        .values(**place, assigned_at=now, told_at=None, state=TaskState.ASSIGNED)
    )


def _owned(member: Any, *, now: datetime, cause: str) -> dict[str, Any]:
    return {
        "staff_id": member.id,
        "team_id": member.team_id,
        "branch_id": member.branch_id,
        "since": now,
        "cause": cause,
    }
