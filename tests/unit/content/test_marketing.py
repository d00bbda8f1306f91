"""Topics and frequencies as authored: what is wrong with them is said with file and line."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from content.loader import BUILT_IN, load_content
from content.marketing import Limit

FILE = (BUILT_IN / "marketing.yaml").read_text("utf-8")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_built_in_ones_are_those_of_the_page() -> None:
    marketing = load_content(None).marketing
    assert [topic.title for topic in marketing.topics] == ["健康与保险知识", "权益与活动", "产品与方案", "续期与理财"]
    assert [(each.title, each.limit) for each in marketing.frequencies] == [
        ("不限次数", None),
        ("每周最多一次", Limit(messages=1, days=7)),
        ("每月最多一次", Limit(messages=1, days=30)),
    ]
    assert marketing.unlimited.id == "any"


#: What is changed in the file, where the mistake stands then, and what is said.
MISTAKES = {
    "a topic twice": (
        ("  - id: products", "  - id: benefits"),
        "  - id: benefits\n    title: 产品",
        "`benefits` is used a second time (first on line 10); choose another",
    ),
    "an id that cannot be taken apart": (
        ("  - id: products", "  - id: products.new"),
        "  - id: products.new",
        "`id`: string should match pattern '^[a-z][a-z0-9_]{0,31}$', not the text 'products.new'; correct it",
    ),
    "half a limit": (
        ("    messages: 1\n    days: 7\n", "    messages: 1\n"),
        "  - id: weekly",
        "this entry: a limit is `messages` and `days` together; write both, or neither for no limit",
    ),
    "words of an opt-out": (
        ("[不收理财, ", "[退订, "),
        "退订, 不收理财消息",
        "'退订' is about a consent already (consent.yaml or notice.yaml); "
        "choose other words here: those must stay what they are",
    ),
    "words of another choice": (
        ("[频率不限, ", "[不收理财, "),
        "[不收理财, 不限频率",
        "'不收理财' means another choice already; keep it in one of the two",
    ),
    "a slot that nothing fills": (
        ("{days}天最多", "{weeks}周最多"),
        "  limited",
        "nothing fills the slot {weeks}; use {account}, {days}, {hotline}, {messages} or write the words out",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line(complaints: Any, mistake: str) -> None:
    (before, after), place, said = MISTAKES[mistake]
    assert before in FILE
    changed = FILE.replace(before, after)
    assert complaints(marketing=changed) == [f"marketing.yaml:{line_of(changed, place)}: {said}"]


def test_exactly_one_frequency_has_no_limit(complaints: Any) -> None:
    """Else nobody could go back to it, or nobody knew which one counts for who chose nothing."""
    [none] = complaints(
        marketing=FILE.replace("    title: 不限次数\n", "    title: 不限次数\n    messages: 9\n    days: 1\n")
    )
    [two] = complaints(marketing=FILE.replace("    messages: 1\n    days: 30\n", ""))
    assert "exactly one of the frequencies must be without a limit (none is)" in none
    assert "exactly one of the frequencies must be without a limit (any, monthly is)" in two


def test_a_list_that_one_message_cannot_hold_is_a_mistake(complaints: Any) -> None:
    [found] = complaints(marketing=FILE.replace("点选即可更改，", "点选即可更改，" * 40))
    assert "2048 are allowed; shorten `shown` or the titles, or have fewer topics" in found


def test_titles_that_leave_no_room_for_the_elderly_are_a_mistake(complaints: Any) -> None:
    [found] = complaints(marketing=FILE.replace("title: 续期与理财", "title: 续期缴费与稳健理财的事情"))
    assert "elder.yaml:" in found
    assert "60 are allowed in all" in found


def test_the_lower_limit_is_the_one_that_lets_less_through() -> None:
    rising = [
        Limit(messages=1, days=366),
        Limit(messages=1, days=30),
        Limit(messages=4, days=30),
        Limit(messages=1, days=7),
    ]
    for lower, higher in pairwise(rising):
        assert lower.is_lower_than(higher)
        assert not higher.is_lower_than(lower)
    assert Limit(messages=1, days=7).is_lower_than(Limit(messages=4, days=28)), "the same in the long run, less at once"
