"""Whose the rows of a block are, in packed form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search_identities import identities_of, pack_identities, without_identities

_SIZE = 64
_NARROW = st.integers(1, 2**32 - 1)
_WIDE = st.integers(1, 2**63 - 1)
_ROWS = st.one_of(*[st.dictionaries(st.integers(0, _SIZE - 1), number, min_size=1) for number in (_NARROW, _WIDE)])


def _unpacked(packed: bytes | None) -> dict[int, int]:
    if packed is None:
        return {}
    return {distance: number for distance, number in enumerate(identities_of(packed, size=_SIZE)) if number}


@given(_ROWS)
def test_each_row_is_whose_it_was_packed_as(rows: dict[int, int]) -> None:
    assert _unpacked(pack_identities(rows.items(), size=_SIZE)) == rows


@given(_ROWS, st.frozensets(st.integers(0, _SIZE - 1)))
def test_a_row_that_is_taken_out_is_nobodys_as_if_it_had_never_been_packed(
    rows: dict[int, int], gone: frozenset[int]
) -> None:
    packed = pack_identities(rows.items(), size=_SIZE)
    assert packed is not None
    left = without_identities(packed, gone, size=_SIZE)
    kept = {distance: number for distance, number in rows.items() if distance not in gone}

    assert left == pack_identities(kept.items(), size=_SIZE)
    assert (left is packed) == (kept == rows)


@pytest.mark.parametrize(("greatest", "bytes_a_row"), [(2**32 - 1, 4), (2**32, 8)])
def test_a_row_takes_four_bytes_until_a_number_needs_more(greatest: int, bytes_a_row: int) -> None:
    packed = pack_identities([(0, 1), (3, greatest)], size=_SIZE)

    assert packed is not None
    assert len(packed) == bytes_a_row * _SIZE


def test_a_block_without_contents_has_no_packed_form() -> None:
    assert pack_identities([], size=_SIZE) is None
