"""Signing in to the console: passwords with their failures, and the browsers that are signed in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import CONSOLE_SESSION, CREDENTIAL, STAFF

#: That somebody is there is written once in such a time, not with every page.
_SEEN_EVERY = timedelta(minutes=1)


@value
class Login:
    """What a sign-in with a password is checked against."""

    staff_id: int
    password_hash: str
    locked_until: datetime | None


@value
class Session:
    """A signed-in browser."""

    id: int
    staff_id: int
    method: str
    created_at: datetime


class Passwords:
    """Passwords of staff, as hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def login(self, userid: str) -> list[Login]:
        """Return the log-ins of active staff with this userid; several when it is in use in several realms."""
        query = (
            select(CREDENTIAL.c.staff_id, CREDENTIAL.c.password_hash, CREDENTIAL.c.locked_until)
            .join(STAFF, STAFF.c.id == CREDENTIAL.c.staff_id)
            .where(STAFF.c.userid == userid.lower(), STAFF.c.active)
            .order_by(STAFF.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Login(staff_id=row.staff_id, password_hash=row.password_hash, locked_until=row.locked_until) for row in rows
        ]

    async def put(self, staff_id: int, password_hash: str, *, now: datetime) -> None:
        """Set a password; every browser that was signed in by the old one is signed out."""

        async def apply(connection: Connection) -> None:
            values = {"password_hash": password_hash, "changed_at": now, "failures": 0, "locked_until": None}
            statement = upsert(connection.dialect)(CREDENTIAL).values(staff_id=staff_id, **values)
            await connection.execute(statement.on_conflict_do_update(index_elements=["staff_id"], set_=values))
            await connection.execute(
                update(CONSOLE_SESSION)
                .where(CONSOLE_SESSION.c.staff_id == staff_id, CONSOLE_SESSION.c.ended_at.is_(None))
                .values(ended_at=now)
            )

        await self._database.write(apply)

    async def failed(self, staff_id: int, *, limit: int, until: datetime) -> bool:
        """Count a wrong password; with the `limit`-th the log-in is locked until `until`, and counting begins anew.

        Return whether it was locked by this one.
        """

        async def apply(connection: Connection) -> bool:
            counted = await connection.execute(
                update(CREDENTIAL)
                .where(CREDENTIAL.c.staff_id == staff_id)
                .values(failures=CREDENTIAL.c.failures + 1)
                .returning(CREDENTIAL.c.failures)
            )
            failures = counted.scalar()
            if failures is None or failures < limit:
                return False
            locked = update(CREDENTIAL).where(CREDENTIAL.c.staff_id == staff_id)
            await connection.execute(locked.values(failures=0, locked_until=until))
            return True

        return await self._database.write(apply)

    async def succeeded(self, staff_id: int, *, rehashed: str | None = None) -> None:
        """Forget the failures; keep the hash under newer parameters when one is given."""

        async def apply(connection: Connection) -> None:
            values = {"failures": 0, "locked_until": None, **({"password_hash": rehashed} if rehashed else {})}
            await connection.execute(update(CREDENTIAL).where(CREDENTIAL.c.staff_id == staff_id).values(**values))

        await self._database.write(apply)


class Sessions:
    """Signed-in browsers. A session's secret is never stored, only its digest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, digest: bytes, *, staff_id: int, method: str, now: datetime) -> None:
        """Write a new session."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                insert(CONSOLE_SESSION).values(
                    digest=digest, staff_id=staff_id, method=method, created_at=now, seen_at=now
                )
            )

        await self._database.write(apply)

    async def find(
        self, digest: bytes, *, now: datetime, idle: timedelta, longest: timedelta, is_used: bool = True
    ) -> Session | None:
        """Return the live session of that digest: not ended, used within `idle`, not older than `longest`.

        `is_used`: whether this is a use that keeps it alive.
        """
        query = select(CONSOLE_SESSION).where(CONSOLE_SESSION.c.digest == digest, CONSOLE_SESSION.c.ended_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or now - row.seen_at > idle or now - row.created_at > longest:
            return None
        if is_used and now - row.seen_at >= _SEEN_EVERY:
            await self._seen(row.id, now)
        return Session(id=row.id, staff_id=row.staff_id, method=row.method, created_at=row.created_at)

    async def end(self, session_id: int, *, now: datetime) -> None:
        """End a session."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(CONSOLE_SESSION).where(CONSOLE_SESSION.c.id == session_id).values(ended_at=now)
            )

        await self._database.write(apply)

    async def _seen(self, session_id: int, now: datetime) -> None:
        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(CONSOLE_SESSION).where(CONSOLE_SESSION.c.id == session_id).values(seen_at=now)
            )

        await self._database.write(apply)
