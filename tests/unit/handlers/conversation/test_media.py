"""Messages without words."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Image, Link, Location, Text, Video, Voice


@pytest.mark.parametrize(
    ("beginning", "body"),
    [
        ("图片收到了", Image(media_id="i")),
        ("视频收到了", Video(media_id="v", short=True)),
        ("位置收到了", Location(latitude=31.2, longitude=121.5)),
        ("链接收到了", Link(title="t", url="https://example.com")),
    ],
)
async def test_each_kind_is_acknowledged_in_its_own_words(desk: Any, beginning: Any, body: Any) -> None:
    assert (await desk.hears(body)).texts[0].startswith(beginning)


async def test_a_voice_that_was_not_heard_says_so_and_offers_typing_or_a_person(desk: Any) -> None:
    (text,) = (await desk.hears(Voice(media_id="v"))).texts
    assert "没能听清" in text
    assert "用文字" in text
    assert "人工" in text


async def test_words_beside_a_picture_are_answered(desk: Any) -> None:
    heard = await desk.hears(Text(content="保单怎么查"), Image(media_id="i"))
    assert heard.texts[0].startswith("查保单可以这样")
