"""The outbox: messages that leave through a platform's API, and each attempt to send them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, false, literal_column, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

OPEN_STATES = "('due', 'claimed', 'attempting', 'retry')"
OPEN_WORDS: tuple[str, ...] = tuple(word.strip("'") for word in OPEN_STATES.strip("()").split(", "))
#: The same as values of a statement: SQLite uses a partial index only when it sees the index's own words.
OPEN: tuple[ColumnElement[str], ...] = tuple(literal_column(f"'{word}'") for word in OPEN_WORDS)


#: Messages that advertise, as an index sees them: few beside those that serve.
IS_MARKETING = "purpose = 'marketing'"
#: Begins the idempotency key of every message that tries reviewed content out, and such messages as an index sees them:
#: few beside a million of a campaign.
TRIAL = "content-trial"
IS_TRIAL = f"substr(idempotency_key, 1, {len(TRIAL) + 1}) = '{TRIAL}:'"
#: Reasons of attempts after which nobody knows whether the message arrived.
DOUBTFUL = ("outcome_unknown", "unexpected")


class DeliveryState(StrEnum):
    """planned → due → claimed → attempting → sent | retry | refused | failed | unknown; sent → undelivered.

    See docs/states.md.
    """

    DUE = "due"
    CLAIMED = "claimed"
    ATTEMPTING = "attempting"
    RETRY = "retry"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    #: Accepted, and then reported as not delivered.
    UNDELIVERED = "undelivered"


class Delivery(SQLModel, table=True):
    """One outgoing message's way to one person. Its words are the log's message (account_id, out_seq)."""

    __table_args__ = (
        Index(
            "ix_delivery_open",
            "due_at",
            sqlite_where=text(f"state IN {OPEN_STATES}"),
            postgresql_where=text(f"state IN {OPEN_STATES}"),
        ),
        Index("ix_delivery_person", "account_id", "identity_id", "id"),
        Index(
            "ix_delivery_marketing",
            "identity_id",
            "id",
            sqlite_where=text(IS_MARKETING),
            postgresql_where=text(IS_MARKETING),
        ),
        Index(
            "ix_delivery_content",
            "content_version_id",
            "due_at",
            "id",
            sqlite_where=text(f"state IN {OPEN_STATES}"),
            postgresql_where=text(f"state IN {OPEN_STATES}"),
        ),
        Index(
            "ix_delivery_trial",
            "content_version_id",
            "id",
            sqlite_where=text(IS_TRIAL),
            postgresql_where=text(IS_TRIAL),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    account_id: int
    out_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: Against repeats: unique here, and handed to the platform where it knows such a key.
    idempotency_key: str = Field(unique=True)
    purpose: str
    #: What marketing is about (`content.marketing`); None: nothing that is told apart.
    topic: str | None = None
    #: The reviewed content it was made of; it leaves only while that version is approved, unexpired and not stopped.
    content_version_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    #: "bot" or "person": a person may use the reserve of the reply quota.
    author: str
    state: str
    due_at: datetime = Field(sa_type=Instant)
    holder: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    api: str | None = None
    attempts: int = 0
    #: Why it was refused, failed, is unknown or waits.
    reason: str | None = None
    platform_id: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    #: A unit of a benefit is reserved for it: settling it decides about that, too (`storage/benefit_reserving.py`).
    has_unit: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class DeliveryAttempt(SQLModel, table=True):
    """One attempt: written before a byte leaves, completed when the answer is known."""

    __tablename__ = "delivery_attempt"

    delivery_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    n: int = Field(primary_key=True)
    api: str
    started_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    #: The state it led to, None while under way or when the process died.
    outcome: str | None = None
    code: int | None = None
    detail: str | None = None
