"""Blocks and their packed form."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search_blocks import (
    SIZES,
    Block,
    blocks_after,
    blocks_over,
    changes,
    indexed_to,
    pack,
    pack_block,
    rows_of,
    unpack,
    without,
)

_POSTINGS = st.dictionaries(
    st.integers(0, 0x10FFFF), st.sets(st.integers(0, SIZES[0] - 1), min_size=1).map(sorted), min_size=1
)


@given(_POSTINGS)
def test_what_was_packed_is_unpacked(seconds: dict[int, list[int]]) -> None:
    packed = pack({second: array("H", rows) for second, rows in seconds.items()})

    assert {second: list(rows) for second, rows in unpack(packed).items()} == seconds
    assert {second: list(rows_of(packed, second)) for second in seconds if second} == {
        second: rows for second, rows in seconds.items() if second
    }
    assert set(rows_of(packed, 0)) == set().union(*seconds.values())
    assert list(rows_of(packed, 0x110000)) == []


@given(_POSTINGS, st.frozensets(st.integers(0, SIZES[0] - 1)))
def test_rows_are_taken_out_everywhere(seconds: dict[int, list[int]], gone: frozenset[int]) -> None:
    packed = pack({second: array("H", rows) for second, rows in seconds.items()})
    left = without(packed, gone)
    expected = {second: kept for second, rows in seconds.items() if (kept := [row for row in rows if row not in gone])}

    assert ({} if left is None else {second: list(rows) for second, rows in unpack(left).items()}) == expected
    assert (left is packed) == (expected == seconds)


@given(st.integers(0, 200_000))
def test_blocks_cover_a_log_without_gap_or_overlap_up_to_its_tail(seq: int) -> None:
    blocks = sorted(blocks_after(seq), key=lambda block: block.first_seq)
    ends = [0, *[block.end for block in blocks]]

    assert [block.first_seq for block in blocks] == ends[:-1]
    assert ends[-1] == indexed_to(seq)
    assert 0 <= seq + 1 - ends[-1] < SIZES[-1]
    assert all(block.first_seq % block.size == 0 for block in blocks)
    for size, larger in zip(SIZES[1:], SIZES, strict=False):
        assert sum(block.size == size for block in blocks) < larger // size


@given(st.integers(0, 100_000), st.integers(0, 40_000))
def test_what_a_batch_changes_leads_from_one_state_to_the_other(before: int, count: int) -> None:
    new, old = changes(before, before + count)

    assert (blocks_after(before) - set(old)) | set(new) == blocks_after(before + count)
    assert set(old) <= blocks_after(before)
    assert not set(new) & blocks_after(before)


@pytest.mark.parametrize("seq", [0, 1, 63, 64, 16_383, 16_384, 100_000])
def test_a_row_lies_in_one_block_of_each_size(seq: int) -> None:
    blocks = blocks_over(seq)
    assert [block.size for block in blocks] == list(SIZES)
    assert all(block.first_seq <= seq < block.end for block in blocks)
    assert blocks[-1] == Block(size=64, first_seq=seq // 64 * 64)


def test_a_blocks_pairs_end_with_their_part() -> None:
    packed = pack_block([(3, ["甲乙", "丙"]), (5, ["乙甲乙"])])
    found = {
        (chr(lead), chr(second)): list(rows) for lead, row in packed.items() for second, rows in unpack(row).items()
    }
    assert found == {("甲", "乙"): [3, 5], ("乙", "\0"): [3, 5], ("乙", "甲"): [5], ("丙", "\0"): [3]}
