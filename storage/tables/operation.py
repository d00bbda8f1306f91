"""What the processes need among themselves: access tokens and leader leases."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant


class AccessToken(SQLModel, table=True):
    """A platform's access token, shared by all processes; one of them refreshes it at a time."""

    __tablename__ = "access_token"

    key: str = Field(primary_key=True)
    value: str | None = None
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Grows with each new value.
    version: int = 0
    refresh_holder: str | None = None
    refresh_until: datetime | None = Field(default=None, sa_type=Instant)


class Leader(SQLModel, table=True):
    """Who runs the ticks of a role; changed by conditional update, with an epoch that grows at each change."""

    role: str = Field(primary_key=True)
    holder: str
    lease_until: datetime = Field(sa_type=Instant)
    epoch: int = 1
