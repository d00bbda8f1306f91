"""Tasks over the API: the list, and one of them with what it was made of."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, Route, cursor_field
from content.rights import Permission
from handlers.tasks.reading import SeenTask, TaskReading
from storage.tables.tasks import TaskState
from storage.task_evidence import Evidence
from storage.task_rows import TaskFilter

_LIST: Final = CursorForm(letter="k")
_UNDONE: Final = "undone"
#: RFC 3339, section 5.6. Pydantic reads other spellings, too, a count of seconds among them.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def _moment(given: Any) -> Any:
    """Take a moment as the document spells it, and none of pydantic's other spellings."""
    if isinstance(given, str) and not _MOMENT.fullmatch(given):
        raise PydanticCustomError("datetime_parsing", "not a moment as RFC 3339 writes it: 2026-05-01T09:30:00Z")
    return given


class TaskQuery(Listing):
    """Which tasks."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()
    state: Literal["undone", "open", "assigned", "escalated", "done"] | None = Field(
        default=None, description="Only those in this state; `undone` is each of the first three."
    )
    cause: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = Field(
        default=None, description="Only those of this cause: `complaint`, `surrender`, `leaver` …"
    )
    due_by: Annotated[AwareDatetime, BeforeValidator(_moment)] | None = Field(
        default=None, description="Only those due at this moment or before."
    )
    owner_id: Id | None = Field(
        default=None, description="Only those of this member of staff, by the id that `/staff` shows."
    )
    customer_id: Id | None = Field(default=None, description="Only those about this customer.")

    @property
    def wanted(self) -> TaskFilter:
        """What is asked of the list."""
        return TaskFilter(
            undone=self.state == _UNDONE,
            state=None if self.state in (None, _UNDONE) else TaskState(self.state),
            cause=self.cause,
            due_by=self.due_by,
            owner_id=self.owner_id,
            customer_id=self.customer_id,
        )


class TaskPath(Parameters):
    """Which task."""

    task_id: Id = Field(description="The task's number, as staff write it: 完成 12.", examples=[1])


class ShownTask(BaseModel):
    """One thing that a person must do, or did."""

    id: int
    cause: str
    title: str
    customer_id: int
    state: TaskState
    owner_id: int | None = Field(description="Null while it is nobody's.")
    owner: str | None
    created_at: datetime
    due_at: datetime
    overdue: bool = Field(description="Not done, and its time is over.")
    escalated_at: datetime | None
    done_at: datetime | None
    disposition: str | None = Field(description="What came of it, numbers of people masked; null until it is done.")


class ShownEvidence(BaseModel):
    """One message that shows the cause."""

    account: str
    seq: int = Field(description="Its number in the log of the account.")
    phrase: str = Field(description="The authored phrase that was found; empty where something else made the task.")
    found_at: datetime
    said_at: datetime | None = Field(description="Null where `fields` is not shown, either.")
    fields: dict[str, Any] | None = Field(
        description="What the customer said, numbers of people masked. Null without `conversations.read`, for a "
        "customer beyond the scope, and when the content was destroyed."
    )


class TaskWithEvidence(ShownTask):
    """One task with the newest messages that show its cause, at most fifty, the newest first."""

    evidence: list[ShownEvidence]


class TaskPage(Page):
    """Tasks, the newest first."""

    tasks: list[ShownTask]


class TaskRoutes:
    """Reads tasks through the one way that leaves a trace."""

    def __init__(self, reading: TaskReading) -> None:
        self._reading = reading

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/tasks",
                name="listTasks",
                summary="Tasks of the scope, the newest first",
                permission=Permission.TASKS_READ,
                parameters=TaskQuery,
                body=NoBody,
                answer=TaskPage,
                handle=self._list,
            ),
            Route(
                method="GET",
                path="/tasks/{task_id}",
                name="getTask",
                summary="One task with the messages that show its cause",
                permission=Permission.TASKS_READ,
                parameters=TaskPath,
                body=NoBody,
                answer=TaskWithEvidence,
                problems=(NOT_FOUND,),
                handle=self._one,
            ),
        )

    async def _list(self, call: Call[TaskQuery, NoBody]) -> TaskPage:
        asked = call.parameters
        before = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        seen = await self._reading.page(call.viewer, limit=asked.limit, before=before, wanted=asked.wanted)
        return TaskPage(
            tasks=[ShownTask(**_shown(task)) for task in seen],
            next=_LIST.encode(seen[-1].row.id) if len(seen) == asked.limit else None,
        )

    async def _one(self, call: Call[TaskPath, NoBody]) -> TaskWithEvidence:
        number = call.parameters.task_id
        seen = await self._reading.one(call.viewer, number)
        if seen is None:
            raise Refused(NOT_FOUND, f"there is no task {number} in your scope")
        return TaskWithEvidence(**_shown(seen), evidence=[_evidence(each) for each in seen.evidence])


def _shown(seen: SeenTask) -> dict[str, Any]:
    row = seen.row
    return {
        "id": row.id,
        "cause": row.cause,
        "title": row.title,
        "customer_id": row.customer_id,
        "state": row.state,
        "owner_id": row.owner_id,
        "owner": row.owner,
        "created_at": row.created_at,
        "due_at": row.due_at,
        "overdue": seen.is_overdue,
        "escalated_at": row.escalated_at,
        "done_at": row.done_at,
        "disposition": row.disposition,
    }


def _evidence(evidence: Evidence) -> ShownEvidence:
    said = evidence.said
    return ShownEvidence(
        account=evidence.account,
        seq=evidence.seq,
        phrase=evidence.phrase,
        found_at=evidence.at,
        said_at=None if said is None else said.at,
        fields=None if said is None else said.fields,
    )
