"""From an authored reply to a message."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Article, MenuReply, NewsReply, Option, TextReply
from content.wording import Wording


def test_a_text_becomes_a_text() -> None:
    assert Wording.model_validate({"text": " 您好，{account}\n"}).render({"account": "安和"}) == TextReply(
        content="您好，安和"
    )


def test_news_become_one_article() -> None:
    card = {"title": "{account}", "url": "https://example.com/a", "description": "d"}
    expected = Article(title="安和", url="https://example.com/a", description="d")
    assert Wording.model_validate({"news": card}).render({"account": "安和"}) == NewsReply(articles=(expected,))


def test_a_question_becomes_a_menu_with_its_options() -> None:
    question = {
        "head": "选一项",
        "options": [{"id": "a", "label": "甲"}, {"id": "b", "label": "乙"}],
        "tail": "{account}",
    }
    assert Wording.model_validate({"menu": question}).render({"account": "安和"}) == MenuReply(
        head="选一项", options=(Option(id="a", label="甲"), Option(id="b", label="乙")), tail="安和"
    )


def test_none_is_silence() -> None:
    assert Wording.model_validate("none").render({}) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "{a}"},
        {"news": {"title": "{a}", "url": "https://example.com"}},
        {"menu": {"head": "x", "options": [{"id": "i", "label": "l"}], "tail": "{a}"}},
    ],
)
def test_slots_are_found_in_all_kinds(parts: Any) -> None:
    assert Wording.model_validate(parts).slots() == {"a"}
