"""Looking at tasks over the API: within the scope, with a trace, words of customers masked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from content.masking import mask
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.reading import masked
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.tables.tasks import TaskState
from storage.task_evidence import Evidence, TaskEvidenceList
from storage.task_rows import TaskFilter, TaskRow
from storage.tasks import Tasks
from storage.viewer import Viewer


@value
class SeenTask:
    """One task as it was looked at."""

    row: TaskRow
    #: Not done, and its time is over.
    is_overdue: bool
    #: The newest first; none in a list.
    evidence: tuple[Evidence, ...] = ()


class TaskReading:
    """What is shown of tasks was noted in the audit before: each names a customer."""

    def __init__(self, *, tasks: Tasks, evidence: TaskEvidenceList, audit: Audit, clock: Clock) -> None:
        self._tasks = tasks
        self._evidence = evidence
        self._audit = audit
        self._clock = clock

    async def page(
        self, viewer: Viewer, *, limit: int, wanted: TaskFilter, before: int | None = None
    ) -> list[SeenTask]:
        """Return tasks of the scope, the newest first; `before`: below that number. Raises Forbidden."""
        require(viewer, Permission.TASKS_READ)
        now = self._clock.now()
        rows = await self._tasks.page(viewer=viewer, limit=limit, before=before, wanted=wanted)
        await self._audit.note(viewer, Deed(action="listed", subject="tasks"), now=now)
        return [_seen(row, now=now) for row in rows]

    async def one(self, viewer: Viewer, task_id: int) -> SeenTask | None:
        """Return a task of the scope with its evidence; None when there is none. Raises Forbidden.

        What the customer said comes with it for who may read their conversations, and that is a reading of these.
        """
        require(viewer, Permission.TASKS_READ)
        row, now = await self._tasks.one(task_id, viewer=viewer), self._clock.now()
        if row is None:
            return None
        await self._audit.note(viewer, Deed(action="read", subject="task", subject_id=row.id), now=now)
        reader = viewer if viewer.may(Permission.CONVERSATIONS_READ) else None
        evidence = await self._evidence.of(row.id, reader=reader)
        if any(each.said is not None for each in evidence):
            deed = Deed(action="read", subject="conversation", subject_id=row.customer_id, detail="evidence of a task")
            await self._audit.note(viewer, deed, now=now)
        return _seen(row, tuple(map(_masked, evidence)), now=now)


def _seen(row: TaskRow, evidence: tuple[Evidence, ...] = (), *, now: datetime) -> SeenTask:
    told = row if row.disposition is None else replace(row, disposition=mask(row.disposition))
    return SeenTask(row=told, is_overdue=row.state is not TaskState.DONE and row.due_at <= now, evidence=evidence)


def _masked(evidence: Evidence) -> Evidence:
    """Return evidence without the phone, identity and card numbers in it."""
    return evidence if evidence.said is None else replace(evidence, said=masked(evidence.said))
