"""Numbers of people, made and spelled on the tests' own side, never come through."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.masking import mask
from tests.fakes.numbers_of_people import KINDS, Number, leaked_of, leaks, write

TRIED = 10_000


def test_of_ten_thousand_numbers_none_comes_through() -> None:
    leaked = leaked_of(TRIED, seed=20261127)
    print(f"masking: {TRIED} numbers tried, {len(leaked)} leaked")
    assert leaked == []


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(min_value=0))
@settings(max_examples=200, deadline=None)
def test_no_number_comes_through_whatever_the_spelling(kind: object, seed: int) -> None:
    random = Random(seed)
    number = kind(random)  # type: ignore[operator]
    text, places = write(random, number)
    assert not leaks(number, text, places), (text, mask(text))


def test_a_number_that_is_not_masked_counts_as_a_leak() -> None:
    number = Number("13812345678", hidden=range(3, 7), groups=(3, 4, 4))
    # Out of reach for the mask: a word between the digits, so what `leaks` sees is the number itself.
    text = "138是1234是5678"
    assert leaks(number, text, [4, 5, 6, 7])
