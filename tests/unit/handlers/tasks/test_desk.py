"""Which words end a task."""

from __future__ import annotations

import pytest

from handlers.tasks.desk import _DONE


@pytest.mark.parametrize(
    ("words", "number", "rest"),
    [
        ("完成 12", "12", None),
        ("完成12", "12", None),
        ("办结 #12 已回电", "12", "已回电"),
        ("完成12，客户满意", "12", "客户满意"),
        ("完成 12\n已回电\n客户满意", "12", "已回电\n客户满意"),
    ],
)
def test_a_task_is_ended_by_its_number_and_what_came_of_it(words: str, number: str, rest: str | None) -> None:
    found = _DONE.fullmatch(words)
    assert found is not None
    assert (found[1], found[2]) == (number, rest)


@pytest.mark.parametrize(
    "words", ["完成20年缴费后能领多少", "完成3单", "完成1次体检就能承保吗？", "完成", "我完成 12 了吗", "完成 第12个"]
)
def test_what_only_begins_like_it_ends_nothing(words: str) -> None:
    assert _DONE.fullmatch(words) is None
