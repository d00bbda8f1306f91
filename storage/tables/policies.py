"""Who is bound to which holder of the policy source, the second step, and the last drop of files."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Date, Index, text
from sqlmodel import Field, SQLModel

from storage.tables.instant import Instant
from storage.tables.people import BIG_KEY

_BOUND = "unbound_at IS NULL"


class PolicyBinding(SQLModel, table=True):
    """A customer is a holder of the policy source. One at a time; earlier ones stay with their end."""

    __tablename__ = "policy_binding"
    __table_args__ = (
        Index("ix_policy_bound", "customer_id", unique=True, sqlite_where=text(_BOUND), postgresql_where=text(_BOUND)),
        # A list names its customers by holders.
        Index("ix_policy_holder", "holder", sqlite_where=text(_BOUND), postgresql_where=text(_BOUND)),
    )

    id: int | None = Field(default=None, sa_column=Column(BIG_KEY, primary_key=True))
    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    holder: str
    bound_at: datetime = Field(sa_type=Instant)
    #: "chat", or who did it.
    cause: str
    unbound_at: datetime | None = Field(default=None, sa_type=Instant)


class PolicyCheck(SQLModel, table=True):
    """The second step of one person on one holder: a code under way, or until when they are known."""

    __tablename__ = "policy_check"

    identity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    holder: str
    #: Of what the code was made with the installation's key; the code itself is nowhere.
    seed: str
    code_until: datetime = Field(sa_type=Instant)
    tries: int = 0
    #: What was asked when the code was sent, answered when it comes.
    wish: str
    known_until: datetime | None = Field(default=None, sa_type=Instant)


class PolicyTry(SQLModel, table=True):
    """One attempt to bind or one code that was sent, so that they can be counted over a day."""

    __tablename__ = "policy_try"
    __table_args__ = (Index("ix_policy_try", "identity_id", "kind", "at"),)

    identity_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str = Field(primary_key=True)
    #: The message that made it: a turn that is made anew counts once.
    key: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)


class PolicyDrop(SQLModel, table=True):
    """One nightly drop of files. Exactly one is current; others are being loaded or cleared away."""

    __tablename__ = "policy_drop"

    id: int | None = Field(default=None, primary_key=True)
    as_of: datetime = Field(sa_type=Instant)
    loaded_at: datetime = Field(sa_type=Instant)
    is_current: bool = False


class DroppedHolder(SQLModel, table=True):
    """A holder as the drop has them."""

    __tablename__ = "dropped_holder"

    drop_id: int = Field(primary_key=True)
    holder: str = Field(primary_key=True)
    name: str
    id_tail: str
    phone: str


class DroppedPolicy(SQLModel, table=True):
    """A policy as the drop has it."""

    __tablename__ = "dropped_policy"
    __table_args__ = (Index("ix_dropped_policy", "drop_id", "holder"),)

    drop_id: int = Field(primary_key=True)
    number: str = Field(primary_key=True)
    holder: str
    product: str
    insured: str
    status: str
    start: date | None = Field(default=None, sa_type=Date)
    end: date | None = Field(default=None, sa_type=Date)
    premium: str | None = None
    paid_until: date | None = Field(default=None, sa_type=Date)
    next_due: date | None = Field(default=None, sa_type=Date)
    sum_insured: str | None = None
    callback_due: date | None = Field(default=None, sa_type=Date)


class DroppedCase(SQLModel, table=True):
    """A service case as the drop has it."""

    __tablename__ = "dropped_case"
    __table_args__ = (Index("ix_dropped_case", "drop_id", "holder"),)

    drop_id: int = Field(primary_key=True)
    number: str = Field(primary_key=True)
    holder: str
    kind: str
    step: str
    since: date | None = Field(default=None, sa_type=Date)
    next_step: str = ""
