"""Slots of authored sentences: filled for the account, or the sentence stays unsaid; cut when they are too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from content.messages import Text
from handlers.conversation.phrasing import Phrasing

_ECHO = """
rules:
  - id: echo
    match: {pattern: '查(?P<what>.*)'}
    reply: {text: '%s'}
""" % ("{what}" * 5)


async def test_words_that_became_too_long_are_cut_before_they_are_stored_and_that_is_logged_once(
    desk_with: Callable[..., Any],
) -> None:
    desk = desk_with(answers=_ECHO)
    with capture_logs() as lines:
        (text,) = (await desk.hears(Text(content="查" + "险" * 190))).texts
    assert text == "险" * 681 + "…"
    assert [(line["action"], line["account"]) for line in lines] == [("message_truncated", "a")]


async def test_words_that_fit_are_left_alone_and_not_logged(desk_with: Callable[..., Any]) -> None:
    desk = desk_with(answers=_ECHO)
    with capture_logs() as lines:
        (text,) = (await desk.hears(Text(content="查" + "险" * 20))).texts
    assert (text, lines) == ("险" * 100, [])


async def test_the_hotline_of_the_settings_is_named(desk: Any) -> None:
    [said] = (await desk.hears(Text(content="客服电话多少"))).texts
    assert said.startswith("客服热线：95500。")


def test_without_a_hotline_no_sentence_leaves_with_a_hole(content: Any, turn_of: Any) -> None:
    turn = turn_of(Text(content="客服电话多少"), hotline="")
    with pytest.raises(KeyError, match="hotline"):
        Phrasing(content).say(turn, "客服热线：{hotline}")
