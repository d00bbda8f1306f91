"""Candidates of a search in one account's log: rows that have all pairs of the words, from the newest on."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, select

from content.value import value
from storage.connection import Connection
from storage.search_blocks import SIZES, indexed_to, rows_of
from storage.tables import SEARCH_BLOCK, SEARCH_POSTING

#: Blocks that are opened at once: few at first, for words that are in many messages.
_FIRST_BLOCKS: Final = 2
_MOST_BLOCKS: Final = 64
#: Rows, and whether they are in order.
_Rows = tuple["array[int]", bool]
#: Looking a row up costs as much as running over so many.
_MUCH_LONGER: Final = 8


@value
class Span:
    """Which messages are meant by their time: from `since` on, before `until`."""

    since: datetime | None = None
    until: datetime | None = None


class Walk:
    """Goes down an account's log.

    `top`: the rows below it are looked for; `read_to`: how far the log is indexed; `pairs`: what a row must have;
    `scope`: the only rows that count, in order; None for all.
    """

    def __init__(
        self,
        account_id: int,
        *,
        top: int,
        read_to: int,
        pairs: frozenset[tuple[int, int]],
        span: Span,
        scope: Sequence[int] | None,
    ) -> None:
        self.account_id = account_id
        #: Of this row and those above it all candidates were given.
        self.at = top
        #: How many blocks were opened.
        self.opened = 0
        self._tail = indexed_to(read_to)
        self._pairs = pairs
        self._leads = sorted({lead for lead, _ in pairs})
        self._span = span
        self._scope = scope
        self._blocks = _FIRST_BLOCKS

    async def go_on(self, connection: Connection) -> list[int] | None:
        """Return the next candidates, the newest first, perhaps none; None at the log's beginning."""
        if self.at > max(self._tail, 1):
            # What no block holds yet is compared as it is: less than 64 rows.
            found = list(self._meant(max(self._tail, 1), self.at))[::-1]
            self.at = self._tail
        else:
            rows = (await connection.execute(self._query())).all()
            if not rows:
                return None
            by_block: dict[int, dict[int, bytes]] = {}
            for row in rows:
                packed = by_block.setdefault(row.first_seq, {})
                if row.lead is not None:
                    packed[row.lead] = row.packed
            # A block may have grown over what was walked, by taking the place of smaller ones.
            found = [seq for first, packed in by_block.items() for seq in self._in(first, packed) if seq < self.at]
            self.at = min(by_block)
            self.opened += len(by_block)
            self._blocks = min(2 * self._blocks, _MOST_BLOCKS)
        return found

    def _query(self) -> Any:
        """Return the query of the next blocks, the newest first, with the rows of the words' characters.

        One statement: what it sees of the index belongs together, whatever the processor does meanwhile.
        """
        blocks = select(SEARCH_BLOCK.c.size, SEARCH_BLOCK.c.first_seq).where(
            SEARCH_BLOCK.c.account_id == self.account_id, SEARCH_BLOCK.c.is_live, SEARCH_BLOCK.c.first_seq < self.at
        )
        if self._span.since is not None:
            blocks = blocks.where(SEARCH_BLOCK.c.until >= self._span.since)
        if self._span.until is not None:
            blocks = blocks.where(SEARCH_BLOCK.c.since < self._span.until)
        near = blocks.order_by(SEARCH_BLOCK.c.first_seq.desc()).limit(self._blocks).subquery("near")
        of_block = and_(
            SEARCH_POSTING.c.account_id == self.account_id,
            SEARCH_POSTING.c.size == near.c.size,
            SEARCH_POSTING.c.first_seq == near.c.first_seq,
            SEARCH_POSTING.c.lead.in_(self._leads),
        )
        return (
            select(near.c.first_seq, SEARCH_POSTING.c.lead, SEARCH_POSTING.c.packed)
            .select_from(near.outerjoin(SEARCH_POSTING, of_block))
            .order_by(near.c.first_seq.desc())
        )

    def _meant(self, first: int, end: int) -> Sequence[int]:
        """Return the rows of a stretch that count."""
        if self._scope is None:
            return range(first, end)
        return self._scope[bisect_left(self._scope, first) : bisect_left(self._scope, end)]

    def _in(self, first: int, packed: Mapping[int, bytes]) -> list[int]:
        if len(packed) < len(self._leads):
            return []
        rows: list[_Rows] = []
        for lead, second in self._pairs:
            found = rows_of(packed[lead], second)
            if not found:
                return []
            # Where one character is looked for, the rows of its pairs lie one after another.
            rows.append((found, bool(second)))
        rows.sort(key=_length)
        kept: Collection[int]
        if self._scope is None:
            kept = rows.pop(0)[0]
        else:
            kept = [seq - first for seq in self._meant(first, min(first + SIZES[0], self.at))]
        return [first + distance for distance in sorted(set(_in_all(kept, rows)), reverse=True)]


def _in_all(kept: Collection[int], rows: list[_Rows]) -> Collection[int]:
    """Return what of `kept` stands in all rows."""
    for others, is_ordered in rows:
        if is_ordered and _MUCH_LONGER * len(kept) < len(others):
            kept = [row for row in kept if (at := bisect_left(others, row)) < len(others) and others[at] == row]
        else:
            kept = set(kept).intersection(others)
    return kept


def _length(rows: _Rows) -> int:
    return len(rows[0])
