"""Whose the rows of a block are: the identity of each, so that a scope is decided before any message is read.

One number a row, from the block's first on: 32 bits each, or 64 where one of them needs more. 0 stands for a row
without contents, which nobody can find. The numbers of a block are one row of the table, beside those of the pairs.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from typing import Final

from storage.search_blocks import little_endian

#: Stands in the place of a first character; no character has this code point.
IDENTITIES: Final = -1
_NARROW: Final = "I"
_WIDE: Final = "Q"


def pack_identities(rows: Iterable[tuple[int, int]], *, size: int) -> bytes | None:
    """Return the packed form of a block of `size` rows from (distance, identity) pairs; None when all are 0."""
    numbers = [0] * size
    for distance, identity_id in rows:
        numbers[distance] = identity_id
    return _packed(numbers)


def identities_of(packed: bytes, *, size: int) -> array[int]:
    """Return the identity of each row by its distance from the block's first."""
    return little_endian(array(_NARROW if len(packed) == 4 * size else _WIDE, packed))


def without_identities(packed: bytes, distances: Collection[int], *, size: int) -> bytes | None:
    """Return the packed form with 0 for some rows: the same object when it is 0 already, None when all are."""
    numbers = identities_of(packed, size=size)
    if not any(numbers[distance] for distance in distances):
        return packed
    for distance in distances:
        numbers[distance] = 0
    return _packed(numbers)


def _packed(numbers: Collection[int]) -> bytes | None:
    greatest = max(numbers, default=0)
    if not greatest:
        return None
    return little_endian(array(_NARROW if greatest < 1 << 32 else _WIDE, numbers)).tobytes()
