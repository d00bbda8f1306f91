"""What a new version changes, as its reviewer reads it."""

from __future__ import annotations

import time

from content.piece import Piece, Variant
from handlers.contents.differences import differences
from tests.fakes.newsroom import piece


def _article(*lines: str) -> Piece:
    return piece().model_copy(update={"variants": {"A": Variant(text="\n".join(lines))}})


def _changes(before: Piece, after: Piece) -> list[tuple[str, str]]:
    return [(line.change, line.text) for field in differences(before, after) for line in field.lines]


def test_lines_that_stay_stand_around_those_that_change() -> None:
    before, after = _article("一", "二", "三", "四"), _article("一", "二点五", "三", "四", "五")
    assert _changes(before, after) == [
        ("same", "一"),
        ("removed", "二"),
        ("added", "二点五"),
        ("same", "三"),
        ("same", "四"),
        ("added", "五"),
    ]
    assert _changes(after, after) == []
    assert _changes(_article("一", "一"), _article("一")) == [("same", "一"), ("removed", "一")]


def test_an_article_of_which_every_line_changes_keeps_nobody_waiting() -> None:
    count = 1000
    before = _article(*(f"第{number}行 今天天气不错" for number in range(count)))
    after = _article(*(f"第{number}行 明天天气不错" for number in range(count)))
    began = time.perf_counter()
    changes = _changes(before, after)
    # Compared character by character four hundred such lines took two minutes, in which the bot answered nobody.
    assert time.perf_counter() - began < 2
    assert [change for change, _ in changes] == ["removed"] * count + ["added"] * count
