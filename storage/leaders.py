"""Who runs a role's ticks: a lease row changed by conditional update, with an epoch that grows at each change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, update

from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import LEADER


class Leaders:
    """The leader rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lead(self, role: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Become or stay the leader of `role` until `until`; False when another process leads."""

        async def apply(connection: Connection) -> bool:
            made = await connection.execute(
                upsert(connection.dialect)(LEADER)
                .values(role=role, holder=holder, lease_until=until, epoch=1)
                .on_conflict_do_nothing()
            )
            if made.rowcount == 1:
                return True
            kept = await connection.execute(
                update(LEADER).where(LEADER.c.role == role, LEADER.c.holder == holder).values(lease_until=until)
            )
            if kept.rowcount == 1:
                return True
            taken = await connection.execute(
                update(LEADER)
                .where(LEADER.c.role == role, or_(LEADER.c.lease_until <= now, LEADER.c.lease_until.is_(None)))
                .values(holder=holder, lease_until=until, epoch=LEADER.c.epoch + 1)
            )
            return bool(taken.rowcount == 1)

        return await self._database.write(apply)

    async def step_down(self, role: str, *, holder: str, now: datetime) -> None:
        """Give the role up, so that another need not wait for the lease to end."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(LEADER).where(LEADER.c.role == role, LEADER.c.holder == holder).values(lease_until=now)
            )

        await self._database.write(apply)

    async def step_down_all(self, *, now: datetime) -> None:
        """End every lease. Only for the one process that serves on a SQLite file: whoever led is dead."""

        async def apply(connection: Connection) -> None:
            await connection.execute(update(LEADER).where(LEADER.c.lease_until > now).values(lease_until=now))

        await self._database.write(apply)
