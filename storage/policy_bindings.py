"""Who is bound to which holder of the policy source, and the second step before anything is shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import POLICY_BINDING, POLICY_CHECK, POLICY_TRY
from storage.viewer import Viewer

#: Attempts and codes are counted over so long.
_DAY: Final = timedelta(hours=24)


@value
class Check:
    """The second step of one person."""

    holder: str
    #: What the code was made of.
    seed: str
    code_until: datetime
    tries: int
    wish: str
    known_until: datetime | None


class PolicyBindings:
    """Binds customers to holders, and remembers who has shown that they are it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holder_of(self, customer_id: int) -> str | None:
        """Return the holder that a customer is bound to."""
        query = select(POLICY_BINDING.c.holder).where(
            POLICY_BINDING.c.customer_id == customer_id, POLICY_BINDING.c.unbound_at.is_(None)
        )
        async with self._database.read() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found

    async def bind(
        self, customer_id: int, holder: str, *, cause: str, now: datetime, viewer: Viewer | None = None
    ) -> None:
        """Bind a customer to a holder, in the place of an earlier one; to the same one again changes nothing.

        With `viewer` a member of staff did it, which is noted.
        """

        async def apply(connection: Connection) -> None:
            other = _bound(customer_id, POLICY_BINDING.c.holder != holder)
            await connection.execute(other.values(unbound_at=now))
            values = {"customer_id": customer_id, "holder": holder, "bound_at": now, "cause": cause}
            await connection.execute(
                upsert(connection.dialect)(POLICY_BINDING).values(**values).on_conflict_do_nothing()
            )
            await _note(connection, viewer, "bound", customer_id, now=now)

        await self._database.write(apply)

    async def unbind(self, customer_id: int, *, now: datetime, viewer: Viewer | None = None) -> bool:
        """End a customer's binding; False when there was none."""

        async def apply(connection: Connection) -> bool:
            changed = await connection.execute(_bound(customer_id).values(unbound_at=now))
            if changed.rowcount:
                await _note(connection, viewer, "unbound", customer_id, now=now)
            return bool(changed.rowcount)

        return await self._database.write(apply)

    async def allow(self, identity_id: int, kind: str, *, key: str, most: int, now: datetime) -> bool:
        """Count an attempt of a person under the message that made it; False when there were `most` in 24 hours.

        The same message again is the same attempt.
        """

        async def apply(connection: Connection) -> bool:
            mine = (POLICY_TRY.c.identity_id == identity_id, POLICY_TRY.c.kind == kind)
            known = select(POLICY_TRY.c.at).where(*mine, POLICY_TRY.c.key == key)
            if (await connection.execute(known)).first() is not None:
                return True
            await connection.execute(delete(POLICY_TRY).where(*mine, POLICY_TRY.c.at <= now - _DAY))
            count = (await connection.execute(select(func.count()).select_from(POLICY_TRY).where(*mine))).scalar_one()
            if count >= most:
                return False
            await connection.execute(insert(POLICY_TRY).values(identity_id=identity_id, kind=kind, key=key, at=now))
            return True

        return await self._database.write(apply)

    async def check(self, identity_id: int) -> Check | None:
        """Return where the second step of a person stands."""
        query = select(POLICY_CHECK).where(POLICY_CHECK.c.identity_id == identity_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _check(row)

    async def begin(self, identity_id: int, *, holder: str, seed: str, until: datetime, wish: str) -> None:
        """Remember that a code is sent for `wish`; an older code is worth nothing from now on."""
        values: dict[str, Any] = {
            "holder": holder,
            "seed": seed,
            "code_until": until,
            "tries": 0,
            "wish": wish,
            "known_until": None,
        }

        async def apply(connection: Connection) -> None:
            statement = upsert(connection.dialect)(POLICY_CHECK).values(identity_id=identity_id, **values)
            # The same message again sends the same code again: its tries go on counting.
            changes = statement.on_conflict_do_update(
                index_elements=["identity_id"], set_=values, where=POLICY_CHECK.c.seed != seed
            )
            await connection.execute(changes)

        await self._database.write(apply)

    async def miss(self, identity_id: int, seed: str) -> None:
        """Count a wrong code."""
        mine = (POLICY_CHECK.c.identity_id == identity_id, POLICY_CHECK.c.seed == seed)
        statement = update(POLICY_CHECK).where(*mine).values(tries=POLICY_CHECK.c.tries + 1)
        await self._database.write(lambda connection: _run(connection, statement))

    async def know(self, identity_id: int, seed: str, *, until: datetime) -> None:
        """Note that a person has shown who they are, until then."""
        mine = (POLICY_CHECK.c.identity_id == identity_id, POLICY_CHECK.c.seed == seed)
        statement = update(POLICY_CHECK).where(*mine, POLICY_CHECK.c.known_until.is_(None)).values(known_until=until)
        await self._database.write(lambda connection: _run(connection, statement))


def _bound(customer_id: int, *more: Any) -> Any:
    return update(POLICY_BINDING).where(
        POLICY_BINDING.c.customer_id == customer_id, POLICY_BINDING.c.unbound_at.is_(None), *more
    )


async def _note(connection: Connection, viewer: Viewer | None, action: str, customer_id: int, *, now: datetime) -> None:
    if viewer is not None:
        deed = Deed(action=action, subject="policies", subject_id=customer_id)
        await note_deed(connection, viewer, deed, now=now)


async def _run(connection: Connection, statement: Any) -> None:
    await connection.execute(statement)


def _check(row: Any) -> Check:
    return Check(
        holder=row.holder,
        seed=row.seed,
        code_until=row.code_until,
        tries=row.tries,
        wish=row.wish,
        known_until=row.known_until,
    )
