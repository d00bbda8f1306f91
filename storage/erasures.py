"""Erasures: asked for, found by the job, shown to staff; each step forward is one conditional update."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.errors import OutOfScope
from storage.people import upsert
from storage.tables import CUSTOMER, ERASURE, IDENTITY, LEGAL_HOLD, REACH, REPLY, TASK, WORK
from storage.tables.erasure import OPEN_ERASURES, ErasureState
from storage.tables.work import OPEN_REPLIES, READY
from storage.viewer import Viewer


@value
class Kept:
    """What the law keeps: of which class, why, until when; None: as long as a hold stands."""

    category: str
    reason: str
    until: datetime | None


@value
class ErasureRow:
    """One erasure as the job and staff see it."""

    id: int
    customer_id: int
    state: ErasureState
    origin: str
    requested_by: str
    reason: str
    requested_at: datetime
    lock_after: datetime
    due_at: datetime
    locked_at: datetime | None
    destroyed_at: datetime | None
    confirmed_at: datetime | None
    kept: Kept | None
    #: What went, by table, and what is left; empty until it is destroyed.
    report: dict[str, Any]


@value
class Wish:
    """An erasure as it is asked for."""

    customer_id: int
    origin: str
    requested_by: str
    reason: str
    now: datetime
    lock_after: datetime
    due_at: datetime


class Erasures:
    """Writes wishes, finds what is to be done, moves the states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def request(self, wish: Wish, *, viewer: Viewer | None = None) -> int:
        """Ask for an erasure; return its number, that of the one under way when there is one.

        `viewer`: whoever asks for somebody else; noted in the audit. Raises OutOfScope for a customer who is not there.
        """

        async def apply(connection: Connection) -> int:
            living = select(CUSTOMER.c.id).where(
                CUSTOMER.c.id == wish.customer_id, CUSTOMER.c.merged_into.is_(None), CUSTOMER.c.erased_at.is_(None)
            )
            if viewer is not None:
                living = living.where(viewer.sees_customer(CUSTOMER.c.id))
            if (await connection.execute(living)).first() is None:
                raise OutOfScope(f"there is no living customer {wish.customer_id}; `zhike customer find` shows them")
            fresh = upsert(connection.dialect)(ERASURE).values(
                customer_id=wish.customer_id,
                state=ErasureState.REQUESTED,
                origin=wish.origin,
                requested_by=wish.requested_by,
                reason=wish.reason,
                requested_at=wish.now,
                lock_after=wish.lock_after,
                due_at=wish.due_at,
            )
            made = (await connection.execute(fresh.on_conflict_do_nothing().returning(ERASURE.c.id))).scalar()
            if made is None:
                query = select(ERASURE.c.id).where(
                    ERASURE.c.customer_id == wish.customer_id, ERASURE.c.state.in_(OPEN_ERASURES)
                )
                return int((await connection.execute(query)).scalar_one())
            if viewer is not None:
                deed = Deed(action="erasure_requested", subject="erasure", subject_id=made, detail=wish.reason)
                await note_deed(connection, viewer, deed, now=wish.now)
            return int(made)

        return await self._database.write(apply)

    async def to_do(self, *, now: datetime, patience: datetime) -> list[ErasureRow]:
        """Return the erasures on which something is to be done, the oldest first.

        One that was asked for waits until its answer has left, or since before `patience` at most.
        """
        ready = and_(
            ERASURE.c.state == ErasureState.REQUESTED,
            ERASURE.c.lock_after <= now,
            or_(ERASURE.c.lock_after <= patience, ~_is_answered_now()),
        )
        over = and_(
            ERASURE.c.state == ErasureState.CONFIRMED,
            ERASURE.c.kept_class.is_not(None),
            or_(ERASURE.c.kept_until.is_(None), ERASURE.c.kept_until <= now),
            ~held(ERASURE.c.customer_id),
        )
        going = ERASURE.c.state.in_((ErasureState.LOCKED, ErasureState.DESTROYED))
        query = select(ERASURE).where(or_(ready, over, going)).order_by(ERASURE.c.id)
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def begin_again(self, erasure: ErasureRow, *, now: datetime) -> bool:
        """Take up what the law kept until now: confirmed → locked, and nothing is kept any more."""
        return await self._move(
            erasure,
            ErasureState.CONFIRMED,
            state=ErasureState.LOCKED,
            locked_at=now,
            kept_class=None,
            kept_reason=None,
            kept_until=None,
        )

    async def confirm(self, erasure: ErasureRow, report: dict[str, Any], *, now: datetime) -> bool:
        """Say that nothing is left: destroyed → confirmed."""
        return await self._move(
            erasure,
            ErasureState.DESTROYED,
            state=ErasureState.CONFIRMED,
            confirmed_at=now,
            report=json.dumps(report, ensure_ascii=False),
        )

    async def is_asked(self, customer_id: int) -> bool:
        """Tell whether an erasure of the customer is under way."""
        query = select(ERASURE.c.id).where(ERASURE.c.customer_id == customer_id, ERASURE.c.state.in_(OPEN_ERASURES))
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def page(self, *, limit: int, before: int | None = None, customer_id: int | None = None) -> list[ErasureRow]:
        """Return erasures, the newest first. They name nobody, only numbers."""
        query = select(ERASURE).order_by(ERASURE.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(ERASURE.c.id < before)
        if customer_id is not None:
            query = query.where(ERASURE.c.customer_id == customer_id)
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def one(self, erasure_id: int) -> ErasureRow | None:
        """Return one erasure, None when there is none of the number."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(ERASURE).where(ERASURE.c.id == erasure_id))).one_or_none()
        return None if row is None else _row(row)

    async def causes(self, customer_id: int) -> dict[str, datetime]:
        """Return by cause when the customer's last task of it was made or ended: what a retention class asks for."""
        async with self._database.read() as connection:
            ids = await customers_of(connection, customer_id)
            query = select(TASK.c.cause, TASK.c.created_at, TASK.c.done_at).where(TASK.c.customer_id.in_(ids))
            found: dict[str, datetime] = {}
            for row in await connection.execute(query):
                at = row.done_at or row.created_at
                found[row.cause] = max(at, found.get(row.cause, at))
        return found

    async def _move(self, erasure: ErasureRow, before: ErasureState, **values: Any) -> bool:
        statement = update(ERASURE).where(ERASURE.c.id == erasure.id, ERASURE.c.state == before).values(**values)

        async def apply(connection: Connection) -> bool:
            return bool((await connection.execute(statement)).rowcount == 1)

        return await self._database.write(apply)


def held(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a legal hold on the customer stands."""
    return exists().where(LEGAL_HOLD.c.customer_id == customer_id, LEGAL_HOLD.c.released_at.is_(None))


async def is_being_erased(connection: Connection, customers: Sequence[int]) -> bool:
    """Tell whether an erasure of one of the customers is under way."""
    query = select(ERASURE.c.id).where(ERASURE.c.customer_id.in_(customers), ERASURE.c.state.in_(OPEN_ERASURES))
    return (await connection.execute(query)).first() is not None


async def inherit_erasure(connection: Connection, *, kept: int, gone: int) -> None:
    """Let a wish to be forgotten go with the identities of a merged customer, whose number names nobody any more.

    Where both have one, that of `kept` reaches everybody.
    """
    asked = (ERASURE.c.customer_id == gone, ERASURE.c.state == ErasureState.REQUESTED)
    if not await is_being_erased(connection, [kept]):
        await connection.execute(update(ERASURE).where(*asked).values(customer_id=kept))


async def customers_of(connection: Connection, customer_id: int) -> list[int]:
    """Return the customer and all who were merged into it, over any number of merges."""
    found: list[int] = [customer_id]
    fresh: Sequence[int] = found
    while fresh:
        query = select(CUSTOMER.c.id).where(CUSTOMER.c.merged_into.in_(fresh), CUSTOMER.c.id.not_in(found))
        fresh = list((await connection.execute(query)).scalars())
        found = [*found, *fresh]
    return found


def _is_answered_now() -> Any:
    """Return the condition that a message of the customer is being answered or an answer is on its way."""
    mine = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == ERASURE.c.customer_id).correlate(ERASURE)
    working = exists().where(WORK.c.state == READY, WORK.c.identity_id.in_(mine))
    answering = (
        exists()
        .where(REPLY.c.state.in_(OPEN_REPLIES))
        .where(WORK.c.account_id == REPLY.c.account_id, WORK.c.seq == REPLY.c.in_seq, WORK.c.identity_id.in_(mine))
    )
    held_by_somebody = exists().where(REACH.c.identity_id.in_(mine), REACH.c.holder.is_not(None))
    return or_(working, answering, held_by_somebody)


def _row(row: Any) -> ErasureRow:
    kept = None
    if row.kept_class is not None:
        kept = Kept(category=row.kept_class, reason=row.kept_reason, until=row.kept_until)
    return ErasureRow(
        id=row.id,
        customer_id=row.customer_id,
        state=ErasureState(row.state),
        origin=row.origin,
        requested_by=row.requested_by,
        reason=row.reason,
        requested_at=row.requested_at,
        lock_after=row.lock_after,
        due_at=row.due_at,
        locked_at=row.locked_at,
        destroyed_at=row.destroyed_at,
        confirmed_at=row.confirmed_at,
        kept=kept,
        report={} if row.report is None else json.loads(row.report),
    )
