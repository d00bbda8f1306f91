"""Menu buttons of the rarer kinds, the application's menu, WeCom's template cards, and videos."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_SERVICE = "as=customer&person=alice&account=service"
_ASSISTANT = "as=staff&person=ZhangWei&account=assistant"
_PROGRAM = {"appid": "wx0000000000000001", "pagepath": "pages/claims/index"}
_CARD = {
    "card_type": "button_interaction",
    "source": {"desc": "理赔中心"},
    "action_menu": {"desc": "更多", "action_list": [{"text": "不再提醒", "key": "mute"}]},
    "task_id": "task-1",
    "main_title": {"title": "请确认客户的报案", "desc": "李小雅 · 3 月 2 日"},
    "button_selection": {
        "question_key": "how",
        "title": "联系方式",
        "option_list": [{"id": "call", "text": "电话"}, {"id": "visit", "text": "上门"}],
    },
    "button_list": [{"text": "我来跟进", "style": 1, "key": "take"}, {"text": "转给主管", "style": 2, "key": "pass"}],
}
_VOTE = {
    "card_type": "vote_interaction",
    "task_id": "task-2",
    "main_title": {"title": "本周想听哪些培训"},
    "checkbox": {
        "question_key": "topics",
        "mode": 1,
        "option_list": [{"id": "a", "text": "重疾险"}, {"id": "b", "text": "年金险"}, {"id": "c", "text": "合规"}],
    },
    "submit_button": {"text": "提交", "key": "submit"},
}


async def _send_card(world: World, card: dict[str, Any]) -> None:
    body = {"touser": "ZhangWei", "agentid": 1000002, "msgtype": "template_card", "template_card": card}
    answer = await world.application_api("/cgi-bin/message/send", body)
    assert answer["errcode"] == 0


async def _pushes(world: World) -> list[str]:
    async with world.http.get("/sandbox/record") as response:
        lines = (await response.json())["lines"]
    return [line["kind"] for line in lines if line["what"] == "push"]


async def test_a_button_opens_the_card_of_a_mini_program_and_the_bot_is_told(world: World) -> None:
    button = {"name": "理赔小程序", "type": "miniprogram", "url": "https://example.com", **_PROGRAM}
    await world.official_api("/cgi-bin/menu/create", {"button": [button]})
    page = await world.page(_SERVICE)

    await page.get_by_role("button", name="理赔小程序").click()

    await expect(page.get_by_role("dialog")).to_contain_text("wx0000000000000001")
    message = await world.bot.message(1)
    assert (message["Event"], message["EventKey"]) == ("view_miniprogram", "pages/claims/index")
    assert "MenuId" in message


async def test_the_application_s_menu_tells_of_its_taps_and_its_mini_programs(world: World) -> None:
    buttons = [
        {"name": "客户常问", "sub_button": [{"name": "理赔", "type": "click", "key": "claim"}]},
        {"name": "小程序", "type": "view_miniprogram", **_PROGRAM},
    ]
    await world.application_api("/cgi-bin/menu/create", {"button": buttons}, agentid="1000002")
    page = await world.page(_ASSISTANT)

    await expect(page.get_by_role("toolbar", name="应用菜单")).to_be_visible()
    await page.get_by_role("button", name="客户常问").click()
    await page.get_by_role("menuitem", name="理赔").click()
    tapped = await world.bot.application_message(1)
    await page.get_by_role("button", name="小程序", exact=True).click()
    opened = await world.bot.application_message(2)

    assert "<Event><![CDATA[click]]></Event><EventKey><![CDATA[claim]]></EventKey>" in tapped
    assert "<EventKey><![CDATA[pages/claims/index]]></EventKey><AppID><![CDATA[wx0000000000000001]]></AppID>" in opened


async def test_a_button_with_an_article_brings_its_card_and_the_bot_learns_nothing(world: World) -> None:
    buttons = [
        {"name": "健康课堂", "type": "article_id", "article_id": "article-1"},
        {"name": "投保指南", "type": "media_id", "media_id": "material-1"},
        {"name": "往期", "type": "article_view_limited", "article_id": "article-2"},
    ]
    await world.official_api("/cgi-bin/menu/create", {"button": buttons})
    page = await world.page(_SERVICE)
    cards = page.locator("#chat .card.news")

    await page.get_by_role("button", name="健康课堂").click()
    await expect(cards).to_have_text(["健康课堂"])
    await page.get_by_role("button", name="投保指南").click()
    await expect(cards).to_have_text(["健康课堂", "投保指南"])
    await page.get_by_role("button", name="往期").click()

    await expect(page.get_by_role("dialog", name="打开网页")).to_contain_text("https://mp.weixin.qq.com/s/article-2")
    assert (await _pushes(world), world.bot.received) == ([], [])


async def test_a_button_with_a_picture_brings_the_picture(world: World) -> None:
    pixels = b"\x89PNG\r\n\x1a\n" + bytes(64)
    query = {"account": "service", "type": "image"}
    async with world.http.post("/sandbox/media", data=pixels, params=query) as response:
        media_id = (await response.json())["media_id"]
    button = {"name": "门店地图", "type": "media_id", "media_id": media_id}
    await world.official_api("/cgi-bin/menu/create", {"button": [button]})

    tap = {"account": "service", "person": "alice", "id": media_id}
    brought = await world.post("/sandbox/menu/material", tap)
    refused = [
        await world.post("/sandbox/menu/material", {**tap, **wrong}) for wrong in ({"id": "other"}, {"person": "bob"})
    ]

    assert [(message["kind"], message["media_id"]) for message in brought["shown"]] == [("image", media_id)]
    assert ["没有带 other 的素材按钮" in refused[0]["error"], "还没有关注" in refused[1]["error"]] == [True, True]


async def test_a_press_on_a_card_is_told_with_what_was_chosen_on_it(world: World) -> None:
    page = await world.page(_ASSISTANT)
    await _send_card(world, _CARD)
    card = page.locator("#chat .card.template")

    await card.get_by_role("combobox").select_option("上门")
    await card.get_by_role("button", name="我来跟进").click()
    await expect(page.locator("#toast")).to_have_text("已提交")
    pressed = await world.bot.application_message(1)

    assert "<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[take]]></EventKey>" in pressed
    assert "<TaskId><![CDATA[task-1]]></TaskId><CardType><![CDATA[button_interaction]]></CardType>" in pressed
    assert "<QuestionKey><![CDATA[how]]></QuestionKey><OptionIds><OptionId><![CDATA[visit]]></OptionId>" in pressed
    assert "<AgentID><![CDATA[1000002]]></AgentID>" in pressed


async def test_the_menu_of_a_card_has_an_event_of_its_own(world: World) -> None:
    page = await world.page(_ASSISTANT)
    await _send_card(world, _CARD)
    card = page.locator("#chat .card.template")

    await card.get_by_role("button", name="更多").click()
    await page.keyboard.press("Escape")
    await expect(card.get_by_role("menuitem", name="不再提醒")).to_be_hidden()
    await card.get_by_role("button", name="更多").click()
    await card.get_by_role("menuitem", name="不再提醒").click()
    chosen = await world.bot.application_message(1)

    await expect(card.get_by_role("menuitem", name="不再提醒")).to_be_hidden()
    assert "<Event><![CDATA[template_card_menu_event]]></Event><EventKey><![CDATA[mute]]></EventKey>" in chosen
    assert "SelectedItems" not in chosen


async def test_a_vote_lists_every_answer(world: World) -> None:
    page = await world.page(_ASSISTANT)
    await _send_card(world, _VOTE)
    card = page.locator("#chat .card.template")

    for topic in ("重疾险", "合规"):
        await card.get_by_role("checkbox", name=topic).check()
    await card.get_by_role("button", name="提交").click()
    voted = await world.bot.application_message(1)

    options = "<OptionId><![CDATA[a]]></OptionId><OptionId><![CDATA[c]]></OptionId>"
    assert f"<OptionIds>{options}</OptionIds>" in voted


async def _choose_clip(page: Page) -> None:
    await page.get_by_role("button", name="切换到键盘").click()
    await page.get_by_role("button", name="更多功能").click()
    await page.locator(".plus-item", has_text="视频").click()
    await page.get_by_role("button", name="发送视频：事故现场").click()


async def test_a_video_is_sent_with_its_still_and_can_be_played(world: World) -> None:
    page = await world.page(_SERVICE)

    await _choose_clip(page)
    film = page.get_by_role("button", name="播放视频")
    await expect(film).to_contain_text("0:03")
    message = await world.bot.message(1)
    stored = []
    for name in ("MediaId", "ThumbMediaId"):
        async with world.http.get(f"/sandbox/media/{message[name]}") as response:
            stored.append((response.content_type, len(await response.read()) > 1000))
    await film.click()

    assert (message["MsgType"], stored) == ("video", [("video/mp4", True), ("image/jpeg", True)])
    await expect(page.get_by_role("dialog", name="视频").locator("video")).to_have_js_property("videoWidth", 480)


async def test_a_member_sends_a_video_to_the_application(world: World) -> None:
    page = await world.page(_ASSISTANT)
    await page.get_by_role("button", name="更多功能").click()
    await page.locator(".plus-item", has_text="视频").click()
    await page.get_by_role("button", name="发送视频：海边傍晚").click()

    await expect(page.get_by_role("button", name="播放视频")).to_be_visible()
    assert "<MsgType><![CDATA[video]]></MsgType>" in await world.bot.application_message(1)
