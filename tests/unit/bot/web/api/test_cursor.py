"""Cursors: every word of the pattern is a place, and every place comes back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.api.cursor import CursorForm

BIG = st.integers(min_value=0, max_value=2**63 - 1)
TWO = CursorForm(letter="t", numbers=2)


@given(BIG, BIG)
def test_a_place_comes_back(first: int, second: int) -> None:
    word = TWO.encode(first, second)
    assert re.fullmatch(TWO.pattern, word)
    assert TWO.decode(word) == (first, second)


@given(st.from_regex(TWO.pattern, fullmatch=True))
def test_every_word_of_the_pattern_is_a_place_that_its_columns_can_hold(word: str) -> None:
    place = TWO.decode(word.rstrip("\n"))
    assert len(place) == 2
    assert max(place) < 2**63


@pytest.mark.parametrize("digits", [8, 16])
def test_the_largest_number_is_the_column_s(digits: int) -> None:
    form = CursorForm(letter="s", digits=digits)
    largest = 2 ** (digits * 4 - 1) - 1
    assert re.fullmatch(form.pattern, form.encode(largest))
    assert not re.fullmatch(form.pattern, form.encode(largest + 1))


def test_the_cursor_of_one_list_is_none_of_another() -> None:
    assert not re.fullmatch(CursorForm(letter="a").pattern, CursorForm(letter="c").encode(5))
