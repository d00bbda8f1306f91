"""Words that ask for a person, and what is wrong with a file of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from content.handover import Asking
from content.loader import load_content
from content.normal_form import normalise

_EXAMPLES: dict[str, Any] = {"yes": ["人工", "转人工", "人 工"], "no": ["你好", "人工智能", "怎么报案"]}


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("人工。", True),
        ("我要投诉你们，太慢了", True),
        ("帮我转人工谢谢", True),
        ("不用转人工", False),
        ("不用转人工，还是转人工吧", True),
        ("人工服务时间", False),
        ("人工耳蜗能赔吗", False),
        ("怎么报案", False),
    ],
)
def test_the_built_in_words_ask_for_a_person_or_do_not(said: str, asks: bool) -> None:
    assert load_content(None).handover.asking.asks(normalise(said)) is asks


def test_an_example_that_does_not_hold_is_named() -> None:
    with pytest.raises(ValidationError, match="'转人工' is to ask for a person and does not"):
        Asking.model_validate({"exact": ["人工"], "contains": [], **_EXAMPLES})
    with pytest.raises(ValidationError, match="'人工智能' asks for a person, where it must not"):
        Asking.model_validate({"exact": [], "contains": ["人工"], **_EXAMPLES})


def test_a_slot_that_nothing_fills_is_told_at_its_line(complaints: Any, built_in: Any) -> None:
    text = built_in("handover.yaml").replace("place: 您现在排在第 {place} 位", "place: 您现在排在第 {palce} 位")
    line = text[: text.index("{palce}")].count("\n") + 1
    assert complaints(handover=text) == [
        f"handover.yaml:{line}: nothing fills the slot {{palce}}; use {{account}}, {{hotline}}, {{place}} "
        "or write the words out"
    ]
