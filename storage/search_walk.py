"""Candidates of a search in one account's log: rows that have all pairs of the words, from the newest on."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Collection
from typing import Final

from storage.connection import Connection
from storage.search_blocks import indexed_to, rows_of
from storage.search_identities import IDENTITIES
from storage.search_opened import Opened, Span, open_blocks, read_identities
from storage.search_scope import FEW, Listed, ListedIdentities, ListedMessages, SearchScope

#: Blocks that are opened at once: few at first, for words that are in many messages; then more, because each statement
#: costs as much as comparing ten blocks.
_FIRST_BLOCKS: Final = 2
_MOST_BLOCKS: Final = 128
_GROWTH: Final = 4
#: Blocks that are compared before others have their turn in the process: some milliseconds.
_BREATH: Final = 16
#: Rows, and whether they are in order.
_Rows = tuple["array[int]", bool]
#: Looking a row up costs as much as running over so many.
_MUCH_LONGER: Final = 8
#: What reading it costs, in blocks that are opened.
_IDENTITIES_COST: Final = 3


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
        #: How many blocks were opened; one whose identities were read counts for more.
        self.opened = 0
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
        listed = self._scope.listed
        whose = isinstance(listed, ListedIdentities)
        leads = [IDENTITIES, *self._leads] if whose else self._leads
        opened = await open_blocks(
            connection, self.account_id, leads, below=self.at, most=self._blocks, span=self._span
        )
        self._is_through = len(opened) < self._blocks
        if not opened:
            return None
        having: list[tuple[Opened, Collection[int]]] = []
        for number, each in enumerate(opened):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            if theirs := self._having(each, listed):
                having.append((each, theirs))
        self.opened += len(opened)
        if listed is None:
            having = await self._without_others(connection, having)
        elif whose:
            self.opened += _IDENTITIES_COST * len(opened)
        # A block may have grown over what was walked, by taking the place of smaller ones.
        candidates = [
            seq
            for each, distances in having
            for distance in sorted(set(distances), reverse=True)
            if (seq := each.block.first_seq + distance) < self.at
        ]
        self.at = min(each.block.first_seq for each in opened)
        self._blocks = min(_GROWTH * self._blocks, _MOST_BLOCKS)
        return candidates

    async def _without_others(
        self, connection: Connection, having: list[tuple[Opened, Collection[int]]]
    ) -> list[tuple[Opened, Collection[int]]]:
        """Take the rows of others out once there are so many candidates that the scope is listed, if it can be."""
        listed = await self._scope.meet(connection, candidates=sum(len(found) for _, found in having))
        if isinstance(listed, ListedIdentities):
            many = [each for each, found in having if len(found) > FEW]
            await read_identities(connection, self.account_id, many)
            self.opened += _IDENTITIES_COST * len(many)
        return having if listed is None else [(each, self._theirs(each, found, listed)) for each, found in having]

    def _having(self, opened: Opened, listed: Listed | None) -> Collection[int]:
        """Return which rows of a block have all pairs, by their distances, in any order, some perhaps twice."""
        rows: list[_Rows] = []
        for lead, second in self._pairs:
            packed = opened.packed.get(lead)
            if packed is None or not (found := rows_of(packed, second)):
                return ()
            # Where one character is looked for, the rows of its pairs lie one after another.
            rows.append((found, bool(second)))
        rows.sort(key=_length)
        if isinstance(listed, ListedMessages):
            return _in_all(self._listed_in(opened, listed), rows)
        fewest: Collection[int] = rows.pop(0)[0]
        return _in_all(fewest if listed is None else self._theirs(opened, fewest, listed), rows)

    def _theirs(self, opened: Opened, distances: Collection[int], listed: Listed) -> Collection[int]:
        if isinstance(listed, ListedMessages):
            return set(distances).intersection(self._listed_in(opened, listed))
        return listed.among(opened.packed.get(IDENTITIES), opened.block, distances)

    def _listed_in(self, opened: Opened, listed: ListedMessages) -> list[int]:
        """Return which rows of a block are the scope's, by their distances."""
        seqs, first = listed.seqs.get(self.account_id, ()), opened.block.first_seq
        return [seq - first for seq in seqs[bisect_left(seqs, first) : bisect_left(seqs, opened.block.end)]]


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
