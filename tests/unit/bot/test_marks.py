"""Marks of a search: where the words stand, and nothing of a text becomes HTML."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.console.marks import marked
from content.normal_form import normalise


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("我要住院", ["住院"], "我要<mark>住院</mark>"),
        ("住 院，住院", ["住院"], "<mark>住 院</mark>，<mark>住院</mark>"),
        ("ＡBC和abc", ["abc"], "<mark>ＡBC</mark>和<mark>abc</mark>"),
        ("20㎡", ["m2"], "20<mark>㎡</mark>"),
        ("哈哈哈", ["哈哈"], "<mark>哈哈哈</mark>"),
        ("理赔退保", ["理赔", "退保"], "<mark>理赔退保</mark>"),
        ("什么都没有", ["理赔"], "什么都没有"),
        ("", ["理赔"], ""),
        ("<b>理赔</b>&", ["理赔"], "&lt;b&gt;<mark>理赔</mark>&lt;/b&gt;&amp;"),
        ("a<script>b", ["ascriptb"], "<mark>a&lt;script&gt;b</mark>"),
    ],
)
def test_the_words_are_marked_as_they_were_written(text: str, words: list[str], shown: str) -> None:
    assert marked(text, words) == shown


def test_of_a_long_text_the_part_around_the_first_mark_is_shown() -> None:
    text = "前" * 300 + "理赔" + "后" * 300
    assert marked(text, ["理赔"], most=40) == "…" + "前" * 10 + "<mark>理赔</mark>" + "后" * 28 + "…"
    assert marked("理赔" + "后" * 50, ["理赔"], most=20) == "<mark>理赔</mark>" + "后" * 18 + "…"
    assert marked("前" * 50 + "理赔", ["理赔"], most=20) == "…" + "前" * 18 + "<mark>理赔</mark>"
    assert marked("赔" * 50, ["赔"], most=20) == "<mark>" + "赔" * 20 + "</mark>…"


_TEXTS = st.text(alphabet="ab理赔<>&'\" ,㎡ＡA", max_size=60)
_WORDS = st.lists(st.text("ab理赔<&A", min_size=1), max_size=3)


@given(text=_TEXTS, words=_WORDS)
def test_without_the_marks_the_text_is_what_was_written_and_each_mark_begins_a_word(
    text: str, words: list[str]
) -> None:
    forms = [form for word in words if (form := normalise(word))]
    shown = marked(text, forms)
    plain = re.sub(r"</?mark>", "", shown)

    assert html.unescape(plain) == text
    assert "<" not in plain
    for mark in re.findall(r"<mark>(.*?)</mark>", shown):
        assert any(form in normalise(html.unescape(mark)) for form in forms)
