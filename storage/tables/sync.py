"""Reconciling with the platforms: runs, what they found, what is staged meanwhile, followers, tags, departments."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_UNFINISHED = "state IN ('running', 'waiting')"


class SyncState(StrEnum):
    """running ⇄ waiting (a quota) → finished | stopped (it would remove too much) | failed | abandoned."""

    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    ABANDONED = "abandoned"


class SyncRun(SQLModel, table=True):
    """One reconciliation of one account: how far it is, and what it counted. One unfinished run a subject at most."""

    __tablename__ = "sync_run"
    __table_args__ = (
        Index(
            "ix_sync_unfinished",
            "what",
            "account_id",
            unique=True,
            sqlite_where=text(_UNFINISHED),
            postgresql_where=text(_UNFINISHED),
        ),
        Index("ix_sync_subject", "what", "account_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    #: "departments" or "followers".
    what: str
    account_id: int
    state: str
    #: What it does now, and how far that is: a platform's cursor, or the last id of ours.
    stage: str
    position: str = ""
    is_dry_run: bool = False
    #: Somebody said that it may remove more than the settings allow.
    is_forced: bool = False
    started_at: datetime = Field(sa_type=Instant)
    #: "nightly" or "command line".
    started_by: str
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Until when it waits.
    resume_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Why it waits, stopped or failed.
    detail: str = ""
    #: Who works at it, and until when without saying so again.
    holder: str
    lease_until: datetime = Field(sa_type=Instant)
    #: How many the platform says there are.
    total: int = 0
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    unmapped: int = 0
    refused: int = 0
    tagged: int = 0
    untagged: int = 0


class SyncDifference(SQLModel, table=True):
    """One thing that a run found, of each kind the first ones only (the counts are whole); no customer's openid."""

    __tablename__ = "sync_difference"
    __table_args__ = (Index("ix_difference_run", "run_id", "kind", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    run_id: int
    #: "new", "changed", "gone", "unmapped", "refused".
    kind: str
    #: "follower", "member", "department", "tag".
    subject: str
    #: The customer of a follower; the member of staff.
    subject_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: Names and ids of departments, members and tags; nothing of a follower.
    detail: str = ""


class StagedFollower(SQLModel, table=True):
    """One follower as the platform lists them, until the run is at its end."""

    __tablename__ = "staged_follower"

    run_id: int = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    #: Whether the platform was asked about them in this run, and what it said.
    is_asked: bool = False
    follows: bool = True
    union_id: str | None = None
    since: datetime | None = Field(default=None, sa_type=Instant)
    scene: str = ""
    code: str = ""


class StagedTag(SQLModel, table=True):
    """One tag of an account, until the run is at its end."""

    __tablename__ = "staged_tag"

    run_id: int = Field(primary_key=True)
    tag_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str
    #: All who bear it are staged.
    is_read: bool = False


class StagedTagged(SQLModel, table=True):
    """One follower who bears a tag, until the run is at its end."""

    __tablename__ = "staged_tagged"

    run_id: int = Field(primary_key=True)
    tag_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    external_id: str = Field(primary_key=True)


class Follower(SQLModel, table=True):
    """What the platform said of a follower when it was asked: since when, from where."""

    account_id: int = Field(primary_key=True)
    identity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: None: it did not say.
    since: datetime | None = Field(default=None, sa_type=Instant)
    #: The platform's word for the way (`subscribe_scene`), and the scene of the code.
    scene: str = ""
    code: str = ""
    asked_at: datetime = Field(sa_type=Instant)


class Tag(SQLModel, table=True):
    """One tag of an account, as the platform's console shows it."""

    account_id: int = Field(primary_key=True)
    tag_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str


class IdentityTag(SQLModel, table=True):
    """Who bears which tag."""

    __tablename__ = "identity_tag"
    __table_args__ = (Index("ix_tag_identity", "identity_id"),)

    account_id: int = Field(primary_key=True)
    tag_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    identity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class Department(SQLModel, table=True):
    """One department of a corporation as it was last listed."""

    realm: str = Field(primary_key=True)
    department_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str
    parent_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class LeaveNotice(SQLModel, table=True):
    """A customer who has another agent now: whether they were told. One a hand-over task: `waiting` → `posted`."""

    __tablename__ = "leave_notice"
    __table_args__ = (
        Index(
            "ix_notice_waiting",
            "task_id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    task_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: Who left.
    staff_id: int
    state: str
    created_at: datetime = Field(sa_type=Instant)
    #: By when the law wants it done.
    due_at: datetime = Field(sa_type=Instant)
    posted_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Through which account.
    account_id: int | None = None
