"""Which messages of customers are turns of their own."""

from __future__ import annotations

import re

import pytest

from content.loader import load_content
from content.messages import Image, Text
from handlers.conversation.commands import Commands
from handlers.conversation.routes import commands_of

CONTENT = load_content(None)


@pytest.mark.parametrize("words", ["导出我的数据", "确认删除！", "关闭个性化", "隐私设置", "更正我的资料 手机换了"])
def test_what_does_something_by_itself_is_a_command(words: str) -> None:
    assert commands_of(CONTENT).is_one(Text(content=words))


@pytest.mark.parametrize("words", ["我想", "买保险", "退订，另外怎么理赔", "123456", "", "导出我的数据，好吗？" * 30])
def test_other_words_may_be_parts_of_a_turn(words: str) -> None:
    assert not commands_of(CONTENT).is_one(Text(content=words))


def test_a_form_is_compared_with_the_words_as_they_came() -> None:
    commands = Commands(forms=(re.compile(r"\s*[0-9]{6}\s*"),))
    assert commands.is_one(Text(content=" 123456 "))
    assert not commands.is_one(Text(content="12 34 56"))
    assert not commands.is_one(Image(media_id="m", url="u"))
