"""The served accounts. An account's row is the lock under which its messages get their `seq`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel


class Account(SQLModel, table=True):
    """One official account or WeCom application."""

    id: int | None = Field(default=None, primary_key=True)
    #: Name in the settings; part of the callback path.
    name: str = Field(unique=True)
    channel: str
    #: appid or corpid: where an external id is unique.
    realm: str
    title: str
    #: The highest `seq` given out; the log of an account has no gaps.
    last_seq: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
