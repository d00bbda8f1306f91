"""Values of lists and forms: what is read as which, and what is said of the others."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from content.attributes import BadValue
from content.audience import load_audience

ATTRIBUTES = load_audience(None).attributes


@pytest.mark.parametrize(
    ("attribute", "text", "word", "number", "json"),
    [
        ("person.age", "35岁", None, 35.0, "35"),
        ("finance.annual_income", "12,000.50元", None, 12000.5, "12000.5"),
        ("finance.budget", "1.5万", None, 15000.0, "15000"),
        ("finance.has_car", "是", None, 1.0, "true"),
        ("finance.has_car", "NO", None, 0.0, "false"),
        ("person.employment", "在职", "employed", None, '"employed"'),
        ("person.employment", "employed", "employed", None, '"employed"'),
        ("person.city", " 上海 ", "上海", None, '"上海"'),
        ("family.child_age", "6", "4-6", None, '"4-6"'),
        ("family.child_age", "6.9", "4-6", None, '"4-6"'),
        ("family.child_age", "7-12", "7-12", None, '"7-12"'),
        ("family.child_age", "40", "18+", None, '"18+"'),
    ],
)
def test_a_value_is_read(attribute: str, text: str, word: Any, number: Any, json: str) -> None:
    found = ATTRIBUTES.by_key[attribute].read(text)
    assert (found.word, found.number, found.day, found.json) == (word, number, None, json)


@pytest.mark.parametrize("text", ["1985-06-01", "1985/6/1", "19850601", "1985年6月1日", "1985-06-01 00:00:00"])
def test_a_day_is_read_with_its_anniversary(text: str) -> None:
    found = ATTRIBUTES.by_key["person.birthday"].read(text)
    assert (found.day, found.number, found.json) == (date(1985, 6, 1), 601.0, '"1985-06-01"')


@pytest.mark.parametrize(
    ("attribute", "text", "why"),
    [
        ("person.age", "三十", "三十 不是数字；写一个数字"),
        ("person.age", "35.5", "35.5 不是整数；写一个整数"),
        ("person.age", "-1", "-1 小于 0；写一个不小于 0 的数"),
        ("person.age", "=A1+1", "这是公式或以等号开头的文字：=A1+1；把公式换成它的结果"),
        ("finance.budget", "9999999999万", "9999999999万 太大；检查位数和单位"),
        ("finance.budget", "1e5", "1e5 不是数字；写一个数字"),
        ("finance.budget", "NaN", "NaN 不是数字；写一个数字"),
        ("finance.has_car", "大概", "大概 不是“是”或“否”；写“是”或“否”"),
        ("person.sex", "x", "x 不是这一项的取值；写其中之一：女、男"),
        ("person.birthday", "1985-02-30", "1985-02-30 不是日期；写成 1985-06-01 这样"),
        ("person.birthday", "85-06-01", "85-06-01 不是日期；写成 1985-06-01 这样"),
        # Two days could be meant, a month, or none.
        ("person.birthday", "1985111", "1985111 不是日期；写成 1985-06-01 这样"),
        ("person.birthday", "1985-111", "1985-111 不是日期；写成 1985-06-01 这样"),
        ("person.birthday", "198511", "198511 不是日期；写成 1985-06-01 这样"),
        ("person.city", "#N/A", "这是公式的出错结果：#N/A；改正公式，或把格子留空"),
        ("family.child_age", "151", "151 岁不是年龄；写 0 到 150 之间的岁数"),
        ("person.city", "上\x00海", "没有可见的文字；写出这一项的内容，或把格子留空"),
        ("person.city", "长" * 101, "有 101 个字，最多 100 个；写短一些"),
    ],
)
def test_what_cannot_be_read_says_why_and_how_to_mend_it(attribute: str, text: str, why: str) -> None:
    with pytest.raises(BadValue) as told:
        ATTRIBUTES.by_key[attribute].read(text)
    assert str(told.value) == why


def test_a_childs_age_is_nowhere_but_as_a_band() -> None:
    found = ATTRIBUTES.by_key["family.child_age"].read("5")
    assert "5" not in repr(found).replace("4-6", "")
