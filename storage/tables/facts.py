"""Facts: what a source says of a customer, append-only; what they come to; the lists they came from; segments."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Date, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

#: In the place of "never": so that a comparison with now needs no OR.
NEVER: int = 2**63 - 1


def _of(column: str) -> Index:
    """Return the index by which a segment finds the customers with a value; each row has one of the three."""
    where = text(f"{column} IS NOT NULL")
    names = ("attribute", column, "customer_id", "until")
    return Index(f"ix_current_{column}", *names, sqlite_where=where, postgresql_where=where)


class Fact(SQLModel, table=True):
    """One statement of one source; a trigger refuses every change (migration 0017).

    With `identity_id` it is about whoever has that identity, so it goes with it when customers are merged or parted;
    without, it is about the customer and all who were merged into them.
    """

    __table_args__ = (
        Index("ix_fact_customer", "customer_id", "attribute"),
        Index("ix_fact_identity", "identity_id", "attribute"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    #: What makes the same statement of the same evidence one: BLAKE2b-128.
    key: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False, unique=True))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    identity_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    attribute: str
    #: Whether the attribute holds several values at once.
    is_many: bool
    #: self, spouse, child:n, parent.
    subject: str
    #: As JSON; and what is compared.
    value: str = Field(sa_column=Column(Text, nullable=False))
    word: str | None = None
    number: float | None = None
    day: date | None = Field(default=None, sa_type=Date)
    unit: str | None = None
    #: "+" or "-".
    polarity: str
    confidence: float
    source: str
    source_rank: int
    #: Of what read it out of words; None: nobody had to.
    extractor_version: str | None = None
    #: Where it stands, as JSON: a list with its row, a form with its entry.
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    observed_at: datetime = Field(sa_type=Instant)
    valid_from: datetime | None = Field(default=None, sa_type=Instant)
    #: Until when it says something: the source's own end, or the attribute's `days` after it was observed.
    valid_to: datetime | None = Field(default=None, sa_type=Instant)
    #: As it was taken: active. What a statement came to is in `fact_current`.
    status: str
    #: What allowed it: "sensitive" (the customer's consent), "insurer" (its own records), "entry" (they filled it in).
    consent_basis: str
    recorded_at: datetime = Field(sa_type=Instant)


class FactCurrent(SQLModel, table=True):
    """What holds now of one attribute, subject and value of a customer; made of `fact`, in the same transaction."""

    __tablename__ = "fact_current"
    __table_args__ = (_of("word"), _of("number"), {"sqlite_with_rowid": False})

    customer_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    attribute: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    #: None unless it holds: what is disputed or denied is found by no segment.
    word: str | None = None
    #: Of a day month and day, MMDD.
    number: float | None = None
    day: date | None = Field(default=None, sa_type=Date)
    polarity: str
    confidence: float
    source: str
    fact_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    observed_at: datetime = Field(sa_type=Instant)
    #: Until when, in microseconds since 1970; `NEVER` without an end.
    until: int = Field(sa_column=Column(BigInteger, nullable=False))
    status: str


class FactList(SQLModel, table=True):
    """One list that was read; its digest is its name, so the same file is the same list."""

    __tablename__ = "fact_list"

    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    name: str
    source: str
    #: As of when its values are.
    as_of: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    created_by: str


class SegmentVersion(SQLModel, table=True):
    """One version of a segment that was made in the console or over the API, append-only; the highest counts."""

    __tablename__ = "segment_version"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    title: str
    note: str
    #: As JSON; None: it was taken away.
    rule: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(sa_type=Instant)
    created_by: str
    staff_id: int | None = None
    api_key_id: int | None = None
