"""Call-backs after a sale: a round of questions about one policy, and its answers, which nobody can change."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Date, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_OPEN = "state = 'open'"


class CallbackState(StrEnum):
    """open → done, or → replaced when the questions changed before it was finished (docs/states.md, Notes)."""

    OPEN = "open"
    DONE = "done"
    REPLACED = "replaced"


class Callback(SQLModel, table=True):
    """One round: the questions of one edition, answered by one identity about one policy. One is open at a time."""

    __table_args__ = (
        Index(
            "ix_callback_open",
            "identity_id",
            "policy",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_callback_identity", "identity_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: Of the policy source.
    holder: str
    policy: str
    #: As the customer was told.
    product: str
    #: By when the source wanted it when the round was begun.
    due: date | None = Field(default=None, sa_type=Date)
    #: Version of the questions, with a digest of their words.
    edition: str
    state: str
    begun_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    #: The question that was asked again because its answer was not understood, and the message that was not.
    missed: str | None = None
    missed_by: str | None = None
    #: The message that put it aside, as ACCOUNT:SEQ; None while it is being answered.
    paused_by: str | None = None


class CallbackAnswer(SQLModel, table=True):
    """One answer, append-only: a trigger refuses every change, and a removal without its round (migration 0016)."""

    __tablename__ = "callback_answer"
    __table_args__ = (UniqueConstraint("account_id", "seq"),)

    callback_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: The first answer to a question counts.
    question: str = Field(primary_key=True)
    edition: str
    #: Word for word as the customer read them.
    text: str
    label: str
    #: yes, no or unclear.
    value: str
    is_doubt: bool
    #: The message that answered.
    account_id: int
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_type=Instant)
