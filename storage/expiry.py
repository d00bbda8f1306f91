"""Contents that are older than they may get: found, taken out of sight and out of the index, destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, insert, literal, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.erasures import held
from storage.search_index import SearchIndex
from storage.tables import CONTENT, FROZEN_CONTENT, IDENTITY, MESSAGE

#: In the place of an erasure's number: what is destroyed because of its age.
EXPIRED: Final = 0
#: Contents that go in one transaction.
_BATCH: Final = 500


@value
class Old:
    """A content that is old, and whose it is."""

    account_id: int
    seq: int
    customer_id: int
    recorded_at: datetime


class Expiry:
    """Finds and destroys them; killed anywhere, it goes on."""

    def __init__(self, database: Database, index: SearchIndex) -> None:
        self._database = database
        self._index = index

    async def find(self, *, before: datetime, after: tuple[int, int]) -> list[Old]:
        """Return contents recorded before a moment, of nobody with a legal hold, in order of (account, seq).

        `after`: behind that place.
        """
        account_id, seq = after
        query = (
            select(CONTENT.c.account_id, CONTENT.c.seq, IDENTITY.c.customer_id, MESSAGE.c.recorded_at)
            .join(
                MESSAGE,
                and_(
                    MESSAGE.c.account_id == CONTENT.c.account_id,
                    MESSAGE.c.seq == CONTENT.c.seq,
                    MESSAGE.c.month == CONTENT.c.month,
                ),
            )
            .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
            .where((CONTENT.c.account_id > account_id) | and_(CONTENT.c.account_id == account_id, CONTENT.c.seq > seq))
            .where(MESSAGE.c.recorded_at < before, ~held(IDENTITY.c.customer_id))
            .order_by(CONTENT.c.account_id, CONTENT.c.seq)
            .limit(_BATCH)
        )
        async with self._database.read() as connection:
            return [Old(**row) for row in (await connection.execute(query)).mappings()]

    async def destroy(self, old: Sequence[Old]) -> int:
        """Destroy contents with what is indexed of them; return how many went, with those a kill left before."""
        seqs: dict[int, list[int]] = {}
        for each in old:
            seqs.setdefault(each.account_id, []).append(each.seq)
        await self._database.write(lambda connection: _move(connection, seqs))
        return await self.finish()

    async def finish(self) -> int:
        """Destroy what was taken out of sight already."""
        query = select(FROZEN_CONTENT.c.account_id, FROZEN_CONTENT.c.seq).where(FROZEN_CONTENT.c.erasure_id == EXPIRED)
        moved: dict[int, list[int]] = {}
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                moved.setdefault(row.account_id, []).append(row.seq)
        for account_id, seqs in sorted(moved.items()):
            await self._index.forget(account_id, seqs)
        await self._database.write(lambda connection: _delete(connection, moved))
        return sum(map(len, moved.values()))


async def _move(connection: Connection, seqs: Mapping[int, Sequence[int]]) -> None:
    columns = ("account_id", "seq", "month", "salt", "fields", "erasure_id")
    for account_id, mine in sorted(seqs.items()):
        chosen = and_(CONTENT.c.account_id == account_id, CONTENT.c.seq.in_(mine))
        copied = select(*(CONTENT.c[name] for name in columns[:-1]), literal(EXPIRED)).where(chosen)
        await connection.execute(insert(FROZEN_CONTENT).from_select(columns, copied))
        await connection.execute(delete(CONTENT).where(chosen))


async def _delete(connection: Connection, seqs: Mapping[int, Sequence[int]]) -> None:
    for account_id, mine in sorted(seqs.items()):
        chosen = and_(FROZEN_CONTENT.c.account_id == account_id, FROZEN_CONTENT.c.seq.in_(mine))
        await connection.execute(delete(FROZEN_CONTENT).where(chosen, FROZEN_CONTENT.c.erasure_id == EXPIRED))
