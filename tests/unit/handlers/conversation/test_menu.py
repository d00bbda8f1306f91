"""Taps on buttons and options, and options that are typed."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import MenuClick, MenuReply, Option, Text
from handlers.conversation.turn import Standing

OFFERED = Standing(
    offered=(Option(id="claim_report", label="怎么报案"), Option(id="claim_progress", label="查理赔进度"))
)


async def test_every_key_of_the_menu_brings_a_reply(desk: Any) -> None:
    keys = [key for _, key in desk.content.menu.tapped()]
    heard = [await desk.hears(MenuClick(key=key)) for key in keys]
    assert len(keys) == 11
    assert [len(one.contents) for one in heard] == [1] * 11


async def test_a_key_may_bring_a_question_with_options(desk: Any) -> None:
    (reply,) = (await desk.hears(MenuClick(key="claim"))).contents
    assert isinstance(reply, MenuReply)
    assert [option.id for option in reply.options] == ["claim_report", "claim_documents", "claim_progress", "person"]


async def test_a_key_of_an_old_menu_says_that_it_changed(desk: Any) -> None:
    heard = await desk.hears(MenuClick(key="retired"))
    assert heard.texts[0].startswith("这个选项已经更新了")


async def test_a_tapped_option_brings_its_answer(desk: Any) -> None:
    heard = await desk.hears(Text(content="查理赔进度", option="claim_progress"))
    assert heard.texts[0].startswith("查理赔进度：")


async def test_an_option_that_is_gone_says_that_it_changed(desk: Any) -> None:
    heard = await desk.hears(Text(content="旧选项", option="retired"))
    assert heard.texts[0].startswith("这个选项已经更新了")


@pytest.mark.parametrize("typed", ["2", "２", " 2。", "查理赔进度"])
async def test_an_offered_option_can_be_typed_by_number_or_label(desk: Any, typed: Any) -> None:
    heard = await desk.hears(Text(content=typed), standing=OFFERED)
    assert (heard.route, heard.texts[0][:6]) == ("menu.option", "查理赔进度：")


async def test_a_number_means_nothing_when_nothing_was_offered(desk: Any) -> None:
    assert (await desk.hears(Text(content="2"))).route == "fallback"


async def test_a_number_beyond_the_offer_means_nothing(desk: Any) -> None:
    assert (await desk.hears(Text(content="3"), standing=OFFERED)).route == "fallback"
