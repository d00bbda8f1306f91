"""The writer of the search index: a processor that reads the log behind the message path (docs/search.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import and_, delete, func, select, update

from storage.connection import Connection
from storage.cursors import LogRow, move_cursor
from storage.database import Database
from storage.search_blocks import Block, blocks_over, changes, without
from storage.search_identities import IDENTITIES, without_identities
from storage.search_made import (
    STEP,
    Made,
    Step,
    begin,
    drop,
    fits_one_step,
    is_as_it_was_read,
    is_begun,
    is_laid,
    lay,
    make,
    of_block,
)
from storage.tables import ACCOUNT, CURSOR, SEARCH_BLOCK, SEARCH_POSTING

#: The name under which the cursor stands: the processor's name and version.
CURSOR_NAME: Final = "search:2"
#: Rows that one transaction thins at most: each takes a statement.
_MOST_THINNED: Final = 64
#: A row as it was read, and without what is taken out; None when nothing is left.
_Thinned = tuple[bytes, bytes | None]


class SearchIndex:
    """Makes, thins and drops the blocks. One processor at a time does useful work; a second one does no harm."""

    name: Final = "search"
    version: Final = 2
    cursor: Final = CURSOR_NAME

    def __init__(self, database: Database, *, step: int = STEP) -> None:
        """`step`: bytes that one transaction writes, about."""
        self._database = database
        self._step = step

    async def process(self, batch: Sequence[LogRow]) -> None:
        """Index what an account's batch completes. Blocks and cursor move in one transaction. Raises StorageError.

        A batch that does not begin where the cursor stands changes nothing: it was done already, or the index was
        begun anew.
        """
        account_id, before, after = batch[0].account_id, batch[0].seq - 1, batch[-1].seq
        new, old = changes(before, after)
        made = [await make(self._database, account_id, block, batch) for block in new]
        is_laid_before = not fits_one_step(made, most=self._step)
        if is_laid_before and not await self._lay(account_id, made, before=before):
            return

        async def apply(connection: Connection) -> None:
            if not await _is_due(connection, account_id, made, before=before):
                return
            if is_laid_before and not all([await is_laid(connection, account_id, ready) for ready in made]):
                return
            if before == 0:
                everything = update(SEARCH_BLOCK).where(SEARCH_BLOCK.c.account_id == account_id)
                await connection.execute(everything.values(is_live=False))
            await _show(connection, account_id, old, is_live=False)
            if is_laid_before:
                await _show(connection, account_id, new, is_live=True)
            for ready in () if is_laid_before else made:
                await begin(connection, account_id, ready, is_live=True)
                for step in ready.steps(most=self._step):
                    await lay(connection, account_id, step)
            await move_cursor(connection, CURSOR_NAME, account_id=account_id, seq=after)

        await self._database.write(apply)
        if old or before == 0:
            await self.sweep()

    async def _lay(self, account_id: int, made: Sequence[Made], *, before: int) -> bool:
        """Write blocks out of sight, a step a transaction; tell whether that came to its end."""
        for ready in made:
            for number, step in enumerate(ready.steps(most=self._step)):
                work = partial(
                    _lay_step, account_id=account_id, ready=ready, step=step, before=before, is_first=not number
                )
                if not await self._database.write(work):
                    return False
        return True

    async def sweep(self) -> None:
        """Delete the rows of blocks whose place others took, a block a transaction."""
        dead = select(SEARCH_BLOCK).where(SEARCH_BLOCK.c.is_live.is_(False))
        async with self._database.read() as connection:
            found = [(row.account_id, _block(row)) for row in await connection.execute(dead)]
        for account_id, block in found:

            async def apply(connection: Connection, account_id: int = account_id, block: Block = block) -> None:
                await _lock(connection, account_id)
                query = select(SEARCH_BLOCK.c.is_live).where(of_block(SEARCH_BLOCK, account_id, block))
                if (await connection.execute(query)).scalar() is False:
                    await drop(connection, account_id, block)

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
        """Take rows out of a block: look outside of the transactions, which then touch only what holds them.

        Killed between two of them, it is done again: the rows that are thinned already hold nothing of it any more.
        """
        here = of_block(SEARCH_POSTING, account_id, block)
        query = select(SEARCH_POSTING.c.lead, SEARCH_POSTING.c.packed).where(here)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        thinned = await asyncio.to_thread(
            lambda: {
                row.lead: (row.packed, left) for row in found if (left := _without(row, block, distances)) != row.packed
            }
        )
        for leads in _in_steps(thinned, most=self._step):
            work = partial(_write_thinned, account_id=account_id, block=block, distances=distances, thinned=leads)
            await self._database.write(work)


def _in_steps(thinned: Mapping[int, _Thinned], *, most: int) -> Iterator[dict[int, _Thinned]]:
    """Return rows of a block, by first character, as they are written one transaction after another."""
    part: dict[int, _Thinned] = {}
    size = 0
    for lead, (packed, left) in sorted(thinned.items()):
        if part and (size + len(packed) > most or len(part) == _MOST_THINNED):
            yield part
            part, size = {}, 0
        part[lead] = (packed, left)
        size += len(packed)
    if part:
        yield part


async def _write_thinned(
    connection: Connection,
    *,
    account_id: int,
    block: Block,
    distances: frozenset[int],
    thinned: Mapping[int, _Thinned],
) -> None:
    await _lock(connection, account_id)
    here = of_block(SEARCH_POSTING, account_id, block)
    query = select(SEARCH_POSTING.c.lead, SEARCH_POSTING.c.packed).where(here, SEARCH_POSTING.c.lead.in_(list(thinned)))
    for row in (await connection.execute(query)).all():
        packed, left = thinned[row.lead]
        if row.packed != packed:
            left = _without(row, block, distances)
        this = and_(here, SEARCH_POSTING.c.lead == row.lead)
        if left is None:
            await connection.execute(delete(SEARCH_POSTING).where(this))
        else:
            await connection.execute(update(SEARCH_POSTING).where(this).values(packed=left))


async def _lock(connection: Connection, account_id: int) -> int:
    """Lock an account's cursor until the transaction ends; return how far the log is indexed."""
    await move_cursor(connection, CURSOR_NAME, account_id=account_id, seq=0)
    query = select(CURSOR.c.seq).where(CURSOR.c.processor == CURSOR_NAME, CURSOR.c.account_id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def _lay_step(
    connection: Connection, *, account_id: int, ready: Made, step: Step, before: int, is_first: bool
) -> bool:
    # At each step: what was destroyed since it was read must not come into the file once more.
    if not await _is_due(connection, account_id, [ready], before=before):
        return False
    if is_first:
        await begin(connection, account_id, ready, is_live=False)
    elif not await is_begun(connection, account_id, ready):
        # Swept by another process: rows without their block would be swept by nobody.
        return False
    await lay(connection, account_id, step)
    return True


async def _is_due(connection: Connection, account_id: int, made: Sequence[Made], *, before: int) -> bool:
    """Lock an account's cursor; tell whether it stands where it stood, and all contents of blocks are there still."""
    if await _lock(connection, account_id) != before:
        return False
    return all([await is_as_it_was_read(connection, account_id, ready) for ready in made])


async def _show(connection: Connection, account_id: int, blocks: Sequence[Block], *, is_live: bool) -> None:
    """Show blocks to searches, or hide them."""
    for size in {block.size for block in blocks}:
        here = SEARCH_BLOCK.c.first_seq.in_([block.first_seq for block in blocks if block.size == size])
        of_size = and_(SEARCH_BLOCK.c.account_id == account_id, SEARCH_BLOCK.c.size == size, here)
        await connection.execute(update(SEARCH_BLOCK).where(of_size).values(is_live=is_live))


def _without(row: Any, block: Block, distances: frozenset[int]) -> bytes | None:
    """Return a row of a block without some rows of the log."""
    if row.lead == IDENTITIES:
        return without_identities(row.packed, distances, size=block.size)
    return without(row.packed, distances)


def _block(row: Any) -> Block:
    return Block(size=row.size, first_seq=row.first_seq)
