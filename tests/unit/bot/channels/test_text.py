"""Words fitted to a platform's limits and markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.document import read_xml
from bot.channels.text import fit_lines, in_cdata, sendable
from content.lengths import cut

_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
_LINES = st.lists(st.text("险a", min_size=1, max_size=12), max_size=6)


@given(_WORDS, st.integers(min_value=3, max_value=100))
def test_cut_words_fit_and_are_the_beginning_of_the_whole(words: str, limit: int) -> None:
    text, was_cut = cut(words, limit)
    assert len(text.encode()) <= limit
    assert was_cut == (len(words.encode()) > limit)
    assert words.startswith(text.removesuffix("…")) if was_cut else text == words


def test_a_cut_never_splits_a_character() -> None:
    assert cut("险险险", 8) == ("险…", True)


@given(st.text("你好ab", max_size=40), _LINES, st.text("再见", max_size=8), st.integers(min_value=8, max_value=160))
def test_fitted_lines_are_whole_lines_within_the_limit(head: str, lines: list[str], tail: str, limit: int) -> None:
    text, was_cut = fit_lines(head, lines, tail, limit=limit)
    assert len(text.encode()) <= limit
    whole = "\n".join(filter(None, [head, *lines, tail]))
    assert was_cut == (text != whole)


def test_a_long_head_gives_way_to_the_lines() -> None:
    assert fit_lines("a" * 50, ["一", "二"], "完", limit=20) == ("aaaaa…\n一\n二\n完", True)


def test_lines_that_do_not_fit_fall_away_whole() -> None:
    assert fit_lines("", ["12345", "67890", "abcde"], "", limit=12) == ("12345\n67890", True)


@given(_WORDS)
def test_what_stands_in_a_section_is_read_back_as_it_was(words: str) -> None:
    text = f"<xml><a><![CDATA[{in_cdata(words)}]]></a></xml>"
    assert read_xml(text)["a"] == sendable(words).replace("\r\n", "\n").replace("\r", "\n")


def test_characters_that_no_xml_can_carry_are_left_out() -> None:
    assert sendable("a\0b\x1bc\ud800d\te\nf") == "abcd\te\nf"
