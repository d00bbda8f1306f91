"""Customers with several identities: joined when a unionid says so, or by somebody's explicit word."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, text, update

from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.people import latest_consents
from storage.tables import CONSENT_ENTRY, CUSTOMER, CUSTOMER_MERGE, IDENTITY

#: Serialises merges of several processes on PostgreSQL (an arbitrary number, next to that of `storage.migrate`).
_ADVISORY_LOCK = 7_310_266
#: From the most to the least restrictive: a merge keeps the most restrictive state of each consent.
_UNASKED = "unasked"
_RESTRICTIVENESS = ("withdrawn", "refused", "asked", "unasked", "granted")


class Customers:
    """Joins identities into customers, by unionid or by somebody's explicit word."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unasked_unions(self, *, realm: str, limit: int) -> list[tuple[int, str]]:
        """Return (identity, external id) of people of a realm whose unionid was never asked for, oldest first."""
        query = (
            select(IDENTITY.c.id, IDENTITY.c.external_id)
            .where(IDENTITY.c.realm == realm, IDENTITY.c.union_checked_at.is_(None))
            .order_by(IDENTITY.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [(row.id, row.external_id) for row in await connection.execute(query)]

    async def note_union_id(self, *, identity_id: int, union_id: str | None, now: datetime) -> int:
        """Keep what the platform said of an identity's unionid, None for none; merge the customers that bear one id.

        Returns the identity's customer.
        """

        async def apply(connection: Connection) -> int:
            await _one_merge_at_a_time(connection)
            mine = update(IDENTITY).where(IDENTITY.c.id == identity_id)
            await connection.execute(mine.values(union_id=union_id, union_checked_at=now))
            same = IDENTITY.c.id == identity_id if union_id is None else IDENTITY.c.union_id == union_id
            query = select(IDENTITY.c.customer_id).where(same).distinct()
            customers = sorted((await connection.execute(query)).scalars())
            for other in customers[1:]:
                await _merge(connection, kept=customers[0], gone=other, cause="unionid", now=now)
            return int(customers[0])

        return await self._database.write(apply)

    async def merge(self, *, kept: int, gone: int, cause: str, now: datetime) -> None:
        """Move all identities of `gone` to `kept`. Raises StorageError when they are one or one does not exist."""

        async def apply(connection: Connection) -> None:
            await _one_merge_at_a_time(connection)
            query = select(CUSTOMER.c.id).where(CUSTOMER.c.id.in_([kept, gone]), CUSTOMER.c.merged_into.is_(None))
            if len(set((await connection.execute(query)).scalars())) != 2:
                raise StorageError(
                    f"customers {kept} and {gone} are not two living customers; look them up and try again"
                )
            await _merge(connection, kept=kept, gone=gone, cause=cause, now=now)

        await self._database.write(apply)


async def _one_merge_at_a_time(connection: Connection) -> None:
    """Let two processes that learn the same unionid see each other's identity; SQLite writes one at a time anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


async def _merge(connection: Connection, *, kept: int, gone: int, cause: str, now: datetime) -> None:
    query = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == gone)
    moved = [
        {"identity_id": identity_id, "from_customer": gone, "to_customer": kept, "cause": cause, "at": now}
        for identity_id in (await connection.execute(query)).scalars()
    ]
    if moved:
        await connection.execute(insert(CUSTOMER_MERGE), moved)
    await connection.execute(update(IDENTITY).where(IDENTITY.c.customer_id == gone).values(customer_id=kept))
    await connection.execute(update(CUSTOMER).where(CUSTOMER.c.id == gone).values(merged_into=kept))
    states = await latest_consents(connection, [kept, gone])
    mine, theirs = states.get(kept, {}), states.get(gone, {})
    changed = [
        {
            "customer_id": kept,
            "consent": consent,
            "state": state,
            "text_version": f"merge of customer {gone}",
            "account_id": None,
            "seq": None,
            "at": now,
        }
        for consent in sorted(mine.keys() | theirs.keys())
        if (state := _more_restrictive(mine.get(consent), theirs.get(consent))) != mine.get(consent, _UNASKED)
    ]
    if changed:
        await connection.execute(insert(CONSENT_ENTRY), changed)


def _more_restrictive(one: str | None, other: str | None) -> str:
    return min(one or _UNASKED, other or _UNASKED, key=_RESTRICTIVENESS.index)
