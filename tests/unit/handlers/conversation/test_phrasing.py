"""Slots of authored sentences: filled for the account, or the sentence stays unsaid."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Text
from handlers.conversation.phrasing import Phrasing


async def test_the_hotline_of_the_settings_is_named(desk: Any) -> None:
    [said] = (await desk.hears(Text(content="客服电话多少"))).texts
    assert said.startswith("客服热线：95500。")


def test_without_a_hotline_no_sentence_leaves_with_a_hole(content: Any, turn_of: Any) -> None:
    turn = turn_of(Text(content="客服电话多少"), hotline="")
    with pytest.raises(KeyError, match="hotline"):
        Phrasing(content).say(turn, "客服热线：{hotline}")
