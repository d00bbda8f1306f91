"""Customers whose agent has left and who have another: told once a customer and change, as soon as they can be reached.

Measures for the Administration of Insurance Sales Conduct, article 36: within thirty days after the agent has left. The
rows are made in the transaction that ends the hand-over task (`storage.hand_overs`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, and_, cast, exists, literal, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import (
    CUSTOMER,
    CUSTOMER_OWNER,
    DELIVERY,
    IDENTITY,
    LEAVE_NOTICE,
    REACH,
    STAFF,
    TASK,
)
from storage.tables.delivery import DeliveryState

#: Notices of one round.
_ROUND: Final = 200
WAITING: Final = "waiting"
POSTED: Final = "posted"
_BEFORE: Final = STAFF.alias("before")


@value
class ReachableNotice:
    """A customer who can be told now: who left, who came, and through which account."""

    task_id: int
    customer_id: int
    left: str
    owner: str
    account_id: int
    external_id: str
    #: The customer wants the mode for the elderly.
    elder: bool


@value
class UntoldCustomer:
    """A customer who has another agent and does not know it."""

    customer_id: int
    left: str
    due_at: datetime
    #: "unreachable", or what became of the message: "refused", "failed", "unknown".
    why: str


def notice_key(task_id: int) -> str:
    """Return the idempotency key of a notice's message: once a customer and change."""
    return f"leave_notice:{task_id}"


class LeaveNotices:
    """Finds who can be told, and notes that they were. Each method raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reachable(self, accounts: Collection[int], *, least: int, now: datetime) -> list[ReachableNotice]:
        """Return customers who wait for their notice and can be written to on one of the accounts now.

        `least`: so many messages the platform must still allow. Who can be reached on several accounts is told on the
        one where they were last heard.
        """
        owner = CUSTOMER_OWNER.c.customer_id == LEAVE_NOTICE.c.customer_id
        query = (
            select(
                LEAVE_NOTICE.c.task_id,
                LEAVE_NOTICE.c.customer_id,
                _BEFORE.c.name.label("left"),
                STAFF.c.name.label("owner"),
                REACH.c.account_id,
                IDENTITY.c.external_id,
                IDENTITY.c.elder_since.is_not(None).label("elder"),
            )
            .join(CUSTOMER, and_(CUSTOMER.c.id == LEAVE_NOTICE.c.customer_id, CUSTOMER.c.merged_into.is_(None)))
            .join(_BEFORE, _BEFORE.c.id == LEAVE_NOTICE.c.staff_id)
            .join(CUSTOMER_OWNER, owner)
            .join(STAFF, and_(STAFF.c.id == CUSTOMER_OWNER.c.staff_id, STAFF.c.active))
            .join(IDENTITY, IDENTITY.c.customer_id == LEAVE_NOTICE.c.customer_id)
            .join(REACH, REACH.c.identity_id == IDENTITY.c.id)
            .where(
                LEAVE_NOTICE.c.state == WAITING,
                REACH.c.account_id.in_(sorted(accounts)),
                or_(REACH.c.followed.is_(None), REACH.c.followed),
                REACH.c.unreachable.is_(None),
                REACH.c.quota_left >= least,
                REACH.c.quota_until > now,
            )
            .order_by(LEAVE_NOTICE.c.task_id, REACH.c.last_at.desc())
            .limit(_ROUND)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        first: dict[int, ReachableNotice] = {}
        for row in rows:
            first.setdefault(row.task_id, ReachableNotice(**row._mapping))
        return list(first.values())

    async def posted(self, notice: ReachableNotice, *, now: datetime) -> None:
        """Note that a notice stands in the outbox."""
        mine = update(LEAVE_NOTICE).where(LEAVE_NOTICE.c.task_id == notice.task_id, LEAVE_NOTICE.c.state == WAITING)
        values = {"state": POSTED, "posted_at": now, "account_id": notice.account_id}

        async def apply(connection: Connection) -> None:
            await connection.execute(mine.values(**values))

        await self._database.write(apply)

    async def untold(self, *, limit: int) -> list[UntoldCustomer]:
        """Return customers who were not told, those whose time ends first at the front."""
        key = literal("leave_notice:", String()) + cast(LEAVE_NOTICE.c.task_id, String())
        ends = (DeliveryState.REFUSED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
        lost = and_(DELIVERY.c.idempotency_key == key, DELIVERY.c.state.in_(ends))
        query = (
            select(LEAVE_NOTICE.c.customer_id, _BEFORE.c.name.label("left"), LEAVE_NOTICE.c.due_at, DELIVERY.c.state)
            .join(_BEFORE, _BEFORE.c.id == LEAVE_NOTICE.c.staff_id)
            .outerjoin(DELIVERY, lost)
            .where(or_(LEAVE_NOTICE.c.state == WAITING, DELIVERY.c.id.is_not(None)))
            .order_by(LEAVE_NOTICE.c.due_at, LEAVE_NOTICE.c.task_id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [
                UntoldCustomer(
                    customer_id=row.customer_id, left=row.left, due_at=row.due_at, why=row.state or "unreachable"
                )
                for row in await connection.execute(query)
            ]


async def note_handed_over(connection: Connection, settled: Any, *, now: datetime) -> None:
    """Make a notice for each hand-over task of the condition `settled`: its customer has an active owner again."""
    living = exists().where(CUSTOMER.c.id == TASK.c.customer_id, CUSTOMER.c.merged_into.is_(None))
    rows = select(
        TASK.c.id,
        TASK.c.customer_id,
        TASK.c.left_id,
        literal(WAITING),
        literal(now, TASK.c.due_at.type),
        TASK.c.due_at,
    ).where(settled, living, TASK.c.left_id.is_not(None))
    names = ["task_id", "customer_id", "staff_id", "state", "created_at", "due_at"]
    statement = upsert(connection.dialect)(LEAVE_NOTICE).from_select(names, rows).on_conflict_do_nothing()
    await connection.execute(statement)
