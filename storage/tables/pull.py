"""Accounts whose messages are fetched from the platform: up to where, whether more waits, and who fetches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant


class Pull(SQLModel, table=True):
    """One account's place in the platform's feed of its messages."""

    account_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: The platform's word for what was read; written when that is in the log. None: nothing yet.
    cursor: str | None = None
    #: How often the platform has told that something waits, and how often when the last complete pull began.
    rings: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    heard: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    #: What the newest of these brought to fetch with, and when.
    token: str | None = None
    rung_at: datetime | None = Field(default=None, sa_type=Instant)
    #: When the account stood first in our books: what was said before is history.
    began_at: datetime = Field(sa_type=Instant)
    #: When a pull came to its end last.
    pulled_at: datetime | None = Field(default=None, sa_type=Instant)
    holder: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    #: Grows with each lease; a holder whose epoch is past has lost it.
    epoch: int = 0
