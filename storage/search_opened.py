"""Reading blocks: the next ones of an account's log, with the rows of the characters that are looked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, BindParameter, Integer, and_, bindparam, literal_column, select

from content.value import value
from storage.connection import Connection
from storage.search_blocks import Block
from storage.search_identities import IDENTITIES
from storage.statements import Lookup
from storage.tables import SEARCH_BLOCK, SEARCH_POSTING
from storage.tables.instant import to_micros

#: Before and behind all times, in microseconds.
_EARLIEST: Final = -(1 << 62)
_LATEST: Final = 1 << 62


@value
class Span:
    """Which messages are meant by their time: from `since` on, before `until`."""

    since: datetime | None = None
    until: datetime | None = None


@value
class Opened:
    """A block, and of those first characters that were asked for and stand in it the packed rows."""

    block: Block
    packed: dict[int, bytes]


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _next(leads: Sequence[BindParameter[Any]]) -> Any:
    near = (
        select(SEARCH_BLOCK.c.size, SEARCH_BLOCK.c.first_seq)
        .where(
            SEARCH_BLOCK.c.account_id == bindparam("account_id", type_=Integer),
            SEARCH_BLOCK.c.is_live,
            SEARCH_BLOCK.c.first_seq < _number("below"),
            SEARCH_BLOCK.c.until >= _number("since"),
            SEARCH_BLOCK.c.since < _number("until"),
        )
        .order_by(SEARCH_BLOCK.c.first_seq.desc())
        .limit(_number("most"))
        .offset(literal_column("0"))  # SQLAlchemy gives SQLite one in any case, as a value nobody named
        .subquery("near")
    )
    of_block = and_(
        SEARCH_POSTING.c.account_id == bindparam("account_id", type_=Integer),
        SEARCH_POSTING.c.size == near.c.size,
        SEARCH_POSTING.c.first_seq == near.c.first_seq,
        SEARCH_POSTING.c.lead.in_(leads),
    )
    # In no order: SQLite would put each packed row into a sorter, which costs as much as reading it.
    return select(near.c.size, near.c.first_seq, SEARCH_POSTING.c.lead, SEARCH_POSTING.c.packed).select_from(
        near.outerjoin(SEARCH_POSTING, of_block)
    )


def _whose(first_seqs: Sequence[BindParameter[Any]]) -> Any:
    return select(SEARCH_POSTING.c.size, SEARCH_POSTING.c.first_seq, SEARCH_POSTING.c.packed).where(
        SEARCH_POSTING.c.account_id == bindparam("account_id", type_=Integer),
        SEARCH_POSTING.c.size == bindparam("size", type_=Integer),
        SEARCH_POSTING.c.first_seq.in_(first_seqs),
        SEARCH_POSTING.c.lead == bindparam("lead", type_=Integer),
    )


_NEXT = Lookup(_next, of=SEARCH_POSTING.c.lead)
_WHOSE = Lookup(_whose, of=SEARCH_POSTING.c.first_seq)


async def open_blocks(
    connection: Connection, account_id: int, leads: Sequence[int], *, below: int, most: int, span: Span
) -> list[Opened]:
    """Return the next blocks that begin below a seq, the newest first, at most so many.

    One statement: what it sees of the index belongs together, whatever the processor does meanwhile.
    """
    rows = await _NEXT.run(
        connection,
        leads,
        account_id=account_id,
        below=below,
        most=most,
        since=_EARLIEST if span.since is None else to_micros(span.since),
        until=_LATEST if span.until is None else to_micros(span.until),
    )
    found: dict[int, Opened] = {}
    for row in rows:
        opened = found.get(row.first_seq)
        if opened is None:
            opened = Opened(block=Block(size=row.size, first_seq=row.first_seq), packed={})
            found[row.first_seq] = opened
        if row.lead is not None:
            opened.packed[row.lead] = row.packed
    return [found[first_seq] for first_seq in sorted(found, reverse=True)]


async def read_identities(connection: Connection, account_id: int, opened: Collection[Opened]) -> None:
    """Add to blocks whose their rows are; not to those whose place a larger one took meanwhile."""
    by_size: dict[int, dict[int, Opened]] = {}
    for each in opened:
        by_size.setdefault(each.block.size, {})[each.block.first_seq] = each
    for size, blocks in by_size.items():
        rows = await _WHOSE.run(connection, sorted(blocks), account_id=account_id, size=size, lead=IDENTITIES)
        for row in rows:
            blocks[row.first_seq].packed[IDENTITIES] = row.packed
