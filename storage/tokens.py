"""Access tokens kept for all processes: one refreshes at a time, and only while the stored token is the failed one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import ACCESS_TOKEN


@value
class Token:
    """An access token and when it ends."""

    value: str
    expires_at: datetime
    version: int


class AccessTokens:
    """The token rows; a key is realm and secret, since each secret has a token of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, key: str) -> Token | None:
        """Return the stored token, None when there is none yet."""
        query = select(ACCESS_TOKEN).where(ACCESS_TOKEN.c.key == key, ACCESS_TOKEN.c.value.is_not(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Token(value=row.value, expires_at=row.expires_at, version=row.version)

    async def begin_refresh(
        self, key: str, *, holder: str, failed: str | None, now: datetime, lease: timedelta
    ) -> bool:
        """Become the one that refreshes. False when another does, or the stored token is no longer `failed`."""
        same = ACCESS_TOKEN.c.value.is_(None) if failed is None else ACCESS_TOKEN.c.value == failed

        async def apply(connection: Connection) -> bool:
            await connection.execute(
                upsert(connection.dialect)(ACCESS_TOKEN).values(key=key, version=0).on_conflict_do_nothing()
            )
            changed = await connection.execute(
                update(ACCESS_TOKEN)
                .where(
                    ACCESS_TOKEN.c.key == key,
                    same,
                    or_(ACCESS_TOKEN.c.refresh_holder.is_(None), ACCESS_TOKEN.c.refresh_until <= now),
                )
                .values(refresh_holder=holder, refresh_until=now + lease)
            )
            return bool(changed.rowcount == 1)

        return await self._database.write(apply)

    async def finish_refresh(self, key: str, *, holder: str, value: str, expires_at: datetime, now: datetime) -> None:
        """Store the new token, unless the refresh was taken over meanwhile: a late answer overwrites nothing."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(ACCESS_TOKEN)
                .where(ACCESS_TOKEN.c.key == key, ACCESS_TOKEN.c.refresh_holder == holder)
                .values(
                    value=value,
                    expires_at=expires_at,
                    version=ACCESS_TOKEN.c.version + 1,
                    refresh_holder=None,
                    refresh_until=None,
                )
            )

        await self._database.write(apply)

    async def abandon_refresh(self, key: str, *, holder: str) -> None:
        """Let another try."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(ACCESS_TOKEN)
                .where(ACCESS_TOKEN.c.key == key, ACCESS_TOKEN.c.refresh_holder == holder)
                .values(refresh_holder=None, refresh_until=None)
            )

        await self._database.write(apply)
