"""What must be handled and what was answered: one work item an inbound message, one reply row an answer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ColumnElement, Index, literal_column, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant


class WorkState(StrEnum):
    """`ready`: recorded, not handled yet. `done`: handled, its replies stand in the same transaction."""

    READY = "ready"
    DONE = "done"


class ReplyState(StrEnum):
    """ready → handed | outbox, chosen once; handed → sent | unknown; lost: no way was left to carry it."""

    READY = "ready"
    HANDED = "handed"
    OUTBOX = "outbox"
    SENT = "sent"
    UNKNOWN = "unknown"
    LOST = "lost"


#: Written into statements as they are: SQLite uses a partial index only when it sees the index's own words.
READY: ColumnElement[str] = literal_column("'ready'")
OPEN_REPLIES: tuple[ColumnElement[str], ...] = (literal_column("'ready'"), literal_column("'handed'"))


class Work(SQLModel, table=True):
    """The handling of one inbound message, under its own (account, seq)."""

    __table_args__ = (
        Index(
            "ix_work_ready",
            "identity_id",
            "account_id",
            sqlite_where=text("state = 'ready'"),
            postgresql_where=text("state = 'ready'"),
        ),
        {"sqlite_with_rowid": False},
    )

    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    #: How the replies leave, once somebody chose: "http" or "outbox". Chosen by conditional update.
    via: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    handled_at: datetime | None = Field(default=None, sa_type=Instant)
    #: The later fragment that carries the answer of this one.
    joined_to: int | None = Field(default=None, sa_column=Column(BigInteger))


class Reply(SQLModel, table=True):
    """The n-th answer to one inbound message; its words are the log's outgoing message `out_seq`."""

    __table_args__ = (
        Index(
            "ix_reply_open",
            "at",
            sqlite_where=text("state IN ('ready', 'handed')"),
            postgresql_where=text("state IN ('ready', 'handed')"),
        ),
        {"sqlite_with_rowid": False},
    )

    account_id: int = Field(primary_key=True)
    in_seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    n: int = Field(primary_key=True)
    out_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    #: When the inbound message was recorded: the first attempt of the platform.
    at: datetime = Field(sa_type=Instant)
