"""Blocks: aligned stretches of one account's log, and the packed form in which a block keeps where its pairs stand.

The log of an account has no gaps, so a row is its seq and nothing needs a number of its own. After seq `n` the blocks
are a function of `n` alone: as many of the largest size as fit, then of the next. Reading the log again from the
beginning therefore gives the same blocks, whatever the batches were.

A pair is two characters that stand side by side in a part of a message; the last character of a part has a pair with
0. All pairs of a block that begin with one character are one row, packed: their number, the second characters in
order (32 bits each), how many rows each has, and the rows as distances from the block's first seq (16 bits each).
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from content.value import value

#: From the largest to the smallest; each a multiple of the next, and a row's distance fits 16 bits. At most as many of
#: the smaller ones lie at the end of a log as make one of the next, so a search opens few more blocks than
#: rows / 16,384. What lies behind the last block, less than 64 rows, is read in the log itself.
SIZES: Final = (16_384, 1_024, 64)
_SWAPPED: Final = sys.byteorder == "big"


@value
class Block:
    """`size` rows from `first_seq` on."""

    size: int
    first_seq: int

    @property
    def end(self) -> int:
        """The seq behind its last row."""
        return self.first_seq + self.size


def blocks_after(seq: int, *, start: int = 0) -> set[Block]:
    """Return the blocks from `start`, a multiple of the largest size, on of a log that was read up to `seq`.

    Seq 0 counts as a row, which is nobody's.
    """
    found: set[Block] = set()
    rows = seq + 1
    for size in SIZES:
        end = rows - rows % size
        found.update(Block(size=size, first_seq=first) for first in range(start, end, size))
        start = max(start, end)
    return found


def changes(before: int, after: int) -> tuple[list[Block], list[Block]]:
    """Return the blocks to make, and those whose place they take, when a log read up to `before` is up to `after`."""
    start = (before + 1) - (before + 1) % SIZES[0]
    old, new = blocks_after(before, start=start), blocks_after(after, start=start)
    return sorted(new - old, key=_by_place), sorted(old - new, key=_by_place)


def _by_place(block: Block) -> int:
    return block.first_seq


def indexed_to(seq: int) -> int:
    """Return the first seq that lies in no block of a log that was read up to `seq`."""
    return (seq + 1) - (seq + 1) % SIZES[-1]


def blocks_over(seq: int) -> list[Block]:
    """Return every block that `seq` can ever lie in."""
    return [Block(size=size, first_seq=seq - seq % size) for size in SIZES]


def pack_block(rows: Iterable[tuple[int, list[str]]]) -> dict[int, bytes]:
    """Return a block's packed rows by first character, from each row's distance (ascending) and parts."""
    pairs: defaultdict[str, array[int]] = defaultdict(lambda: array("H"))
    for distance, parts in rows:
        for pair in {part[i : i + 2] for part in parts for i in range(len(part))}:
            pairs[pair].append(distance)
    leads: defaultdict[int, dict[int, array[int]]] = defaultdict(dict)
    for pair, distances in pairs.items():
        leads[ord(pair[0])][ord(pair[1]) if len(pair) > 1 else 0] = distances
    return {lead: pack(seconds) for lead, seconds in leads.items()}


def pack(seconds: Mapping[int, array[int]]) -> bytes:
    """Return the packed form of the rows by second character."""
    order = sorted(seconds)
    rows = array("H")
    for second in order:
        rows.extend(seconds[second])
    head = array("I", [len(order), *order])
    counts = array("H", [len(seconds[second]) for second in order])
    return b"".join(little_endian(part).tobytes() for part in (head, counts, rows))


def unpack(packed: bytes) -> dict[int, array[int]]:
    """Return the rows by second character."""
    seconds, counts, start = _opened(packed)
    found: dict[int, array[int]] = {}
    for second, count in zip(seconds, counts, strict=True):
        found[second] = _rows(packed, start, count)
        start += 2 * count
    return found


def rows_of(packed: bytes, second: int) -> array[int]:
    """Return where the pair with `second` stands; with 0: where the first character stands, whatever follows it."""
    seconds, counts, start = _opened(packed)
    if not second:
        return _rows(packed, start, sum(counts))
    try:
        place = seconds.index(second)
    except ValueError:
        return array("H")
    return _rows(packed, start + 2 * sum(counts[:place]), counts[place])


def without(packed: bytes, distances: frozenset[int]) -> bytes | None:
    """Return the packed form without some rows: the same object when it holds none of them, None when none is left."""
    if distances.isdisjoint(rows_of(packed, 0)):
        return packed
    kept = {
        second: left
        for second, found in unpack(packed).items()
        if (left := array("H", [distance for distance in found if distance not in distances]))
    }
    return pack(kept) if kept else None


def _opened(packed: bytes) -> tuple[array[int], array[int], int]:
    """Return the second characters, how many rows each has, and at which byte the rows begin."""
    size = int.from_bytes(packed[:4], "little")
    counts_at, rows_at = 4 + 4 * size, 4 + 6 * size
    seconds, counts = array("I", packed[4:counts_at]), array("H", packed[counts_at:rows_at])
    return little_endian(seconds), little_endian(counts), rows_at


def _rows(packed: bytes, start: int, count: int) -> array[int]:
    return little_endian(array("H", packed[start : start + 2 * count]))


def little_endian(numbers: array[int]) -> array[int]:
    """Return the numbers as they are stored, or what is stored as numbers: the files move between machines."""
    if _SWAPPED:
        numbers.byteswap()
    return numbers
