"""Stops: one row that keeps everything of an item or a product from leaving, read by the governor's gate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.content_drafts import product_key
from storage.content_scope import reads, writes
from storage.database import Database
from storage.people import upsert
from storage.tables import ACCOUNT, CONTENT_ITEM, CONTENT_STOP, CONTENT_VERSION, DELIVERY, STAFF
from storage.tables.delivery import OPEN
from storage.viewer import Viewer

#: Waiting rows that are listed; their count is whole.
_LISTED = 200


@value
class WaitingRow:
    """One message that a stop holds back."""

    delivery: int
    account: str
    item: str
    version: int
    due_at: datetime


@value
class StopRow:
    """One stop."""

    id: int
    item: str | None
    product: str | None
    reason: str
    by: str | None
    stopped_at: datetime
    #: So many messages waited when it was made.
    waiting: int
    lifted_at: datetime | None


@value
class Stopped:
    """A stop that stands now, and what it holds back: the first two hundred, and how many in all."""

    id: int
    is_new: bool
    waiting: int
    rows: tuple[WaitingRow, ...]


class ContentStops:
    """Makes, lifts and lists stops."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stop_item(self, item_id: int, reason: str, *, viewer: Viewer, now: datetime) -> Stopped | None:
        """Stop an item of the scope; None when there is none. One that is stopped stays so under its first reason."""

        async def apply(connection: Connection) -> Stopped | None:
            found = select(CONTENT_ITEM.c.id).where(CONTENT_ITEM.c.id == item_id, writes(viewer))
            if (await connection.execute(found)).first() is None:
                return None
            deed = Deed(action="content_stopped", subject="content", subject_id=item_id, detail=reason)
            named = {"item_id": item_id}
            return await _stop(connection, named, CONTENT_ITEM.c.id == item_id, reason, deed, viewer=viewer, now=now)

        return await self._database.write(apply)

    async def stop_product(self, product: str, reason: str, *, viewer: Viewer, now: datetime) -> Stopped:
        """Stop everything that names a product, in all branches. The caller has asked whether the viewer sees all."""
        key = product_key(product)

        async def apply(connection: Connection) -> Stopped:
            deed = Deed(action="product_stopped", subject="product", detail=f"{product}: {reason}")
            named = {"product_key": key, "product": product}
            about = CONTENT_VERSION.c.product_key == key
            return await _stop(connection, named, about, reason, deed, viewer=viewer, now=now)

        return await self._database.write(apply)

    async def lift_item(self, item_id: int, *, own_only: bool, viewer: Viewer, now: datetime) -> bool:
        """End the stop of an item of the scope; False when none stands, or, `own_only`, none that the viewer made."""
        mine = select(CONTENT_ITEM.c.id).where(CONTENT_ITEM.c.id == item_id, writes(viewer))
        deed = Deed(action="content_stop_lifted", subject="content", subject_id=item_id)
        condition: ColumnElement[bool] = CONTENT_STOP.c.item_id.in_(mine)
        if own_only:
            condition = and_(condition, CONTENT_STOP.c.stopped_by == viewer.staff_id)
        return await self._lift(condition, deed, viewer=viewer, now=now)

    async def lift_product(self, product: str, *, viewer: Viewer, now: datetime) -> bool:
        """End the stop of a product; False when none stands."""
        deed = Deed(action="product_stop_lifted", subject="product", detail=product)
        condition = CONTENT_STOP.c.product_key == product_key(product)
        return await self._lift(condition, deed, viewer=viewer, now=now)

    async def page(self, *, viewer: Viewer, limit: int, standing_only: bool = True) -> list[StopRow]:
        """Return stops of products and of items that the viewer sees, the newest first."""
        query = (
            select(CONTENT_STOP, CONTENT_ITEM.c.key.label("item"), STAFF.c.name.label("by"))
            .outerjoin(CONTENT_ITEM, CONTENT_ITEM.c.id == CONTENT_STOP.c.item_id)
            .outerjoin(STAFF, STAFF.c.id == CONTENT_STOP.c.stopped_by)
            .where(or_(CONTENT_STOP.c.item_id.is_(None), reads(viewer)))
            .order_by(CONTENT_STOP.c.id.desc())
            .limit(limit)
        )
        if standing_only:
            query = query.where(CONTENT_STOP.c.lifted_at.is_(None))
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(query)]

    async def held_back(self, item_id: int, *, viewer: Viewer) -> tuple[int, tuple[WaitingRow, ...]]:
        """Return how many messages of an item wait, and the first of them."""
        async with self._database.read() as connection:
            return await _waiting(connection, CONTENT_ITEM.c.id == item_id, reads(viewer))

    async def _lift(self, condition: ColumnElement[bool], deed: Deed, *, viewer: Viewer, now: datetime) -> bool:
        async def apply(connection: Connection) -> bool:
            lifted = await connection.execute(
                update(CONTENT_STOP)
                .where(condition, CONTENT_STOP.c.lifted_at.is_(None))
                .values(lifted_at=now, lifted_by=viewer.staff_id)
            )
            if lifted.rowcount != 1:
                return False
            await note_deed(connection, viewer, deed, now=now)
            return True

        return await self._database.write(apply)


async def _stop(
    connection: Connection,
    named: dict[str, Any],
    about: ColumnElement[bool],
    reason: str,
    deed: Deed,
    *,
    viewer: Viewer,
    now: datetime,
) -> Stopped:
    count, rows = await _waiting(connection, about)
    values = {"reason": reason, "stopped_by": viewer.staff_id, "stopped_at": now, "waiting": count}
    statement = upsert(connection.dialect)(CONTENT_STOP).values(**named, **values).on_conflict_do_nothing()
    stop_id = (await connection.execute(statement.returning(CONTENT_STOP.c.id))).scalar()
    is_new = stop_id is not None
    if is_new:
        await note_deed(connection, viewer, deed, now=now)
    else:
        [(name, text)] = [(name, text) for name, text in named.items() if name != "product"]
        standing = select(CONTENT_STOP.c.id).where(CONTENT_STOP.c[name] == text, CONTENT_STOP.c.lifted_at.is_(None))
        stop_id = (await connection.execute(standing)).scalar()
    return Stopped(id=int(stop_id or 0), is_new=is_new, waiting=count, rows=rows)


def waiting_of(versions: Select[Any]) -> Select[Any]:
    """Return the query that counts what waits of versions; it reads nothing that has left, of which there is most."""
    waits = (DELIVERY.c.content_version_id.in_(versions), DELIVERY.c.state.in_(OPEN))
    return select(func.count()).select_from(DELIVERY).where(*waits)


async def _waiting(connection: Connection, *about: ColumnElement[bool]) -> tuple[int, tuple[WaitingRow, ...]]:
    """Return how many outbox rows wait that were made of such content, and the first of them by their due times."""
    versions = (
        select(CONTENT_VERSION.c.id).join(CONTENT_ITEM, CONTENT_ITEM.c.id == CONTENT_VERSION.c.item_id).where(*about)
    )
    waits = (DELIVERY.c.content_version_id.in_(versions), DELIVERY.c.state.in_(OPEN))
    count = (await connection.execute(waiting_of(versions))).scalar()
    query = (
        select(
            DELIVERY.c.id,
            ACCOUNT.c.name.label("account"),
            CONTENT_ITEM.c.key.label("item"),
            CONTENT_VERSION.c.number.label("version"),
            DELIVERY.c.due_at,
        )
        .join(ACCOUNT, ACCOUNT.c.id == DELIVERY.c.account_id)
        .join(CONTENT_VERSION, CONTENT_VERSION.c.id == DELIVERY.c.content_version_id)
        .join(CONTENT_ITEM, CONTENT_ITEM.c.id == CONTENT_VERSION.c.item_id)
        .where(*waits)
        .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
        .limit(_LISTED)
    )
    rows = [
        WaitingRow(delivery=row.id, account=row.account, item=row.item, version=row.version, due_at=row.due_at)
        for row in await connection.execute(query)
    ]
    return int(count or 0), tuple(rows)


def _row(row: Any) -> StopRow:
    return StopRow(
        id=row.id,
        item=row.item,
        product=row.product,
        reason=row.reason,
        by=row.by,
        stopped_at=row.stopped_at,
        waiting=row.waiting,
        lifted_at=row.lifted_at,
    )
