"""How far each processor has read the log: messages in order of (account, seq), a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import ACCOUNT, CONTENT, CURSOR, IDENTITY, MESSAGE


@value
class LogRow:
    """One row of the log as a processor reads it."""

    account_id: int
    seq: int
    direction: str
    kind: str
    identity_id: int
    customer_id: int
    conversation_id: int
    sent_at: datetime
    #: None when the content was destroyed.
    fields: dict[str, Any] | None


class Cursors:
    """Reads on from where a processor stopped. The caller moves the cursor when its work is durable."""

    def __init__(self, database: Database, *, accounts: Collection[int] | None = None) -> None:
        """`accounts`: only these are read; None: all."""
        self._database = database
        self._accounts = None if accounts is None else sorted(accounts)

    async def next(self, processor: str, *, limit: int) -> list[list[LogRow]]:
        """Return at most `limit` unread rows of each account, one list an account, in order of seq.

        Seq is given out under the account's lock, so a row that is seen has no earlier one still to come.
        """
        async with self._database.read() as connection:
            cursors = (
                select(ACCOUNT.c.id, CURSOR.c.seq)
                .outerjoin(CURSOR, and_(CURSOR.c.account_id == ACCOUNT.c.id, CURSOR.c.processor == processor))
                .order_by(ACCOUNT.c.id)
            )
            if self._accounts is not None:
                cursors = cursors.where(ACCOUNT.c.id.in_(self._accounts))
            places = [(row.id, row.seq or 0) for row in await connection.execute(cursors)]
            batches = [await _rows(connection, account_id, seq, limit=limit) for account_id, seq in places]
        return [batch for batch in batches if batch]

    async def move(self, processor: str, batch: Sequence[LogRow]) -> None:
        """Note that a batch of one account is done. A batch done twice moves the cursor once."""

        async def apply(connection: Connection) -> None:
            await move_cursor(connection, processor, account_id=batch[-1].account_id, seq=batch[-1].seq)

        await self._database.write(apply)


async def move_cursor(connection: Connection, processor: str, *, account_id: int, seq: int) -> None:
    """Move a cursor forward within the transaction that writes the work; never backward."""
    statement = upsert(connection.dialect)(CURSOR).values(processor=processor, account_id=account_id, seq=seq)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["processor", "account_id"], set_={"seq": seq}, where=CURSOR.c.seq < seq
        )
    )


async def _rows(connection: Connection, account_id: int, seq: int, *, limit: int) -> list[LogRow]:
    query = (
        select(
            MESSAGE.c.account_id,
            MESSAGE.c.seq,
            MESSAGE.c.direction,
            MESSAGE.c.kind,
            MESSAGE.c.identity_id,
            IDENTITY.c.customer_id,
            MESSAGE.c.conversation_id,
            MESSAGE.c.sent_at,
            CONTENT.c.fields,
        )
        .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
        .where(MESSAGE.c.account_id == account_id, MESSAGE.c.seq > seq)
        .order_by(MESSAGE.c.seq)
        .limit(limit)
    )
    return [
        LogRow(
            account_id=row.account_id,
            seq=row.seq,
            direction=row.direction,
            kind=row.kind,
            identity_id=row.identity_id,
            customer_id=row.customer_id,
            conversation_id=row.conversation_id,
            sent_at=row.sent_at,
            fields=None if row.fields is None else json.loads(row.fields),
        )
        for row in await connection.execute(query)
    ]
