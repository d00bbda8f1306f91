"""Identity keys stay within what a database can index, and stay apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.keys import MAX_KEY, identity_key


def test_short_parts_are_joined_as_they_are() -> None:
    assert identity_key("e", "gh_1", "o", "1", "CLICK", "") == "e:gh_1:o:1:CLICK:"


@given(st.text(min_size=400, max_size=900), st.text(min_size=1, max_size=5))
def test_long_keys_are_bounded_and_differ_where_the_parts_differ(part: str, more: str) -> None:
    first, second = identity_key("e", part), identity_key("e", part + more)
    assert max(len(first), len(second)) <= MAX_KEY
    assert first != second
