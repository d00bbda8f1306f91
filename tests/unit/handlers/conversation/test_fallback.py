"""When nothing matches."""

from __future__ import annotations

from typing import Any

from content.messages import Text


async def test_a_customer_hears_that_we_do_not_know_and_where_help_is(desk: Any) -> None:
    (text,) = (await desk.hears(Text(content="月球上能买保险箱吗"))).texts
    assert "答不上来" in text
    assert "菜单" in text
    assert "人工" in text


async def test_the_fallback_never_repeats_what_was_said(desk: Any) -> None:
    first = await desk.hears(Text(content="月球上能买保险箱吗"))
    second = await desk.hears(Text(content="火星呢"))
    assert first.texts == second.texts
