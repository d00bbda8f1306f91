"""How the insurer is organised and who may look: branches, teams, deputies, owners, sign-ins, keys, audit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY


class Branch(SQLModel, table=True):
    """An office; its branches below it are seen with it."""

    __table_args__ = (UniqueConstraint("code"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    name: str
    parent_id: int | None = None


class Team(SQLModel, table=True):
    """People who are led together."""

    __table_args__ = (UniqueConstraint("code"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    name: str
    branch_id: int


class Deputy(SQLModel, table=True):
    """Who stands in for whom, and in which time."""

    __table_args__ = (Index("ix_deputy_deputy", "deputy_id"), UniqueConstraint("staff_id", "deputy_id", "since"))

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int
    deputy_id: int
    since: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)


class CustomerOwner(SQLModel, table=True):
    """Whose customer somebody is. Team and branch are the owner's, kept here so that every scope is one look-up."""

    __tablename__ = "customer_owner"
    __table_args__ = (
        Index("ix_owner_staff", "staff_id", "customer_id"),
        Index("ix_owner_team", "team_id", "customer_id"),
        Index("ix_owner_branch", "branch_id", "customer_id"),
    )

    customer_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    staff_id: int
    team_id: int | None = None
    branch_id: int | None = None
    since: datetime = Field(sa_type=Instant)
    #: What made them the owner: "scene", "assigned", "merge".
    cause: str


class Credential(SQLModel, table=True):
    """How somebody signs in to the console with a password."""

    staff_id: int = Field(primary_key=True)
    #: Argon2id, with its parameters and salt.
    password_hash: str
    changed_at: datetime = Field(sa_type=Instant)
    #: Wrong passwords since the last right one.
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)


class ConsoleSession(SQLModel, table=True):
    """One signed-in browser. Only the digest of its secret is kept."""

    __tablename__ = "console_session"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_session_staff", "staff_id"))

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    digest: bytes
    staff_id: int
    #: "password" or "wecom".
    method: str
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class ApiKey(SQLModel, table=True):
    """A key of another system. Only its digest is kept."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("digest"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: bytes
    #: What it permits, separated by spaces.
    permissions: str
    scope: str
    branch_id: int | None = None
    created_at: datetime = Field(sa_type=Instant)
    created_by: int | None = None
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class AuditEntry(SQLModel, table=True):
    """One thing that a person or a key read or changed, append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_subject", "subject", "subject_id", "id"),
        Index("ix_audit_staff", "staff_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    at: datetime = Field(sa_type=Instant)
    staff_id: int | None = None
    api_key_id: int | None = None
    #: Who it was, as they were called then.
    viewer: str
    role: str
    #: A verb: "read", "searched", "signed_in", "assigned" …
    action: str
    #: What it was done to: "customer", "conversation", "console" …
    subject: str
    subject_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    detail: str = ""


class Cursor(SQLModel, table=True):
    """How far a processor has read an account's log."""

    processor: str = Field(primary_key=True)
    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
