"""The index of the words in the log: which stretches of an account's log are indexed, and where each pair stands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant


class SearchBlock(SQLModel, table=True):
    """A stretch of one account's log that is indexed: `size` rows from `first_seq` on."""

    __tablename__ = "search_block"
    __table_args__ = (Index("ix_search_block_order", "account_id", "first_seq"),)

    account_id: int = Field(primary_key=True)
    size: int = Field(primary_key=True)
    first_seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: A larger block took its place, or the index is made anew; its rows are about to be deleted.
    is_live: bool = True
    #: The times of its first and its last message by the messages' own times; a search in another time skips it.
    since: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)


class SearchPosting(SQLModel, table=True):
    """Where the pairs that begin with one character stand in one block."""

    __tablename__ = "search_posting"

    account_id: int = Field(primary_key=True)
    size: int = Field(primary_key=True)
    first_seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: The first character's code point.
    lead: int = Field(primary_key=True)
    #: By second character the rows of the block (`storage/search_blocks.py`).
    packed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
