"""The writer of the search index: a processor that reads the log behind the message path (docs/search.md)."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_left
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, insert, select, update

from content.value import value
from storage.connection import Connection
from storage.cursors import LogRow, move_cursor
from storage.database import Database
from storage.search_blocks import Block, blocks_over, changes, pack_block, without
from storage.search_text import parts_of
from storage.statements import Bulk
from storage.tables import ACCOUNT, CONTENT, CURSOR, MESSAGE, SEARCH_BLOCK, SEARCH_POSTING

_INSERT_POSTINGS = Bulk(SEARCH_POSTING)
#: The name under which the cursor stands: the processor's name and version.
CURSOR_NAME: Final = "search:1"


@value
class _Made:
    """A block ready to be written."""

    block: Block
    since: datetime
    until: datetime
    #: How many of its rows had a content; another number at the time of writing says that one was destroyed meanwhile.
    contents: int
    postings: dict[int, bytes]


class SearchIndex:
    """Makes, thins and drops the blocks. One processor at a time does useful work; a second one does no harm."""

    name: Final = "search"
    version: Final = 1
    cursor: Final = CURSOR_NAME

    def __init__(self, database: Database) -> None:
        self._database = database

    async def process(self, batch: Sequence[LogRow]) -> None:
        """Index what an account's batch completes. Blocks and cursor move in one transaction. Raises StorageError.

        A batch that does not begin where the cursor stands changes nothing: it was done already, or the index was
        begun anew.
        """
        account_id, before, after = batch[0].account_id, batch[0].seq - 1, batch[-1].seq
        new, old = changes(before, after)
        made = [await self._make(account_id, block, batch) for block in new]

        async def apply(connection: Connection) -> None:
            if await _lock(connection, account_id) != before:
                return
            for ready in made:
                if await _contents(connection, account_id, ready.block) != ready.contents:
                    return  # it is read again, without what was destroyed
            if before == 0:
                await connection.execute(_of(account_id).values(is_live=False))
            for block in old:
                await connection.execute(_of(account_id, block).values(is_live=False))
            for ready in made:
                await _write(connection, account_id, ready)
            await move_cursor(connection, CURSOR_NAME, account_id=account_id, seq=after)

        await self._database.write(apply)
        if old or before == 0:
            await self.sweep()

    async def sweep(self) -> None:
        """Delete the rows of blocks whose place others took, a block a transaction."""
        dead = select(SEARCH_BLOCK).where(SEARCH_BLOCK.c.is_live.is_(False))
        async with self._database.read() as connection:
            found = [(row.account_id, _block(row)) for row in await connection.execute(dead)]
        for account_id, block in found:

            async def apply(connection: Connection, account_id: int = account_id, block: Block = block) -> None:
                await _lock(connection, account_id)
                query = select(SEARCH_BLOCK.c.is_live).where(_is(SEARCH_BLOCK, account_id, block))
                if (await connection.execute(query)).scalar() is False:
                    await _drop(connection, account_id, block)

            await self._database.write(apply)

    async def clear(self) -> None:
        """Begin anew: what is indexed is no longer found, and the log is read from its beginning."""

        async def apply(connection: Connection) -> None:
            # The cursors first: who holds one is waited for, and its blocks are seen by what follows.
            await connection.execute(delete(CURSOR).where(CURSOR.c.processor == CURSOR_NAME))
            await connection.execute(update(SEARCH_BLOCK).values(is_live=False))

        await self._database.write(apply)
        await self.sweep()

    async def progress(self) -> tuple[int, int]:
        """Return how many rows of the log are read, and how many there are; both over all accounts."""
        query = select(
            func.coalesce(func.sum(CURSOR.c.seq), 0).label("read"),
            func.coalesce(func.sum(ACCOUNT.c.last_seq), 0).label("written"),
        ).select_from(
            ACCOUNT.outerjoin(CURSOR, and_(CURSOR.c.account_id == ACCOUNT.c.id, CURSOR.c.processor == CURSOR_NAME))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one()
        return int(row.read), int(row.written)

    async def forget(self, account_id: int, seqs: Collection[int]) -> None:
        """Take rows of the log out of the index. Their contents must have been destroyed before, durably.

        No pair of theirs is left in the tables that does not stand in another message of the same block. What the file
        keeps of freed pages is the file's matter: SQLite overwrites them (`secure_delete`), PostgreSQL's VACUUM frees
        them.
        """

        async def barrier(connection: Connection) -> None:
            # A block that was made of the contents is there after this; a later one does not get written with them.
            await _lock(connection, account_id)

        await self._database.write(barrier)
        by_block: dict[Block, set[int]] = {}
        for seq in seqs:
            for block in blocks_over(seq):
                by_block.setdefault(block, set()).add(seq - block.first_seq)
        for block, distances in by_block.items():
            await self._thin(account_id, block, frozenset(distances))

    async def _thin(self, account_id: int, block: Block, distances: frozenset[int]) -> None:
        """Take rows out of a block: look outside of the transaction, which then touches only what holds them."""
        query = select(SEARCH_POSTING.c.lead, SEARCH_POSTING.c.packed).where(_is(SEARCH_POSTING, account_id, block))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        thinned = await asyncio.to_thread(
            lambda: {
                row.lead: (row.packed, left) for row in found if (left := without(row.packed, distances)) != row.packed
            }
        )
        if not thinned:
            return

        async def apply(connection: Connection) -> None:
            await _lock(connection, account_id)
            for row in (await connection.execute(query.where(SEARCH_POSTING.c.lead.in_(sorted(thinned))))).all():
                packed, left = thinned[row.lead]
                if row.packed != packed:
                    left = without(row.packed, distances)
                here = and_(_is(SEARCH_POSTING, account_id, block), SEARCH_POSTING.c.lead == row.lead)
                if left is None:
                    await connection.execute(delete(SEARCH_POSTING).where(here))
                else:
                    await connection.execute(update(SEARCH_POSTING).where(here).values(packed=left))

        await self._database.write(apply)

    async def _make(self, account_id: int, block: Block, batch: Sequence[LogRow]) -> _Made:
        """Read what of a block's rows the batch does not hold, and pack them, in a thread: it may take a second."""
        first = batch[0].seq
        within = [bisect_left(batch, seq, key=_seq) for seq in (block.first_seq, block.end)]
        rows = [(row.seq - block.first_seq, row.kind, row.sent_at, row.fields) for row in batch[within[0] : within[1]]]
        if block.first_seq < first:
            rows = await self._read(account_id, block, end=min(first, block.end)) + rows

        def pack() -> dict[int, bytes]:
            return pack_block((distance, parts_of(kind, fields)) for distance, kind, _, fields in rows)

        times = [sent_at for _, _, sent_at, _ in rows]
        return _Made(
            block=block,
            since=min(times),
            until=max(times),
            contents=sum(fields is not None for _, _, _, fields in rows),
            postings=await asyncio.to_thread(pack),
        )

    async def _read(self, account_id: int, block: Block, *, end: int) -> list[tuple[int, str, datetime, Any]]:
        query = (
            select(MESSAGE.c.seq, MESSAGE.c.kind, MESSAGE.c.sent_at, CONTENT.c.fields)
            .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
            .where(MESSAGE.c.account_id == account_id, MESSAGE.c.seq >= block.first_seq, MESSAGE.c.seq < end)
            .order_by(MESSAGE.c.seq)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return [
            (row.seq - block.first_seq, row.kind, row.sent_at, None if row.fields is None else json.loads(row.fields))
            for row in found
        ]


async def _lock(connection: Connection, account_id: int) -> int:
    """Lock an account's cursor until the transaction ends; return how far the log is indexed."""
    await move_cursor(connection, CURSOR_NAME, account_id=account_id, seq=0)
    query = select(CURSOR.c.seq).where(CURSOR.c.processor == CURSOR_NAME, CURSOR.c.account_id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def _contents(connection: Connection, account_id: int, block: Block) -> int:
    query = select(func.count()).where(
        CONTENT.c.account_id == account_id, CONTENT.c.seq >= block.first_seq, CONTENT.c.seq < block.end
    )
    return int((await connection.execute(query)).scalar_one())


async def _write(connection: Connection, account_id: int, ready: _Made) -> None:
    block = ready.block
    await _drop(connection, account_id, block)
    times = {"since": ready.since, "until": ready.until}
    key = {"account_id": account_id, "size": block.size, "first_seq": block.first_seq}
    await connection.execute(insert(SEARCH_BLOCK).values(**key, **times, is_live=True))
    await _INSERT_POSTINGS.run(
        connection,
        [(account_id, block.size, block.first_seq, lead, packed) for lead, packed in sorted(ready.postings.items())],
    )


async def _drop(connection: Connection, account_id: int, block: Block) -> None:
    for table in (SEARCH_POSTING, SEARCH_BLOCK):
        await connection.execute(delete(table).where(_is(table, account_id, block)))


def _is(table: Any, account_id: int, block: Block) -> Any:
    return and_(table.c.account_id == account_id, table.c.size == block.size, table.c.first_seq == block.first_seq)


def _of(account_id: int, block: Block | None = None) -> Any:
    statement = update(SEARCH_BLOCK).where(SEARCH_BLOCK.c.account_id == account_id)
    return statement if block is None else statement.where(_is(SEARCH_BLOCK, account_id, block))


def _seq(row: LogRow) -> int:
    return row.seq


def _block(row: Any) -> Block:
    return Block(size=row.size, first_seq=row.first_seq)
