"""Links to one's own data: a random secret of which only the digest is kept, good once and for a day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.tables import CUSTOMER, EXPORT_LINK
from storage.viewer import Viewer


class ExportLinks:
    """Makes and takes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, customer_id: int, digest: bytes, *, now: datetime, expires_at: datetime) -> None:
        """Keep a link. Those that are over go."""

        async def apply(connection: Connection) -> None:
            await connection.execute(delete(EXPORT_LINK).where(EXPORT_LINK.c.expires_at <= now))
            await connection.execute(
                insert(EXPORT_LINK).values(
                    digest=digest, customer_id=customer_id, created_at=now, expires_at=expires_at
                )
            )

        await self._database.write(apply)

    async def is_good(self, digest: bytes, *, now: datetime) -> bool:
        """Tell whether a link can still be used."""
        query = select(EXPORT_LINK.c.id).where(
            EXPORT_LINK.c.digest == digest, EXPORT_LINK.c.used_at.is_(None), EXPORT_LINK.c.expires_at > now
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def use(self, digest: bytes, *, viewer: Viewer, now: datetime) -> int | None:
        """Use a link up and note it in the audit; return the customer, None when it is not good any more."""

        async def apply(connection: Connection) -> int | None:
            used = (
                update(EXPORT_LINK)
                .where(EXPORT_LINK.c.digest == digest, EXPORT_LINK.c.used_at.is_(None), EXPORT_LINK.c.expires_at > now)
                .values(used_at=now)
                .returning(EXPORT_LINK.c.customer_id)
            )
            customer_id = (await connection.execute(used)).scalar()
            if customer_id is None:
                return None
            kept = await _kept(connection, customer_id)
            if kept is None:
                return None
            deed = Deed(action="exported", subject="customer", subject_id=kept, detail="by link")
            await note_deed(connection, viewer, deed, now=now)
            return kept

        return await self._database.write(apply)


async def _kept(connection: Connection, customer_id: int) -> int | None:
    """Return the customer that somebody is now, over any number of merges; None when they were erased."""
    query = select(CUSTOMER.c.merged_into).where(CUSTOMER.c.erased_at.is_(None))
    while True:
        row = (await connection.execute(query.where(CUSTOMER.c.id == customer_id))).one_or_none()
        if row is None or row.merged_into is None:
            return None if row is None else customer_id
        customer_id = int(row.merged_into)
