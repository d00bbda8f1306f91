"""What must be forgotten: erasures with their reports, what the law keeps of them, legal holds, links to one's data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_OPEN = "state IN ('requested', 'locked', 'destroyed')"
_HELD = "released_at IS NULL"


class ErasureState(StrEnum):
    """requested → locked → destroyed → confirmed; confirmed → locked when what the law kept may go (docs/states.md)."""

    REQUESTED = "requested"
    LOCKED = "locked"
    DESTROYED = "destroyed"
    CONFIRMED = "confirmed"


#: Written into statements as they are: SQLite uses a partial index only when it sees the index's own words.
OPEN_ERASURES: tuple[ColumnElement[str], ...] = tuple(
    literal_column(f"'{state}'") for state in ("requested", "locked", "destroyed")
)


class Erasure(SQLModel, table=True):
    """One customer who is to be forgotten. A customer has one at most that is not confirmed."""

    __table_args__ = (
        Index("ix_erasure_open", "customer_id", unique=True, sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    #: "chat", "staff", "restore".
    origin: str
    #: Who asked: the member of staff, "customer" or "restore"; and why.
    requested_by: str
    reason: str
    requested_at: datetime = Field(sa_type=Instant)
    #: Not before: the answer to the request must reach the person first.
    lock_after: datetime = Field(sa_type=Instant)
    #: By when it must be confirmed.
    due_at: datetime = Field(sa_type=Instant)
    locked_at: datetime | None = Field(default=None, sa_type=Instant)
    destroyed_at: datetime | None = Field(default=None, sa_type=Instant)
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    #: What is frozen instead of destroyed: the class, why, until when (None: as long as a hold stands).
    kept_class: str | None = None
    kept_reason: str | None = None
    kept_until: datetime | None = Field(default=None, sa_type=Instant)
    #: JSON: what went, by table, and what is kept.
    report: str | None = Field(default=None, sa_column=Column(Text))


class ErasedIdentity(SQLModel, table=True):
    """Which identities an erasure took; what they were called only while the law keeps their contents."""

    __tablename__ = "erased_identity"

    identity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    erasure_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    realm: str | None = None
    external_id: str | None = None
    union_id: str | None = None


class FrozenContent(SQLModel, table=True):
    """A content out of everybody's sight: on its way to destruction, or kept because the law says so."""

    __tablename__ = "frozen_content"
    __table_args__ = (Index("ix_frozen_erasure", "erasure_id"),)

    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    month: int
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    fields: str = Field(sa_column=Column(Text, nullable=False))
    erasure_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class LegalHold(SQLModel, table=True):
    """Compliance's word that nothing of a customer may be destroyed. A customer has one at most that stands."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        Index("ix_hold", "customer_id", unique=True, sqlite_where=text(_HELD), postgresql_where=text(_HELD)),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str
    placed_by: str
    placed_at: datetime = Field(sa_type=Instant)
    released_by: str | None = None
    released_reason: str | None = None
    released_at: datetime | None = Field(default=None, sa_type=Instant)


class ExportLink(SQLModel, table=True):
    """A way to one's own data, once. Only the digest of its secret is kept."""

    __tablename__ = "export_link"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_export_customer", "customer_id"))

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    digest: bytes
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
