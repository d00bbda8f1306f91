"""Handovers to a person: the queue and who serves, each offer, who is on duty, replies that wait for their customer.

The states are those of docs/states.md, Handover; `storage/handover_moves.py` holds the table of what may follow what.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ColumnElement, Index, UniqueConstraint, literal_column, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_OPEN = "state IN ('left_message', 'waiting', 'offered', 'running')"
_ON_DUTY = "ended_at IS NULL"


class HandoverState(StrEnum):
    """left_message → waiting → offered → running → closed (docs/states.md, Handover)."""

    LEFT_MESSAGE = "left_message"
    WAITING = "waiting"
    OFFERED = "offered"
    RUNNING = "running"
    CLOSED = "closed"


class SessionStep(StrEnum):
    """Where a handover stands with the platform's own session (kf); None: the platform has no part in it.

    pooling → pooled; giving → held; any of them → ending → over.
    """

    #: To be put into the platform's own queue; it is there.
    POOLING = "pooling"
    POOLED = "pooled"
    #: To be given to whoever accepted; it is a servicer's.
    GIVING = "giving"
    HELD = "held"
    #: The handover is closed, the session is still to be ended; it has ended.
    ENDING = "ending"
    OVER = "over"


_MOVING = "session IN ('pooling', 'giving', 'ending')"
#: Steps that need a call to the platform.
MOVING_SESSIONS: tuple[ColumnElement[str], ...] = tuple(
    literal_column(f"'{step}'") for step in (SessionStep.POOLING, SessionStep.GIVING, SessionStep.ENDING)
)

#: Written into statements as they are: SQLite uses a partial index only when it sees the index's own words.
OPEN_HANDOVER: tuple[ColumnElement[str], ...] = tuple(
    literal_column(f"'{state}'") for state in HandoverState if state is not HandoverState.CLOSED
)


class Handover(SQLModel, table=True):
    """One customer who asked for a person. An identity has one open handover an account at most."""

    __table_args__ = (
        Index(
            "ix_handover_open",
            "account_id",
            "identity_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_handover_session", "session_due", sqlite_where=text(_MOVING), postgresql_where=text(_MOVING)),
        Index("ix_handover_queue", "opened_at", "id", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        UniqueConstraint("account_id", "asked_seq"),
        Index("ix_handover_staff", "staff_id", "id"),
        Index("ix_handover_identity", "identity_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    account_id: int
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: What the platform calls the person, where it does.
    name: str | None = None
    state: str
    #: The message that asked; with the account the key against a turn that is made anew.
    asked_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    opened_at: datetime = Field(sa_type=Instant)
    #: Since when somebody could have served: the asking, or the opening after a message left at night.
    waiting_since: datetime | None = Field(default=None, sa_type=Instant)
    #: Who is offered it, who serves, or who served last.
    staff_id: int | None = None
    #: That person's; before there is one, those of the customer's owner. Kept here so that every scope is one look-up.
    team_id: int | None = None
    branch_id: int | None = None
    #: When an offer ends.
    until: datetime | None = Field(default=None, sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    first_reply_at: datetime | None = Field(default=None, sa_type=Instant)
    #: When either side last said something; silence counts from here.
    last_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    #: "staff", "customer", "silence", "unfollowed", "platform" (its session ended there) or "erasure".
    closed_by: str | None = None
    #: The place in line that the customer heard last, when, and how many notices they had beside the first answer.
    place_told: int | None = None
    place_told_at: datetime | None = Field(default=None, sa_type=Instant)
    notices: int = 0
    #: One to five, as the customer answered the closing question.
    satisfaction: int | None = None
    rated_at: datetime | None = Field(default=None, sa_type=Instant)
    #: A `SessionStep`, since when, when the platform is called next about it, and how often that failed.
    session: str | None = None
    session_at: datetime | None = Field(default=None, sa_type=Instant)
    session_due: datetime | None = Field(default=None, sa_type=Instant)
    session_tries: int = 0


class HandoverOffer(SQLModel, table=True):
    """One offer of a handover to somebody, and what came of it."""

    __tablename__ = "handover_offer"
    __table_args__ = (Index("ix_handover_offer", "handover_id", "staff_id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    handover_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    staff_id: int
    offered_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    #: "accepted", "passed", "timeout", "absent", "refused" (by the platform) or "closed"; None while it stands.
    outcome: str | None = None


class HandoverHold(SQLModel, table=True):
    """A reply of staff that named no customer. Its words are the log's message (account_id, seq); sent once at most."""

    __tablename__ = "handover_hold"
    __table_args__ = (UniqueConstraint("account_id", "seq"), Index("ix_handover_hold_staff", "staff_id", "id"))

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    staff_id: int
    account_id: int
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_type=Instant)
    #: The handover that it was sent to.
    sent_to: int | None = Field(default=None, sa_column=Column(BigInteger))


class HandoverReply(SQLModel, table=True):
    """A reply of staff on its way to a customer: what is looked at until its delivery has ended."""

    __tablename__ = "handover_reply"
    __table_args__ = (
        Index(
            "ix_handover_reply_open",
            "handover_id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    #: The idempotency key of its delivery, made of the staff's own message.
    key: str = Field(primary_key=True)
    handover_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    staff_id: int
    at: datetime = Field(sa_type=Instant)
    #: When its delivery was seen to have ended, and told to the staff when it did not arrive.
    settled_at: datetime | None = Field(default=None, sa_type=Instant)


class HandoverCopy(SQLModel, table=True):
    """A message of a staff application's log that repeats what a customer said, or what was said to them.

    What erases a customer's contents erases these too: they are found by the handover.
    """

    __tablename__ = "handover_copy"
    __table_args__ = (Index("ix_handover_copy", "handover_id"), {"sqlite_with_rowid": False})

    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    handover_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class Duty(SQLModel, table=True):
    """A time on duty of a member of staff; open while it lasts."""

    __table_args__ = (
        Index(
            "ix_duty_open",
            "staff_id",
            unique=True,
            sqlite_where=text(_ON_DUTY),
            postgresql_where=text(_ON_DUTY),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    staff_id: int
    since: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Who ended it: "staff", "clock", "left".
    ended_by: str | None = None
