"""Legal holds: compliance says that nothing of a customer may be destroyed, and later that it may again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.errors import OutOfScope
from storage.people import upsert
from storage.tables import CUSTOMER, LEGAL_HOLD
from storage.viewer import Viewer


@value
class HoldRow:
    """One hold."""

    customer_id: int
    reason: str
    placed_by: str
    placed_at: datetime


class Holds:
    """Places and releases them, each with a row in the audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def place(self, customer_id: int, reason: str, *, viewer: Viewer, now: datetime) -> bool:
        """Hold what there is of a customer; False when it is held already. Raises OutOfScope.

        A customer who was erased can be held as long as the law keeps something of them.
        """

        async def apply(connection: Connection) -> bool:
            await _require_seen(connection, customer_id, viewer)
            values = {"customer_id": customer_id, "reason": reason, "placed_by": viewer.name, "placed_at": now}
            statement = upsert(connection.dialect)(LEGAL_HOLD).values(**values).on_conflict_do_nothing()
            placed = (await connection.execute(statement.returning(LEGAL_HOLD.c.id))).scalar()
            if placed is None:
                return False
            deed = Deed(action="held", subject="hold", subject_id=customer_id, detail=reason)
            await note_deed(connection, viewer, deed, now=now)
            return True

        return await self._database.write(apply)

    async def release(self, customer_id: int, reason: str, *, viewer: Viewer, now: datetime) -> bool:
        """End the hold on a customer; False when there is none. What was frozen for it alone is destroyed then.

        Raises OutOfScope.
        """

        async def apply(connection: Connection) -> bool:
            await _require_seen(connection, customer_id, viewer)
            changed = await connection.execute(
                update(LEGAL_HOLD)
                .where(*_standing(customer_id))
                .values(released_at=now, released_by=viewer.name, released_reason=reason)
            )
            if changed.rowcount != 1:
                return False
            deed = Deed(action="released", subject="hold", subject_id=customer_id, detail=reason)
            await note_deed(connection, viewer, deed, now=now)
            return True

        return await self._database.write(apply)

    async def of(self, customer_id: int) -> HoldRow | None:
        """Return the hold that stands on a customer."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(LEGAL_HOLD).where(*_standing(customer_id)))).one_or_none()
        if row is None:
            return None
        return HoldRow(customer_id=row.customer_id, reason=row.reason, placed_by=row.placed_by, placed_at=row.placed_at)


async def _require_seen(connection: Connection, customer_id: int, viewer: Viewer) -> None:
    there = select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id, viewer.sees_customer(CUSTOMER.c.id))
    if (await connection.execute(there)).first() is None:
        raise OutOfScope(f"there is no customer {customer_id} in your scope")


def _standing(customer_id: int) -> tuple[Any, ...]:
    return (LEGAL_HOLD.c.customer_id == customer_id, LEGAL_HOLD.c.released_at.is_(None))


async def inherit_hold(connection: Connection, *, kept: int, gone: int) -> None:
    """Hold a customer into whom a held one is merged: it is one person now, and one word of compliance.

    The old row stays for an un-merge, after which each of the two is held until each is released.
    """
    row = (await connection.execute(select(LEGAL_HOLD).where(*_standing(gone)))).one_or_none()
    if row is not None:
        values = {"reason": row.reason, "placed_by": row.placed_by, "placed_at": row.placed_at}
        statement = upsert(connection.dialect)(LEGAL_HOLD).values(customer_id=kept, **values)
        await connection.execute(statement.on_conflict_do_nothing())
