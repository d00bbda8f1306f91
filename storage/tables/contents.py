"""Reviewed content: items, their versions on the way through review, stops, and the pictures they show."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ColumnElement, Index, LargeBinary, UniqueConstraint, literal_column, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_WORKING = "state IN ('draft', 'in_review', 'returned')"
_APPROVED = "state = 'approved'"
_STANDS = "lifted_at IS NULL"


class VersionState(StrEnum):
    """draft → in_review → approved | returned; in_review → draft; returned → draft; approved → replaced | withdrawn.

    See docs/states.md, Notes. Expiry is no state: it is read from `expires_at`.
    """

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


#: States in which a version is worked on; an item has one such version at most.
WORKING: tuple[ColumnElement[str], ...] = tuple(literal_column(f"'{s}'") for s in ("draft", "in_review", "returned"))
#: States in which words may be changed; a trigger refuses it in all others (migration 0018).
EDITABLE = (VersionState.DRAFT, VersionState.RETURNED)


class ContentItem(SQLModel, table=True):
    """One thing that is sent again and again, in one version after the other."""

    __tablename__ = "content_item"
    __table_args__ = (Index("ix_content_item_branch", "branch_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    #: What people and files call it.
    key: str = Field(unique=True)
    kind: str
    #: The author's branch when it was made; None: head office.
    branch_id: int | None = None
    created_by: int
    created_at: datetime = Field(sa_type=Instant)


class ContentVersion(SQLModel, table=True):
    """One version: words, who wrote and who approved them, and until when they may go out."""

    __tablename__ = "content_version"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        Index(
            "ix_content_version_working",
            "item_id",
            unique=True,
            sqlite_where=text(_WORKING),
            postgresql_where=text(_WORKING),
        ),
        Index(
            "ix_content_version_approved",
            "item_id",
            unique=True,
            sqlite_where=text(_APPROVED),
            postgresql_where=text(_APPROVED),
        ),
        Index("ix_content_version_product", "product_key", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    item_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    number: int
    state: str
    #: Counts every change and every move; a form that was made of an older one changes nothing.
    revision: int
    #: The words (`content.piece`), as JSON, and their SHA-256.
    spec: str
    digest: str
    #: The product that it names in the form it is compared in; "" for none.
    product_key: str
    author_id: int
    editor_id: int
    #: Ids of everybody who wrote at this version, below zero those of API keys, as a JSON list: none may approve it.
    hands: str
    created_at: datetime = Field(sa_type=Instant)
    edited_at: datetime = Field(sa_type=Instant)
    #: What the machine found (`content.finding`), by which rules, and the author's reasons by finding, as JSON.
    findings: str
    rules: str
    answers: str
    submitted_by: int | None = None
    submitted_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Who approved or returned it, and why it was returned.
    reviewer_id: int | None = None
    reviewed_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str | None = None
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    #: When it was replaced or withdrawn, and by whom.
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_by: int | None = None


class ContentStop(SQLModel, table=True):
    """One stop of an item or a product; while it stands, nothing of it leaves."""

    __tablename__ = "content_stop"
    __table_args__ = (
        Index(
            "ix_content_stop_item", "item_id", unique=True, sqlite_where=text(_STANDS), postgresql_where=text(_STANDS)
        ),
        Index(
            "ix_content_stop_product",
            "product_key",
            unique=True,
            sqlite_where=text(_STANDS),
            postgresql_where=text(_STANDS),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    #: One of the two is there.
    item_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    product_key: str | None = None
    #: As somebody wrote it.
    product: str | None = None
    reason: str
    #: None: a command on the machine.
    stopped_by: int | None = None
    stopped_at: datetime = Field(sa_type=Instant)
    #: Outbox rows that waited then.
    waiting: int
    lifted_by: int | None = None
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)


class ContentPicture(SQLModel, table=True):
    """One picture under the digest of its bytes; in the database every process has it, and so does a backup."""

    __tablename__ = "content_picture"

    digest: str = Field(primary_key=True)
    content_type: str
    width: int
    height: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    added_by: int | None = None
    added_at: datetime = Field(sa_type=Instant)
