"""The form in which words are compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content.normal_form import normalise


@pytest.mark.parametrize(
    ("normal", "text"),
    [
        ("保单怎么查", " 保单 怎么查？！"),
        ("td", "ＴＤ"),
        ("strasse", "Straße"),
        ("12", "①②"),
        ("理赔2026", "「理赔」_2026…"),
        ("", "？！😀 _"),
        ("", ""),
    ],
)
def test_width_case_spaces_and_punctuation_do_not_count(normal: Any, text: Any) -> None:
    assert normalise(text) == normal


@given(st.text())
@example("\u1100,\u1161")
@example("ǰ̣İ")
def test_a_normal_form_is_its_own_normal_form(text: Any) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text())
def test_a_normal_form_holds_letters_and_digits_only(text: Any) -> None:
    assert all(character.isalnum() for character in normalise(text))


@given(st.text(alphabet="保单怎么查abcABC123 　，。？!"), st.sampled_from([" ", "，", "？", "\n", "…"]))
def test_punctuation_anywhere_changes_nothing(text: Any, mark: Any) -> None:
    assert normalise(mark.join(text)) == normalise(text)
