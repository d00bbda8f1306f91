"""Who is served and who serves: customers, their identities, how each can be reached, consents, staff, attribution."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant

#: Integers that SQLite must call INTEGER to number rows by itself.
BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")


class Customer(SQLModel, table=True):
    """One person, however many identities they have."""

    __table_args__ = (
        # Who was merged into somebody is asked for whoever facts are written of: of all customers it is a few.
        Index(
            "ix_customer_merged",
            "merged_into",
            sqlite_where=text("merged_into IS NOT NULL"),
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    created_at: datetime = Field(sa_type=Instant)
    #: The customer this one was merged into; such a row has no identities left.
    merged_into: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: When everything about them was put out of use; the row stays as a number without a person.
    erased_at: datetime | None = Field(default=None, sa_type=Instant)


class Identity(SQLModel, table=True):
    """One person's id in one realm."""

    __table_args__ = (
        UniqueConstraint("realm", "external_id"),
        Index("ix_identity_union", "union_id"),
        Index(
            "ix_identity_unasked",
            "realm",
            "id",
            sqlite_where=text("union_checked_at IS NULL"),
            postgresql_where=text("union_checked_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    realm: str
    external_id: str
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    #: The platform's id of the person across the realms of one subject.
    union_id: str | None = None
    created_at: datetime = Field(sa_type=Instant)
    #: When the platform was last asked for the unionid.
    union_checked_at: datetime | None = Field(default=None, sa_type=Instant)
    #: Since when the customer wants the mode for the elderly, by their own words; alike on all of their identities.
    elder_since: datetime | None = Field(default=None, sa_type=Instant)


class CustomerMerge(SQLModel, table=True):
    """One identity that moved from one customer to another, append-only; enough to undo it."""

    __tablename__ = "customer_merge"

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    from_customer: int = Field(sa_column=Column(BigInteger, nullable=False))
    to_customer: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: "unionid" or the words of whoever merged them.
    cause: str
    at: datetime = Field(sa_type=Instant)


class Reach(SQLModel, table=True):
    """How one identity can be reached on one account: following, quota, and who holds its conversation."""

    account_id: int = Field(primary_key=True)
    identity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    #: None while the account was never followed nor left in our sight.
    followed: bool | None = None
    #: The platform's time of the act that says so; an older one that comes late changes nothing.
    followed_at: datetime | None = Field(default=None, sa_type=Instant)
    #: The open conversation and when it last heard something.
    conversation_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_at: datetime = Field(sa_type=Instant)
    #: Active messages the platform still allows, and until when.
    quota_left: int = 0
    quota_until: datetime | None = Field(default=None, sa_type=Instant)
    #: Why the person cannot be reached, as the platform last said; cleared when they act.
    unreachable: str | None = None
    #: Who serves them at the platform itself (kf), and until when that counts at most; the bot is silent.
    served_by: str | None = None
    served_until: datetime | None = Field(default=None, sa_type=Instant)
    #: One holder handles the conversation at a time.
    holder: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    #: Grows with each lease; a holder whose epoch is past has lost it.
    epoch: int = 0
    #: The open handover and its state, read with the rest when a message is recorded; None without one.
    handover_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    handover_state: str | None = None
    #: The call-back whose question was asked last, read in the same way; None: none runs.
    callback_id: int | None = Field(default=None, sa_column=Column(BigInteger))


class ConsentEntry(SQLModel, table=True):
    """One step of one consent, append-only; the latest row of a customer and consent counts."""

    __tablename__ = "consent_entry"
    __table_args__ = (Index("ix_consent_latest", "customer_id", "consent", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    consent: str
    state: str
    text_version: str
    #: The message in which the customer said so.
    account_id: int | None = None
    seq: int | None = Field(default=None, sa_column=Column(BigInteger))
    at: datetime = Field(sa_type=Instant)


class MarketingChoiceEntry(SQLModel, table=True):
    """One choice about marketing, append-only: of a topic or of the frequency; see `storage.preferences`."""

    __tablename__ = "marketing_choice_entry"
    __table_args__ = (Index("ix_marketing_choice_customer", "customer_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: None: the choice is of the frequency.
    topic: str | None = None
    #: "taken" or "refused", or the frequency's id, with its limit as it was then (None: none).
    choice: str
    messages: int | None = None
    days: int | None = None
    #: Version of the content that the customer chose from; empty in what a merge noted.
    text_version: str
    #: The message in which the customer said so.
    account_id: int | None = None
    seq: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: The customer who had chosen it before they were merged into this one.
    merged_from: int | None = Field(default=None, sa_column=Column(BigInteger))
    at: datetime = Field(sa_type=Instant)


class Attribution(SQLModel, table=True):
    """Where a contact came from: the scene of the scanned code, with the campaign and agent it names."""

    __table_args__ = (Index("ix_attribution_identity", "identity_id"),)

    account_id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    identity_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    scene: str
    campaign: str | None = None
    agent: str | None = None
    at: datetime = Field(sa_type=Instant)


class Staff(SQLModel, table=True):
    """Who works for the insurer, bound by the WeCom userid."""

    __table_args__ = (UniqueConstraint("realm", "userid"),)

    id: int | None = Field(default=None, primary_key=True)
    realm: str
    #: Lower-cased: the platform answers with lower-case ids.
    userid: str
    name: str
    role: str
    #: The branch as it is called.
    branch: str
    active: bool = True
    #: Who says that they work here: "settings", "import", "wecom".
    source: str = "settings"
    #: How far they see, where that is not what their role usually does.
    scope: str | None = None
    branch_id: int | None = None
    team_id: int | None = None
    #: When they were found to have left.
    left_at: datetime | None = Field(default=None, sa_type=Instant)
    #: When a list of WeCom's members last named them; None for who was never looked for there.
    seen_at: datetime | None = Field(default=None, sa_type=Instant)
