"""What a person must do: cause, evidence, owner, due time, escalation, disposition."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Column, ColumnElement, Index, UniqueConstraint, literal_column, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_UNDONE = "state IN ('open', 'assigned', 'escalated')"


class TaskState(StrEnum):
    """open → assigned → done; assigned → escalated at its due time → done (docs/states.md, Task)."""

    OPEN = "open"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    DONE = "done"


#: Causes that may lie with the customer's own agent: their tasks go to the agent's supervisor, never to the agent.
SUPERVISED: Final = ("callback",)
#: Written into statements as they are: SQLite uses a partial index only when it sees the index's own words.
UNDONE: tuple[ColumnElement[str], ...] = tuple(literal_column(f"'{s}'") for s in ("open", "assigned", "escalated"))


class Task(SQLModel, table=True):
    """One task. A customer has one undone task a cause at most: what else shows it is further evidence."""

    __table_args__ = (
        Index(
            "ix_task_undone",
            "cause",
            "customer_id",
            unique=True,
            sqlite_where=text(_UNDONE),
            postgresql_where=text(_UNDONE),
        ),
        Index("ix_task_due", "due_at", sqlite_where=text(_UNDONE), postgresql_where=text(_UNDONE)),
        Index("ix_task_owner", "owner_id", "id"),
        Index("ix_task_cause", "cause", "customer_id", "created_at"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    #: "complaint", "surrender" … : the id of a signal, or of what else makes tasks.
    cause: str
    #: What it was called when it was made.
    title: str
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    owner_id: int | None = None
    #: The owner's, kept here so that every scope is one look-up.
    team_id: int | None = None
    branch_id: int | None = None
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    #: When it came to its owner; with the owner the key of what they are told.
    assigned_at: datetime | None = Field(default=None, sa_type=Instant)
    #: When the owner was told; None until then, and again when the owner changes.
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    escalated_at: datetime | None = Field(default=None, sa_type=Instant)
    escalated_from: int | None = None
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    done_by: int | None = None
    disposition: str | None = None
    #: Of a hand-over: the member of staff who left.
    left_id: int | None = None


class TaskEvidence(SQLModel, table=True):
    """A message that shows a task's cause. Unique by cause and message, so that reading the log again adds nothing."""

    __tablename__ = "task_evidence"
    __table_args__ = (UniqueConstraint("cause", "account_id", "seq"), Index("ix_evidence_task", "task_id"))

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    task_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    cause: str
    account_id: int
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: The authored phrase that was found; never the customer's own words.
    phrase: str
    at: datetime = Field(sa_type=Instant)
