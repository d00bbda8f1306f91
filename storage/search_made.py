"""Blocks on their way into the index: read from the log, packed in a thread, written in steps that are soon over.

While a transaction runs its statements on SQLite, the process does nothing else (`storage/sqlite.py`), and the rows of
a large block take 25 ms, on a busy machine a multiple. So what is more than one step's worth is laid first, out of
sight, in transactions of its own; the one that moves the cursor then only shows it. Killed in between, what was laid is
nobody's: it is laid anew, or swept.
"""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, insert, select

from content.value import value
from storage.connection import Connection
from storage.cursors import LogRow
from storage.database import Database
from storage.search_blocks import Block, pack_block
from storage.search_identities import IDENTITIES, pack_identities
from storage.search_text import parts_of
from storage.statements import Bulk
from storage.tables import CONTENT, MESSAGE, SEARCH_BLOCK, SEARCH_POSTING

_INSERT_POSTINGS = Bulk(SEARCH_POSTING)
#: Bytes that one transaction writes, about.
STEP: Final = 128 * 1024
#: Bytes of a row beside what it holds.
_ROW: Final = 40


@value
class Step:
    """Rows of one block that are written at once, by first character, in order."""

    block: Block
    rows: tuple[tuple[int, bytes], ...]


@value
class Made:
    """A block ready to be written."""

    block: Block
    since: datetime
    until: datetime
    #: How many of its rows had a content; another number at the time of writing says that one was destroyed meanwhile.
    contents: int
    #: By first character, and whose the rows are.
    postings: dict[int, bytes]

    def bytes(self) -> int:
        """Return what writing it takes, about."""
        return sum(map(len, self.postings.values())) + _ROW * len(self.postings)

    def steps(self, *, most: int) -> Iterator[Step]:
        """Return its rows as they are written one transaction after another: one step at least, of `most` bytes."""
        rows: list[tuple[int, bytes]] = []
        size = 0
        for lead, packed in sorted(self.postings.items()):
            if rows and size + len(packed) + _ROW > most:
                yield Step(block=self.block, rows=tuple(rows))
                rows, size = [], 0
            rows.append((lead, packed))
            size += len(packed) + _ROW
        yield Step(block=self.block, rows=tuple(rows))


def fits_one_step(made: Sequence[Made], *, most: int) -> bool:
    """Tell whether blocks can be written together in one transaction."""
    return sum(ready.bytes() for ready in made) <= most


async def make(database: Database, account_id: int, block: Block, batch: Sequence[LogRow]) -> Made:
    """Read what of a block's rows the batch does not hold, and pack them, in a thread: it may take a second."""
    first = batch[0].seq
    within = [bisect_left(batch, seq, key=_seq) for seq in (block.first_seq, block.end)]
    rows = [_Row(row) for row in batch[within[0] : within[1]]]
    if block.first_seq < first:
        rows = await _read(database, account_id, block, end=min(first, block.end)) + rows
    times = [row.sent_at for row in rows]
    return Made(
        block=block,
        since=min(times),
        until=max(times),
        contents=sum(row.fields is not None for row in rows),
        postings=await asyncio.to_thread(_pack, block, rows),
    )


async def begin(connection: Connection, account_id: int, ready: Made, *, is_live: bool) -> None:
    """Write a block without its rows, in the place of what stood there."""
    await drop(connection, account_id, ready.block)
    times = {"since": ready.since, "until": ready.until}
    key = {"account_id": account_id, "size": ready.block.size, "first_seq": ready.block.first_seq}
    await connection.execute(insert(SEARCH_BLOCK).values(**key, **times, is_live=is_live))


async def lay(connection: Connection, account_id: int, step: Step) -> None:
    """Write rows of a block in the place of those that stood there: another process may lay the same."""
    if not step.rows:
        return
    lead = SEARCH_POSTING.c.lead
    here = and_(of_block(SEARCH_POSTING, account_id, step.block), lead >= step.rows[0][0], lead <= step.rows[-1][0])
    await connection.execute(delete(SEARCH_POSTING).where(here))
    block = step.block
    await _INSERT_POSTINGS.run(
        connection, [(account_id, block.size, block.first_seq, lead, packed) for lead, packed in step.rows]
    )


async def is_as_it_was_read(connection: Connection, account_id: int, ready: Made) -> bool:
    """Tell whether no content of a block was destroyed since it was read."""
    block = ready.block
    query = select(func.count()).where(
        CONTENT.c.account_id == account_id, CONTENT.c.seq >= block.first_seq, CONTENT.c.seq < block.end
    )
    return bool((await connection.execute(query)).scalar_one() == ready.contents)


async def is_begun(connection: Connection, account_id: int, ready: Made) -> bool:
    """Tell whether a block stands in the tables, with its rows or without."""
    query = select(func.count()).where(of_block(SEARCH_BLOCK, account_id, ready.block))
    return bool((await connection.execute(query)).scalar_one())


async def is_laid(connection: Connection, account_id: int, ready: Made) -> bool:
    """Tell whether all of a block stands in the tables: another process may have dropped what this one laid."""
    for table, count in ((SEARCH_BLOCK, 1), (SEARCH_POSTING, len(ready.postings))):
        query = select(func.count()).select_from(table).where(of_block(table, account_id, ready.block))
        if (await connection.execute(query)).scalar_one() != count:
            return False
    return True


async def drop(connection: Connection, account_id: int, block: Block) -> None:
    """Delete a block and its rows."""
    for table in (SEARCH_POSTING, SEARCH_BLOCK):
        await connection.execute(delete(table).where(of_block(table, account_id, block)))


def of_block(table: Any, account_id: int, block: Block) -> Any:
    """Return the condition on one of the two tables that a row belongs to a block."""
    return and_(table.c.account_id == account_id, table.c.size == block.size, table.c.first_seq == block.first_seq)


class _Row:
    """A row of the log as far as it is indexed; not a value class, which would cost more than reading it."""

    __slots__ = ("fields", "identity_id", "kind", "sent_at", "seq")

    def __init__(self, row: Any) -> None:
        self.seq: int = row.seq
        self.kind: str = row.kind
        self.identity_id: int = row.identity_id
        self.sent_at: datetime = row.sent_at
        self.fields: Any = row.fields


def _pack(block: Block, rows: Sequence[_Row]) -> dict[int, bytes]:
    first = block.first_seq
    postings = pack_block((row.seq - first, parts_of(row.kind, row.fields)) for row in rows)
    found = ((row.seq - first, row.identity_id) for row in rows if row.fields is not None)
    identities = pack_identities(found, size=block.size)
    return postings if identities is None else {IDENTITIES: identities, **postings}


async def _read(database: Database, account_id: int, block: Block, *, end: int) -> list[_Row]:
    query = (
        select(MESSAGE.c.seq, MESSAGE.c.kind, MESSAGE.c.identity_id, MESSAGE.c.sent_at, CONTENT.c.fields)
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
        .where(MESSAGE.c.account_id == account_id, MESSAGE.c.seq >= block.first_seq, MESSAGE.c.seq < end)
        .order_by(MESSAGE.c.seq)
    )
    async with database.read() as connection:
        rows = [_Row(row) for row in (await connection.execute(query)).all()]
    for row in rows:
        row.fields = None if row.fields is None else json.loads(row.fields)
    return rows


def _seq(row: LogRow) -> int:
    return row.seq
