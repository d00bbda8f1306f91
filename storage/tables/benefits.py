"""Benefits: the catalogue, and one row a unit of stock. How much there is of anything is a count of states."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Index,
    LargeBinary,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_RESERVED = "state = 'reserved'"
_GRANTED = "state = 'granted'"
#: Somebody has it or had it.
_CLAIMED = "granted_at IS NOT NULL"


#: As values of a statement: SQLite uses a partial index only when it sees the index's own words.
IS_RESERVED: ColumnElement[str] = literal_column("'reserved'")
IS_GRANTED: ColumnElement[str] = literal_column("'granted'")


class UnitState(StrEnum):
    """available → reserved (delivery) → granted → redeemed → reversed; reserved → available; granted → expired.

    See docs/states.md.
    """

    AVAILABLE = "available"
    RESERVED = "reserved"
    GRANTED = "granted"
    REDEEMED = "redeemed"
    REVERSED = "reversed"
    EXPIRED = "expired"


class Benefit(SQLModel, table=True):
    """One benefit of the catalogue. Money in fen."""

    __table_args__ = (UniqueConstraint("key"), UniqueConstraint("name"))

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    #: The id that its author gave it.
    key: str
    title: str
    #: The title in its normal form: customers name it, so there is one of that name.
    name: str
    #: The branch that owns it; None: head office.
    branch_id: int | None = None
    supplier: str
    cost: int = Field(sa_column=Column(BigInteger, nullable=False))
    value: int = Field(sa_column=Column(BigInteger, nullable=False))
    valid_from: date | None = Field(default=None, sa_type=Date)
    valid_until: date | None = Field(default=None, sa_type=Date)
    valid_days: int | None = None
    #: The conditions of who may claim, as JSON (`content.benefits.Eligibility`).
    eligibility: str
    guide: str
    per_person: int | None = None
    per_holder: int | None = None
    spend_cap: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: "file": benefits.yaml; "staff": made in the console, by the API or a command.
    source: str
    is_open: bool = Field(sa_column=Column(Boolean, nullable=False))
    created_at: datetime = Field(sa_type=Instant)


class BenefitUnit(SQLModel, table=True):
    """One of it, with its code."""

    __tablename__ = "benefit_unit"
    __table_args__ = (
        UniqueConstraint("digest"),
        UniqueConstraint("claim_key"),
        Index("ix_benefit_unit_stock", "benefit_id", "state", "id"),
        Index(
            "ix_benefit_unit_claims",
            "benefit_id",
            "id",
            sqlite_where=text(_CLAIMED),
            postgresql_where=text(_CLAIMED),
        ),
        Index("ix_benefit_unit_identity", "identity_id", "id"),
        Index("ix_benefit_unit_holder", "holder", "benefit_id"),
        Index(
            "ix_benefit_unit_delivery",
            "delivery_id",
            unique=True,
            sqlite_where=text(_RESERVED),
            postgresql_where=text(_RESERVED),
        ),
        Index("ix_benefit_unit_expiry", "expires_at", sqlite_where=text(_GRANTED), postgresql_where=text(_GRANTED)),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    benefit_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: As it was made or imported; None once its person was erased.
    code: str | None = None
    #: SHA-256 of the code as it is compared: it finds the unit, and keeps a code from being used again.
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str
    #: Whose message holds it while it is reserved.
    delivery_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    identity_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: The holder of the policy source that the person was bound to.
    holder: str | None = None
    #: The message that claimed it, as ACCOUNT:SEQ, or the unit it stands for: a turn made anew finds it by this.
    claim_key: str | None = None
    reserved_at: datetime | None = Field(default=None, sa_type=Instant)
    granted_at: datetime | None = Field(default=None, sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    redeemed_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Who took it, where, and under which word of theirs.
    redeemed_by: str | None = None
    redeemed_place: str | None = None
    redeem_key: str | None = None
    reversed_at: datetime | None = Field(default=None, sa_type=Instant)
    expired_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Why it was reversed, or expired before its time.
    reason: str | None = None
    reminded_at: datetime | None = Field(default=None, sa_type=Instant)
