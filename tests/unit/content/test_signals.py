"""Signals that need a person: the built-in ones, and what is said of wrong files."""

from __future__ import annotations

from pathlib import Path

import pytest

from content.errors import ContentError
from content.loader import BUILT_IN, load_content
from content.signals import Signal

SIGNALS = {signal.id: signal for signal in load_content(None).tasks.signals}


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("complaint", "你们这是销售误导，我要去消保投诉！"),
        ("complaint", "投 诉"),
        ("surrender", "退保怎么办理"),
        ("surrender", "实在交不起了，能退吗"),
        ("distress", "我老公出车祸了在抢救"),
    ],
)
def test_what_customers_say_is_found(signal: str, words: str) -> None:
    assert SIGNALS[signal].found_in(words) is not None


@pytest.mark.parametrize(
    "words",
    ["你好", "投诉电话是多少", "我不想退保", "重疾险包含哪些病", "谢谢，很满意", "", "。。。"],
)
def test_ordinary_words_are_none(words: str) -> None:
    assert [signal.id for signal in SIGNALS.values() if signal.found_in(words)] == []


def test_an_example_that_is_not_found_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    text = (BUILT_IN / "tasks.yaml").read_text("utf-8").replace("      - 我要投诉你们的业务员\n", "      - 天气真好\n")
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "tasks.yaml").write_text(text, "utf-8")
    with pytest.raises(ContentError, match="complaint is not found in its example '天气真好'"):
        load_content(tmp_path)


def test_a_counterexample_that_is_found_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="finds '投诉' in '不投诉'"):
        Signal.model_validate(
            {
                "id": "c",
                "title": "投诉",
                "due_minutes": 30,
                "any": ["投诉"],
                "yes": ["投诉", "要投诉", "投诉你"],
                "no": ["不投诉", "好", "行"],
            }
        )


def test_a_slot_that_nothing_fills_is_a_mistake(tmp_path: Path) -> None:
    text = (BUILT_IN / "tasks.yaml").read_text("utf-8").replace("您现在没有待办。", "您现在没有待办，{customer}。")
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "tasks.yaml").write_text(text, "utf-8")
    with pytest.raises(ContentError, match=r"tasks\.yaml"):
        load_content(tmp_path)


def test_every_text_of_a_task_names_it() -> None:
    texts = load_content(None).tasks.texts
    named = [texts.given, texts.escalated, texts.line, texts.overdue, texts.done, texts.not_there]
    assert [text for text in named if "{id}" not in text] == []
