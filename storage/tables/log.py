"""The log: what was said and done, immutable. Contents stand apart: they can be destroyed, the chain holds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY


class Message(SQLModel, table=True):
    """One message or event, in or out; never updated, never deleted. Partitioned by month on PostgreSQL."""

    __table_args__ = (
        Index("ix_message_conversation", "conversation_id", "seq"),
        {"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (month)"},
    )

    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: The platform's month (Asia/Shanghai) as yyyymm: the partition key.
    month: int = Field(primary_key=True)
    direction: str
    kind: str
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    conversation_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: The platform's time for what came in, ours for what goes out.
    sent_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    #: Of an outgoing message: why, against repeats, from which authored version.
    purpose: str | None = None
    idempotency_key: str | None = None
    content_version: str | None = None
    #: SHA-256 over salt and content; what the chain covers.
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Content(SQLModel, table=True):
    """What a message says. Erasure and expiry delete the row, salt included."""

    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (month)"},)

    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    month: int = Field(primary_key=True)
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    #: The message's fields as JSON, characters unescaped.
    fields: str = Field(sa_column=Column(Text, nullable=False))


class MessageKey(SQLModel, table=True):
    """Which platform identities are in the log; spans the partitions."""

    __tablename__ = "message_key"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: int = Field(primary_key=True)
    #: The platform's second and BLAKE2b-128 of the composite identity, which itself names a person.
    key: bytes = Field(sa_column=Column(LargeBinary(20), primary_key=True))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))


class Conversation(SQLModel, table=True):
    """Messages between a person and a seller or the bot on one account; six hours of silence close it."""

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    account_id: int
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    opened_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class Seal(SQLModel, table=True):
    """One sealed batch of an account's log: the chain's head after its rows. Heads are also written outside."""

    account_id: int = Field(primary_key=True)
    to_seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    from_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    head: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed_at: datetime = Field(sa_type=Instant)
