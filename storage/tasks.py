"""Tasks: made of what the log shows, given to owners, escalated, finished; read within a viewer's scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.cursors import move_cursor
from storage.database import Database
from storage.digests import platform_key
from storage.people import upsert
from storage.tables import ACCOUNT, CUSTOMER, CUSTOMER_OWNER, MESSAGE_KEY, STAFF, TASK, TASK_EVIDENCE
from storage.tables.tasks import SUPERVISED, UNDONE, TaskState
from storage.task_rounds import supervisor_of
from storage.task_rows import ALL_UNDONE, TaskFilter, TaskRow, in_scope, task_row, task_rows
from storage.viewer import Viewer


@value
class TaskDraft:
    """A message that shows a cause for a task."""

    cause: str
    title: str
    customer_id: int
    due_at: datetime
    account_id: int
    seq: int
    phrase: str


@value
class MessageTask:
    """A task that a message makes while it is being answered; its seq is not known there, its platform key is."""

    cause: str
    title: str
    customer_id: int
    due_at: datetime
    #: Name of the account that was written to.
    account: str
    message_key: str
    sent_at: datetime


@value
class Progress:
    """How far a processor has read one account's log with this."""

    processor: str
    account_id: int
    seq: int


class Tasks:
    """Writes and reads tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(
        self, drafts: Sequence[TaskDraft], *, progress: Progress, now: datetime, catch_all: int | None = None
    ) -> None:
        """Make tasks of what a batch of the log shows, and move the cursor, in one transaction.

        A cause that the customer has an undone task for is one more piece of its evidence. The task belongs to the
        customer's owner, otherwise to `catch_all`; without one it is open.
        """

        async def apply(connection: Connection) -> None:
            for draft in drafts:
                await take_task(connection, draft, now=now, catch_all=catch_all)
            await move_cursor(connection, progress.processor, account_id=progress.account_id, seq=progress.seq)

        await self._database.write(apply)

    async def open(self, wanted: MessageTask, *, now: datetime, catch_all: int | None = None) -> None:
        """Make a task of a message that is being answered; the same message again, or the same cause, adds none."""

        async def apply(connection: Connection) -> None:
            found = (
                select(MESSAGE_KEY.c.account_id, MESSAGE_KEY.c.seq)
                .join(ACCOUNT, ACCOUNT.c.id == MESSAGE_KEY.c.account_id)
                .where(
                    ACCOUNT.c.name == wanted.account,
                    MESSAGE_KEY.c.key == platform_key(wanted.message_key, wanted.sent_at),
                )
            )
            message = (await connection.execute(found)).one()
            draft = TaskDraft(
                cause=wanted.cause,
                title=wanted.title,
                customer_id=wanted.customer_id,
                due_at=wanted.due_at,
                account_id=message.account_id,
                seq=message.seq,
                phrase="",
            )
            await take_task(connection, draft, now=now, catch_all=catch_all)

        await self._database.write(apply)

    async def page(
        self, *, viewer: Viewer, limit: int, before: int | None = None, wanted: TaskFilter = ALL_UNDONE
    ) -> list[TaskRow]:
        """Return the wanted tasks of the scope, the newest first; `before`: below that id."""
        query = task_rows().where(in_scope(viewer), *wanted.conditions()).order_by(TASK.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(TASK.c.id < before)
        async with self._database.read() as connection:
            return [task_row(row) for row in await connection.execute(query)]

    async def one(self, task_id: int, *, viewer: Viewer) -> TaskRow | None:
        """Return one task of the scope, done or not; None when there is none."""
        query = task_rows().where(TASK.c.id == task_id, in_scope(viewer))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).one_or_none()
        return None if found is None else task_row(found)

    async def of_owner(self, owner_id: int, *, limit: int) -> list[TaskRow]:
        """Return somebody's undone tasks, the one due first at the front."""
        query = (
            task_rows().where(TASK.c.owner_id == owner_id, TASK.c.state.in_(UNDONE)).order_by(TASK.c.due_at, TASK.c.id)
        )
        async with self._database.read() as connection:
            return [task_row(row) for row in await connection.execute(query.limit(limit))]

    async def finish(self, task_id: int, disposition: str, *, viewer: Viewer, now: datetime) -> bool:
        """End a task of the scope with what came of it, and note it in the audit, which keeps none of these words.

        False when there is no undone one of that id in the scope.
        """

        async def apply(connection: Connection) -> bool:
            changed = await connection.execute(
                update(TASK)
                .where(TASK.c.id == task_id, TASK.c.state.in_(UNDONE), in_scope(viewer))
                .values(state=TaskState.DONE, done_at=now, done_by=viewer.staff_id, disposition=disposition)
            )
            if changed.rowcount != 1:
                return False
            await note_deed(connection, viewer, Deed(action="finished", subject="task", subject_id=task_id), now=now)
            return True

        return await self._database.write(apply)

    async def was_ended_by(self, task_id: int, staff_id: int) -> bool:
        """Tell whether somebody ended this task, so that saying so twice is no mistake."""
        query = select(TASK.c.id).where(TASK.c.id == task_id, TASK.c.done_by == staff_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def assign(self, task_id: int, staff_id: int, *, viewer: Viewer, now: datetime) -> bool:
        """Give an undone task of the scope to an active member of staff of it, and note it in the audit.

        False when that is not possible. Who has it already, and in time, keeps it as it is: asking twice changes
        nothing and leaves one row.
        """

        async def apply(connection: Connection) -> bool:
            reach = viewer.reaches(STAFF.c.id, team=STAFF.c.team_id, branch=STAFF.c.branch_id)
            found = select(STAFF).where(STAFF.c.id == staff_id, STAFF.c.active, reach)
            member = (await connection.execute(found)).one_or_none()
            if member is None:
                return False
            task = select(TASK).where(TASK.c.id == task_id, TASK.c.state.in_(UNDONE), in_scope(viewer))
            row = (await connection.execute(task.with_for_update())).one_or_none()
            if row is None:
                return False
            if row.owner_id == staff_id and row.state == TaskState.ASSIGNED and row.due_at > now:
                return True
            # Who gets an overdue task has as much time for it as whoever had it first.
            due_at = row.due_at if row.due_at > now else now + (row.due_at - row.created_at)
            given = owned_by(member, now=now) | {"state": TaskState.ASSIGNED, "due_at": due_at}
            await connection.execute(update(TASK).where(TASK.c.id == task_id).values(**given))
            deed = Deed(action="assigned", subject="task", subject_id=task_id, detail=member.userid)
            await note_deed(connection, viewer, deed, now=now)
            return True

        return await self._database.write(apply)


async def take_task(connection: Connection, draft: TaskDraft, *, now: datetime, catch_all: int | None) -> None:
    """Make a task, or add to the evidence of the undone one, in the transaction of what shows its cause."""
    known = select(TASK_EVIDENCE.c.task_id).where(
        TASK_EVIDENCE.c.cause == draft.cause,
        TASK_EVIDENCE.c.account_id == draft.account_id,
        TASK_EVIDENCE.c.seq == draft.seq,
    )
    if (await connection.execute(known)).first() is not None:
        return
    # Read before the person was erased, written after: nobody is to be told of them any more.
    erased = select(CUSTOMER.c.id).where(CUSTOMER.c.id == draft.customer_id, CUSTOMER.c.erased_at.is_not(None))
    if (await connection.execute(erased)).first() is not None:
        return
    task_id = await _undone(connection, draft)
    if task_id is None:
        find = _supervisor if draft.cause in SUPERVISED else _owner
        owner = await find(connection, draft.customer_id, catch_all=catch_all)
        values = {
            "cause": draft.cause,
            "title": draft.title,
            "customer_id": draft.customer_id,
            "created_at": now,
            "due_at": draft.due_at,
            "state": TaskState.OPEN if owner is None else TaskState.ASSIGNED,
            **({} if owner is None else owned_by(owner, now=now)),
        }
        statement = upsert(connection.dialect)(TASK).values(**values).on_conflict_do_nothing().returning(TASK.c.id)
        task_id = (await connection.execute(statement)).scalar() or await _undone(connection, draft)
    await connection.execute(
        insert(TASK_EVIDENCE).values(
            task_id=task_id,
            cause=draft.cause,
            account_id=draft.account_id,
            seq=draft.seq,
            phrase=draft.phrase,
            at=now,
        )
    )


async def _undone(connection: Connection, draft: TaskDraft) -> int | None:
    query = select(TASK.c.id).where(
        TASK.c.cause == draft.cause, TASK.c.customer_id == draft.customer_id, TASK.c.state.in_(UNDONE)
    )
    # Held until the evidence is written: another process must not end it in between.
    found: int | None = (await connection.execute(query.with_for_update())).scalar()
    return found


async def _owner(connection: Connection, customer_id: int, *, catch_all: int | None) -> Any | None:
    """Return the active member of staff whom the customer belongs to, else the one for all others."""
    mine = (
        select(STAFF)
        .join(CUSTOMER_OWNER, CUSTOMER_OWNER.c.staff_id == STAFF.c.id)
        .where(CUSTOMER_OWNER.c.customer_id == customer_id, STAFF.c.active)
    )
    row = (await connection.execute(mine)).one_or_none()
    return await _active(connection, catch_all) if row is None else row


async def _supervisor(connection: Connection, customer_id: int, *, catch_all: int | None) -> Any | None:
    """Return the supervisor of whom the customer belongs to, also of who has left; else the one for all others."""
    query = select(CUSTOMER_OWNER).where(CUSTOMER_OWNER.c.customer_id == customer_id)
    mine = (await connection.execute(query)).one_or_none()
    if mine is None:
        return await _active(connection, catch_all)
    place = {"team_id": mine.team_id, "branch_id": mine.branch_id}
    found = await supervisor_of(connection, owner_id=mine.staff_id, **place)
    if found is None and catch_all != mine.staff_id:
        found = await _active(connection, catch_all)
    return found


async def _active(connection: Connection, staff_id: int | None) -> Any | None:
    if staff_id is None:
        return None
    return (await connection.execute(select(STAFF).where(STAFF.c.id == staff_id, STAFF.c.active))).one_or_none()


def owned_by(member: Any, *, now: datetime) -> dict[str, Any]:
    """Return what a task keeps of a new owner, who is to be told."""
    place = {"owner_id": member.id, "team_id": member.team_id, "branch_id": member.branch_id}
    return place | {"assigned_at": now, "told_at": None}
