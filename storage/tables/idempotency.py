"""Writes of the API that were asked for, each once a key and word of the client, with the answer that was given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant


class Idempotency(SQLModel, table=True):
    """One write under the idempotency key of a client; without an answer it is in progress, or was interrupted."""

    __table_args__ = (Index("ix_idempotency_claimed", "claimed_at"),)

    api_key_id: int = Field(primary_key=True)
    #: The client's own word for the write, 1 to 128 visible ASCII characters.
    key: str = Field(primary_key=True)
    #: SHA-256 of what was asked for.
    fingerprint: bytes
    claimed_at: datetime = Field(sa_type=Instant)
    #: Of the answer: its HTTP status and body, as they were sent.
    status: int | None = None
    body: bytes | None = None
