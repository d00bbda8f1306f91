"""Tasks as people see them: a row, which rows are wanted, and how both are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, or_, select, type_coerce

from content.value import value
from storage.tables import CUSTOMER, STAFF, TASK
from storage.tables.tasks import UNDONE, TaskState
from storage.viewer import Viewer


@value
class TaskRow:
    """One task as people see it."""

    id: int
    cause: str
    title: str
    customer_id: int
    state: TaskState
    owner_id: int | None
    owner: str | None
    created_at: datetime
    due_at: datetime
    escalated_at: datetime | None
    done_at: datetime | None
    disposition: str | None


@value
class TaskFilter:
    """Which tasks of a scope are wanted; what is not said narrows nothing."""

    undone: bool = False
    state: TaskState | None = None
    cause: str | None = None
    #: Due at this moment or before.
    due_by: datetime | None = None
    owner_id: int | None = None
    customer_id: int | None = None
    #: Not those of this owner.
    besides: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on TASK."""
        equal = {
            TASK.c.state: self.state,
            TASK.c.cause: self.cause,
            # Wider than the column: an id that no staff can have finds nothing, and is no error of PostgreSQL.
            type_coerce(TASK.c.owner_id, BigInteger): self.owner_id,
            TASK.c.customer_id: self.customer_id,
        }
        found: list[ColumnElement[bool]] = [column == wanted for column, wanted in equal.items() if wanted is not None]
        if self.undone:
            found.append(TASK.c.state.in_(UNDONE))
        if self.due_by is not None:
            found.append(TASK.c.due_at <= self.due_by)
        if self.besides is not None:
            found.append(or_(TASK.c.owner_id.is_(None), TASK.c.owner_id != self.besides))
        return found


ALL_UNDONE: Final = TaskFilter(undone=True)


def in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on TASK that its owner lies in the scope; an open one is seen by those alone who see all."""
    return viewer.reaches(TASK.c.owner_id, team=TASK.c.team_id, branch=TASK.c.branch_id)


def task_rows() -> Any:
    """Return the query of what `task_row` reads."""
    return (
        select(TASK, STAFF.c.name.label("owner"), CUSTOMER.c.merged_into)
        .outerjoin(STAFF, STAFF.c.id == TASK.c.owner_id)
        .outerjoin(CUSTOMER, and_(CUSTOMER.c.id == TASK.c.customer_id))
    )


def task_row(row: Any) -> TaskRow:
    """Return a row of `task_rows`; who was merged goes by the id they have now."""
    return TaskRow(
        id=row.id,
        cause=row.cause,
        title=row.title,
        customer_id=row.merged_into or row.customer_id,
        state=TaskState(row.state),
        owner_id=row.owner_id,
        owner=row.owner,
        created_at=row.created_at,
        due_at=row.due_at,
        escalated_at=row.escalated_at,
        done_at=row.done_at,
        disposition=row.disposition,
    )
