"""Tasks on a screen: one's own, those of the scope, ending one, giving one to somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from content.rights import Permission, Scope
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.staff_list import StaffList
from storage.task_evidence import TaskPhrases
from storage.task_rows import TaskFilter, TaskRow
from storage.tasks import Tasks
from storage.viewer import Viewer

#: What stands as what came of a task when nobody says it.
USUAL_DISPOSITION: Final = "已办"
#: Characters of what came of a task.
LONGEST: Final = 500


class NoSuchColleague(Exception):
    """A task cannot be given to a userid: nobody of the scope has it, or several have."""

    def __init__(self, userid: str) -> None:
        super().__init__(f"no one active member of staff of your scope has the userid {userid!r}")
        self.userid = userid


@value
class BoardTask:
    """One undone task as the board shows it."""

    row: TaskRow
    #: The authored phrases that were found in what the customer said.
    phrases: tuple[str, ...]
    is_overdue: bool


class TaskBoard:
    """Shows and changes tasks of a viewer's scope; ending and giving stand in the audit, looking does not.

    A list holds no words of customers, so it is no reading of a conversation.
    """

    def __init__(self, *, tasks: Tasks, phrases: TaskPhrases, staff: StaffList, clock: Clock) -> None:
        self._tasks = tasks
        self._phrases = phrases
        self._staff = staff
        self._clock = clock

    async def mine(self, viewer: Viewer, *, limit: int) -> list[BoardTask]:
        """Return the viewer's own undone tasks, the one due first at the front. Raises Forbidden."""
        require(viewer, Permission.TASKS_READ)
        if viewer.staff_id is None:
            return []
        return await self._on_board(await self._tasks.of_owner(viewer.staff_id, limit=limit))

    async def others(self, viewer: Viewer, *, limit: int, before: int | None = None) -> list[BoardTask]:
        """Return undone tasks of the scope that are not the viewer's own, the newest first. Raises Forbidden.

        `before`: below that number.
        """
        require(viewer, Permission.TASKS_READ)
        if not sees_others(viewer):
            return []
        wanted = TaskFilter(undone=True, besides=viewer.staff_id)
        rows = await self._tasks.page(viewer=viewer, limit=limit, before=before, wanted=wanted)
        return await self._on_board(rows)

    async def finish(self, viewer: Viewer, task_id: int, disposition: str) -> bool:
        """End a task with what came of it; False when the scope has no such undone task. Raises Forbidden."""
        require(viewer, Permission.TASKS_WRITE)
        return await self._tasks.finish(task_id, kept(disposition), viewer=viewer, now=self._clock.now())

    async def assign(self, viewer: Viewer, task_id: int, userid: str, *, realm: str | None = None) -> bool:
        """Give a task to who has `userid`; False when the scope has no such undone task.

        Raises Forbidden, NoSuchColleague.
        """
        require(viewer, Permission.TASKS_WRITE)
        found = await self._staff.named(userid.strip(), viewer=viewer, realm=realm)
        if len(found) != 1:
            raise NoSuchColleague(userid.strip())
        return await self._tasks.assign(task_id, found[0].id, viewer=viewer, now=self._clock.now())

    async def changed(self, viewer: Viewer, task_id: int) -> TaskRow | None:
        """Return a task of the scope as it stands after a change; None when there is none. Raises Forbidden.

        It is for telling whoever changed it what came of that; who looks at tasks asks `TaskReading`.
        """
        require(viewer, Permission.TASKS_WRITE)
        return await self._tasks.one(task_id, viewer=viewer)

    async def _on_board(self, rows: Sequence[TaskRow]) -> list[BoardTask]:
        phrases, now = await self._phrases.of([row.id for row in rows]), self._clock.now()
        return [BoardTask(row=row, phrases=phrases.get(row.id, ()), is_overdue=row.due_at <= now) for row in rows]


def kept(disposition: str) -> str:
    """Return what is kept of somebody's words on what came of a task: no control characters, so no NUL either."""
    words = "".join(char for char in disposition if char.isprintable())
    return words.strip()[:LONGEST] or USUAL_DISPOSITION


def sees_others(viewer: Viewer) -> bool:
    """Tell whether a viewer's scope reaches beyond themselves: a team, a branch, all, or whom they stand in for."""
    return viewer.scope is not Scope.OWN or bool(viewer.staff_ids - {viewer.staff_id})
