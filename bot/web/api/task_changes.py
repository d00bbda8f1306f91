"""Ending a task and giving it to a colleague over the API, each with a row in the audit in its transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.problem import NOT_FOUND, Refused, invalid
from bot.web.api.route import AnyRoute, Body, Call, PlatformId, Route
from bot.web.api.tasks import TaskPath
from content.rights import Permission
from handlers.tasks.board import LONGEST, NoSuchColleague, TaskBoard, kept
from storage.tables.tasks import TaskState
from storage.task_rows import TaskRow


class Disposition(Body):
    """What came of a task."""

    disposition: Annotated[str, StringConstraints(max_length=LONGEST)] = Field(
        description="What came of it. Nothing but spaces counts as 已办.", examples=["已回电"]
    )


class NewTaskOwner(Body):
    """Who gets the task."""

    userid: PlatformId = Field(
        description="The WeCom userid of an active member of staff of the scope.", examples=["zhang"]
    )
    realm: PlatformId | None = Field(default=None, description="The corpid, when several have the userid.")


class TaskStanding(BaseModel):
    """How a task stands now; it holds no words of anybody."""

    id: int
    state: TaskState
    owner_id: int | None
    owner: str | None
    due_at: datetime
    done_at: datetime | None


class TaskChangeRoutes:
    """Changes tasks through the board that the console uses."""

    def __init__(self, board: TaskBoard) -> None:
        self._board = board

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="POST",
                path="/tasks/{task_id}/assign",
                name="assignTask",
                summary="Give an undone task of the scope to a member of staff of it",
                permission=Permission.TASKS_WRITE,
                parameters=TaskPath,
                body=NewTaskOwner,
                answer=TaskStanding,
                problems=(NOT_FOUND,),
                handle=self._assign,
            ),
            Route(
                method="POST",
                path="/tasks/{task_id}/done",
                name="finishTask",
                summary="End an undone task of the scope with what came of it",
                permission=Permission.TASKS_WRITE,
                parameters=TaskPath,
                body=Disposition,
                answer=TaskStanding,
                problems=(NOT_FOUND,),
                handle=self._finish,
            ),
        )

    async def _finish(self, call: Call[TaskPath, Disposition]) -> TaskStanding:
        number, words = call.parameters.task_id, call.body.disposition
        done = await self._board.finish(call.viewer, number, words)
        row = await self._board.changed(call.viewer, number)
        # After a crash it is asked for again: what ended with these words is as it was wanted.
        if row is None or not (done or row.disposition == kept(words)):
            raise _no_task(number)
        return _standing(row)

    async def _assign(self, call: Call[TaskPath, NewTaskOwner]) -> TaskStanding:
        number, wanted = call.parameters.task_id, call.body
        try:
            given = await self._board.assign(call.viewer, number, wanted.userid, realm=wanted.realm)
        except NoSuchColleague:
            message = "nobody active in your scope has it, or several have: then name the realm, too"
            raise invalid(("body", "userid", message)) from None
        row = await self._board.changed(call.viewer, number) if given else None
        if row is None:
            raise _no_task(number)
        return _standing(row)


def _no_task(number: int) -> Refused:
    """Return the problem of a task that is done, not there, or not for this key: nothing tells which."""
    return Refused(NOT_FOUND, f"there is no undone task {number} in your scope")


def _standing(row: TaskRow) -> TaskStanding:
    return TaskStanding(
        id=row.id, state=row.state, owner_id=row.owner_id, owner=row.owner, due_at=row.due_at, done_at=row.done_at
    )
