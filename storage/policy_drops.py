"""The nightly drop of the policy source: loaded beside the current one, then put in its place in one step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, Final

from sqlalchemy import Table, delete, insert, select, update

from content.policy import Holder, Policy, PolicyBook, ServiceCase
from storage.connection import Connection
from storage.database import Database
from storage.tables import DROPPED_CASE, DROPPED_HOLDER, DROPPED_POLICY, POLICY_DROP

#: Rows of one transaction: others write between two.
_BATCH: Final = 1_000
#: By the name of the file.
_TABLES: Final[dict[str, Table]] = {
    "holders": DROPPED_HOLDER,
    "policies": DROPPED_POLICY,
    "cases": DROPPED_CASE,
}


class PolicyDrops:
    """Writes and reads drops. A drop that was half loaded when its process died is cleared away by the next."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self) -> datetime | None:
        """Return as of when the current drop is."""
        async with self._database.read() as connection:
            found: datetime | None = (await connection.execute(_current(POLICY_DROP.c.as_of))).scalar()
        return found

    async def begin(self, *, as_of: datetime, now: datetime) -> int:
        """Clear away what is not current and return the number of a new drop."""
        await self._clear()

        async def apply(connection: Connection) -> int:
            values = {"as_of": as_of, "loaded_at": now, "is_current": False}
            made = await connection.execute(insert(POLICY_DROP).values(**values).returning(POLICY_DROP.c.id))
            return int(made.scalar_one())

        return await self._database.write(apply)

    async def add(self, drop_id: int, file: str, rows: Iterable[dict[str, Any]]) -> int:
        """Add the rows of one of "holders", "policies" and "cases"; return how many. Raises StorageError."""
        left, count = iter(rows), 0
        while batch := [row | {"drop_id": drop_id} for row in islice(left, _BATCH)]:
            await self._insert(_TABLES[file], batch)
            count += len(batch)
        return count

    async def finish(self, drop_id: int) -> None:
        """Put a drop in the place of the current one, then clear that away."""

        async def apply(connection: Connection) -> None:
            await connection.execute(update(POLICY_DROP).values(is_current=POLICY_DROP.c.id == drop_id))

        await self._database.write(apply)
        await self._clear()

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        """Return the holder whose name, policy number and last six of the identity number these are."""
        query = (
            select(DROPPED_HOLDER.c.holder, DROPPED_HOLDER.c.phone)
            .join(
                DROPPED_POLICY,
                (DROPPED_POLICY.c.drop_id == DROPPED_HOLDER.c.drop_id)
                & (DROPPED_POLICY.c.holder == DROPPED_HOLDER.c.holder),
            )
            .where(
                DROPPED_POLICY.c.drop_id == _current(POLICY_DROP.c.id).scalar_subquery(),
                DROPPED_POLICY.c.number == policy,
                DROPPED_HOLDER.c.name == name,
                DROPPED_HOLDER.c.id_tail == id_tail,
            )
        )
        return await self._holder(query)

    async def holder(self, holder: str) -> Holder | None:
        """Return a holder of the current drop."""
        query = select(DROPPED_HOLDER.c.holder, DROPPED_HOLDER.c.phone).where(
            DROPPED_HOLDER.c.drop_id == _current(POLICY_DROP.c.id).scalar_subquery(), DROPPED_HOLDER.c.holder == holder
        )
        return await self._holder(query)

    async def book(self, holder: str) -> PolicyBook | None:
        """Return what the current drop has of a holder; None without a drop."""
        async with self._database.read() as connection:
            drop = (await connection.execute(_current(POLICY_DROP.c.id, POLICY_DROP.c.as_of))).one_or_none()
            if drop is None:
                return None
            policies = await _of(connection, DROPPED_POLICY, drop.id, holder)
            cases = await _of(connection, DROPPED_CASE, drop.id, holder)
        return PolicyBook(as_of=drop.as_of, policies=tuple(map(_policy, policies)), cases=tuple(map(_case, cases)))

    async def _holder(self, query: Any) -> Holder | None:
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Holder(holder=row.holder, phone=row.phone)

    async def _insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        async def apply(connection: Connection) -> None:
            await connection.execute(insert(table), list(rows))

        await self._database.write(apply)

    async def _clear(self) -> None:
        """Delete the rows of every drop that is not current, some at a time."""
        gone = select(POLICY_DROP.c.id).where(~POLICY_DROP.c.is_current)
        for table in _TABLES.values():
            keys = list(table.primary_key.columns)[1]
            some = select(keys).where(table.c.drop_id.in_(gone)).limit(_BATCH)
            statement = delete(table).where(table.c.drop_id.in_(gone), keys.in_(some))
            while await self._database.write(partial(_count, statement=statement)):
                pass
        await self._database.write(partial(_count, statement=delete(POLICY_DROP).where(~POLICY_DROP.c.is_current)))


def _current(*columns: Any) -> Any:
    return select(*columns).where(POLICY_DROP.c.is_current)


async def _count(connection: Connection, *, statement: Any) -> int:
    return int((await connection.execute(statement)).rowcount)


async def _of(connection: Connection, table: Table, drop_id: int, holder: str) -> list[Any]:
    query = select(table).where(table.c.drop_id == drop_id, table.c.holder == holder).order_by(table.c.number)
    return list((await connection.execute(query)).all())


def _policy(row: Any) -> Policy:
    return Policy(
        number=row.number,
        product=row.product,
        insured=row.insured,
        status=row.status,
        start=row.start,
        end=row.end,
        premium=None if row.premium is None else Decimal(row.premium),
        paid_until=row.paid_until,
        next_due=row.next_due,
        sum_insured=None if row.sum_insured is None else Decimal(row.sum_insured),
        callback_due=row.callback_due,
    )


def _case(row: Any) -> ServiceCase:
    return ServiceCase(number=row.number, kind=row.kind, step=row.step, since=row.since, next_step=row.next_step)
