"""Templates of content: what they may say, where a mistake stands, and that nothing is ever sent with a hole."""

from __future__ import annotations

from typing import Any

import pytest

from content.piece import Piece, Variable, VariableType
from content.piece_template import TemplateRefused, Templates, literal
from content.piece_values import Filling, NotFilled, Unfilled

VARIABLES = {
    "name": Variable(example="王女士", max=6),
    "sum": Variable(type=VariableType.MONEY, example="1200.5"),
    "day": Variable(type=VariableType.DATE, example="2026-05-06"),
    "n": Variable(type=VariableType.NUMBER, example="3"),
}
GOOD = {"name": "李先生", "sum": "1200.5", "day": "2026-05-06", "n": "3"}


def _fill(text: str, **values: str) -> Any:
    piece = Piece.model_validate(
        {"key": "a", "kind": "text", "name": "试", "variables": VARIABLES, "variants": {"A": {"text": text}}}
    )
    found = Filling(Templates()).fill(piece, "A", GOOD | values)
    return found if isinstance(found, NotFilled) else found.text


def test_values_are_written_by_their_types() -> None:
    words = "{{ name }}，{{ sum }} 元，{{ day }}，{% if n >= 3 %}{{ n }} 次{% else %}还没有{% endif %}"
    assert _fill(words) == "李先生，1,200.50 元，2026年5月6日，3 次"
    assert _fill(words, n="2.50") == "李先生，1,200.50 元，2026年5月6日，还没有"


@pytest.mark.parametrize(
    ("values", "why", "about"),
    [
        ({"name": ""}, Unfilled.VALUE_MISSING, "name"),
        ({"name": " \n\u200b"}, Unfilled.VALUE_MISSING, "name"),
        ({"name": "一二三四五六七"}, Unfilled.VALUE_WRONG, "name"),
        ({"name": "www.x"}, Unfilled.VALUE_WRONG, "name"),
        ({"name": "a://b"}, Unfilled.VALUE_WRONG, "name"),
        ({"sum": "很多"}, Unfilled.VALUE_WRONG, "sum"),
        ({"sum": "NaN"}, Unfilled.VALUE_WRONG, "sum"),
        ({"sum": "1e99"}, Unfilled.VALUE_WRONG, "sum"),
        ({"sum": "１２"}, Unfilled.VALUE_WRONG, "sum"),
        # Written out it has a thousand million digits.
        ({"n": "1e-999999999"}, Unfilled.VALUE_WRONG, "n"),
        ({"day": "6 May"}, Unfilled.VALUE_WRONG, "day"),
    ],
)
def test_a_value_that_is_missing_or_wrong_stops_that_send_by_name(values: Any, why: Any, about: Any) -> None:
    assert _fill("{{ name }}{{ sum }}{{ day }}{{ n }}", **values) == NotFilled(why=why, about=about)


def test_a_variable_of_a_branch_that_is_not_taken_must_have_a_value_too() -> None:
    assert _fill("{% if n > 9 %}{{ name }}{% else %}您好{% endif %}", name="").about == "name"


def test_words_that_grow_longer_than_the_channels_take_stop_that_send() -> None:
    assert len(_fill("{{ name }}" + "好" * 681, name="王").encode()) == 2046
    assert _fill("{{ name }}" + "好" * 681, name="王先生") == NotFilled(why=Unfilled.TOO_LONG, about="text")


def test_no_value_can_become_a_link_a_second_line_or_a_template() -> None:
    assert _fill("{{ name }}", name="<a b>") == "＜a b＞"
    assert _fill("{{ name }}", name="甲\n乙") == "甲 乙"
    assert _fill("{{ name }}", name="{{n}}") == "{{n}}"


@pytest.mark.parametrize(
    ("source", "line", "column", "what"),
    [
        ("您好 {{ nam }}", 1, 7, "没有声明变量 nam"),
        ("一\n二 {{ name.__class__ }}", 2, 3, "不能使用 Getattr"),
        ("{{ name['x'] }}", 1, 1, "不能使用 Getitem"),
        ("{% for x in name %}{% endfor %}", 1, 1, "不能使用 For"),
        ("{{ name() }}", 1, 1, "不能使用 Call"),
        ("{{ name | upper }}", 1, 1, "不能使用 Filter"),
        ("{{ name * 9 }}", 1, 1, "不能使用 Mul"),
        ("{% set a = 1 %}", 1, 1, "不能使用 Assign"),
        ("{% include 'x' %}", 1, 1, "不能使用 Include"),
        ("{% if name is defined %}{% endif %}", 1, 1, "不能使用 Test"),
        ("{{ '稳赚' }}", 1, 1, "标记里只能写变量的名字"),
        ("{% raw %}{{ x }}{% endraw %}", 1, 1, "不能使用 raw"),
        ("{% if name == '{{' %}稳赚 {{ name }}{% endif %}", 1, 1, "引号里不能有"),
        ("{{ name }} 和 {{ }}", 1, 14, "语法不对"),
        ("{{ name", 1, 1, "语法不对"),
        ("一\n二\n{% if n > 1 %}三", 3, 1, "语法不对"),
        ("{% if day == 'x' %}{% endif %}", 1, 1, "只能把文字和文字"),
        ("{% if n == 'x' %}{% endif %}", 1, 1, "只能把文字和文字"),
        ("{% if " + "not " * 3000 + "n > 1 %}{% endif %}", 1, 1, "条件太深"),
        # Python compiles no two hundred brackets, and Jinja2 writes one for each.
        ("{% if " + "not " * 250 + "n > 1 %}{% endif %}", 1, 1, "条件太深"),
        ("{{ name }}" * 101, 1, 1, "标记超过 100 个"),
        ("{% if n > 1 %}甲{% endif %}" * 7, 1, 1, "条件的组合超过 64 种"),
        ("{% if n > 1 %}甲{% else %}乙{% endif %}" * 5 + "丙" * 4000, 1, 1, "条件的组合超过 64 种，或文字太长"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(source: Any, line: Any, column: Any, what: Any) -> None:
    with pytest.raises(TemplateRefused) as refused:
        Templates().names(source, VARIABLES)
    first = refused.value.problems[0]
    assert (first.line, first.column) == (line, column)
    assert first.what.startswith(what)
    assert first.mend


def test_the_check_reads_all_branches_and_nothing_of_the_tags() -> None:
    source = "甲{% if n > 1 %}乙{# 注 #}{% else %}丙{% endif %}丁{{ name }}"
    assert "".join(char for _, char in literal(source)) == "甲乙丙丁"


@pytest.mark.parametrize("text", ["零\u200b宽", "\u202e倒", "\x00"])
def test_unseen_characters_are_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="unseen character"):
        Piece.model_validate({"key": "a", "kind": "text", "name": "试", "variants": {"A": {"text": f"x{text}x"}}})
