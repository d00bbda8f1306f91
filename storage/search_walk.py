"""Candidates of a search in one account's log: rows that have all pairs of the words, from the newest on."""

from __future__ import annotations

import asyncio
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.connection import Connection
from storage.search_blocks import indexed_to, rows_of
from storage.search_identities import IDENTITIES
from storage.search_opened import Opened, Span, open_blocks, read_identities
from storage.search_scope import FEW, Listed, ListedIdentities, ListedMessages, SearchScope

#: Blocks that are opened at once: few at first, for words that are in many messages; then more, because each statement
#: costs as much as comparing ten blocks.
_FIRST_BLOCKS: Final = 2
_MOST_BLOCKS: Final = 64
_GROWTH: Final = 4
#: Blocks that are compared before others have their turn in the process: some milliseconds.
_BREATH: Final = 16
#: Rows of a block by their distances from its first.
_Rows = NDArray[np.uint16]
#: Effort, in candidates that are read and compared, 20 to 30 µs each: opening a block, and reading whose its rows are.
_BLOCK_EFFORT: Final = 2
_IDENTITIES_EFFORT: Final = 6
_NONE: Final = np.empty(0, dtype=np.uint16)


class Walk:
    """Goes down an account's log.

    `top`: the rows below it are looked for; `read_to`: how far the log is indexed; `pairs`: what a row must have;
    `scope`: whose rows count; rows of others may be given where leaving them out is not worth it.
    """

    def __init__(
        self,
        account_id: int,
        *,
        top: int,
        read_to: int,
        pairs: frozenset[tuple[int, int]],
        span: Span,
        scope: SearchScope,
    ) -> None:
        self.account_id = account_id
        #: Of this row and those above it all candidates were given.
        self.at = top
        #: What the blocks cost that were opened.
        self.effort = 0
        self._tail = indexed_to(read_to)
        self._pairs = pairs
        self._leads = sorted({lead for lead, _ in pairs})
        self._span = span
        self._scope = scope
        self._blocks = _FIRST_BLOCKS
        self._is_through = False

    async def go_on(self, connection: Connection) -> list[int] | None:
        """Return the next candidates, the newest first, perhaps none; None at the log's beginning."""
        if self.at > max(self._tail, 1):
            # What no block holds yet is compared as it is: less than 64 rows.
            found = list(range(max(self._tail, 1), self.at))[::-1]
            self.at = self._tail
            return found
        if self._is_through:
            return None
        opened = await open_blocks(
            connection, self.account_id, self._leads, below=self.at, most=self._blocks, span=self._span
        )
        self._is_through = len(opened) < self._blocks
        if not opened:
            return None
        having: list[tuple[Opened, _Rows]] = []
        for number, each in enumerate(opened):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            if (theirs := self._having(each)).size:
                having.append((each, theirs))
        self.effort += _BLOCK_EFFORT * len(opened)
        having = await self._without_others(connection, having)
        # A block may have grown over what was walked, by taking the place of smaller ones.
        candidates = [
            seq
            for each, distances in having
            for distance in np.unique(distances)[::-1].tolist()
            if (seq := each.block.first_seq + distance) < self.at
        ]
        self.at = min(each.block.first_seq for each in opened)
        self._blocks = min(_GROWTH * self._blocks, _MOST_BLOCKS)
        return candidates

    async def _without_others(
        self, connection: Connection, having: list[tuple[Opened, _Rows]]
    ) -> list[tuple[Opened, _Rows]]:
        """Take the rows of others out once there are so many candidates that the scope is listed, if it can be."""
        listed = await self._scope.meet(connection, candidates=sum(found.size for _, found in having))
        if isinstance(listed, ListedIdentities):
            many = [each for each, found in having if found.size > FEW]
            await read_identities(connection, self.account_id, many)
            self.effort += _IDENTITIES_EFFORT * len(many)
        return having if listed is None else [(each, self._theirs(each, found, listed)) for each, found in having]

    def _having(self, opened: Opened) -> _Rows:
        """Return which rows of a block have all pairs, by their distances, in any order, some perhaps twice."""
        rows: list[_Rows] = []
        for lead, second in self._pairs:
            packed = opened.packed.get(lead)
            if packed is None or not (found := rows_of(packed, second)):
                return _NONE
            rows.append(np.frombuffer(found, dtype=np.uint16))
        rows.sort(key=len)
        kept, listed = rows[0], self._scope.listed
        if isinstance(listed, ListedMessages):
            kept = self._theirs(opened, kept, listed)
        for others in rows[1:]:
            kept = _both(kept, others, size=opened.block.size)
        return kept

    def _theirs(self, opened: Opened, distances: _Rows, listed: Listed) -> _Rows:
        if isinstance(listed, ListedMessages):
            return _both(self._listed_in(opened, listed), distances, size=opened.block.size)
        return listed.among(opened.packed.get(IDENTITIES), opened.block, distances)

    def _listed_in(self, opened: Opened, listed: ListedMessages) -> _Rows:
        """Return which rows of a block are the scope's, by their distances."""
        seqs = listed.seqs.get(self.account_id)
        if seqs is None:
            return _NONE
        first, end = np.searchsorted(seqs, (opened.block.first_seq, opened.block.end))
        return (seqs[first:end] - opened.block.first_seq).astype(np.uint16)


def _both(kept: _Rows, others: _Rows, *, size: int) -> _Rows:
    """Return what of `kept` stands in `others` too."""
    there = np.zeros(size, dtype=np.bool_)
    there[others] = True
    return kept[there[kept]]
