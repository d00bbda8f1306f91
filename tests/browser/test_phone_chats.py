"""What the phone page does belongs to the chat it was begun in; special menus; the words of WeCom and the record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_SERVICE = "as=customer&person=alice&account=service"
_SPECIAL = {
    "button": [
        {"name": "扫保单", "type": "scancode_waitmsg", "key": "POLICY"},
        {"name": "拍单据", "type": "pic_photo_or_album", "key": "PHOTO"},
        {"name": "选网点", "type": "location_select", "key": "PLACE"},
    ]
}
#: Contrast of the text of the first match with the nearest background behind it, as WCAG 2 computes it.
_CONTRAST = """(node) => {
  const rgb = (color) => color.match(/[0-9.]+/g).map(Number);
  const light = (color) => rgb(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  let behind = node;
  while ((rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
  const pair = [light(getComputedStyle(node).color), light(getComputedStyle(behind).backgroundColor)].sort();
  return (pair[1] + 0.05) / (pair[0] + 0.05);
}"""


@pytest.mark.parametrize("choice", ["#roster [data-person=bob]", "#roster [data-account=club]"])
async def test_a_sheet_closes_when_another_person_or_account_is_chosen(world: World, choice: str) -> None:
    page = await world.page(_SERVICE)
    await page.get_by_role("button", name="详细资料").click()
    await expect(page.get_by_role("dialog")).to_be_visible()

    await page.locator(choice).click()

    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator(choice)).to_be_focused()


async def test_a_picture_goes_to_the_chat_it_was_chosen_in(world: World) -> None:
    page = await world.page(_SERVICE)
    await page.get_by_role("button", name="切换到键盘").click()
    may_go, under_way = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        under_way.set()
        await may_go.wait()
        await route.continue_()

    await page.route("**/sandbox/media?**", hold)
    await page.get_by_role("button", name="更多功能").click()
    await page.locator(".plus-item", has_text="相册").click()
    await page.get_by_role("button", name="发送图片：保单首页").click()
    async with asyncio.timeout(10):
        await under_way.wait()
    await page.locator("#roster [data-account=club]").click()
    may_go.set()

    message = await world.bot.message(1)
    assert (message["MsgType"], message["ToUserName"]) == ("image", "gh_service")


async def test_special_menu_buttons_send_their_own_events(world: World) -> None:
    await world.official_api("/cgi-bin/menu/create", _SPECIAL)
    page = await world.page(_SERVICE)

    await page.get_by_role("button", name="扫保单").click()
    await page.get_by_role("textbox", name="扫到的内容").fill("https://example.com/policy/7")
    await page.get_by_role("button", name="扫描").click()
    scanned = await world.bot.message(1)
    await page.get_by_role("button", name="拍单据").click()
    await page.get_by_role("button", name="发送图片：门诊发票").click()
    chosen = [await world.bot.message(number) for number in (2, 3)]
    await page.get_by_role("button", name="选网点").click()
    await page.get_by_role("button", name="国贸大厦").click()
    placed = [await world.bot.message(number) for number in (4, 5)]

    kinds = [(m["MsgType"], m.get("Event"), m.get("EventKey")) for m in (scanned, *chosen, *placed)]
    assert kinds == [
        ("event", "scancode_waitmsg", "POLICY"),
        ("event", "pic_photo_or_album", "PHOTO"),
        ("image", None, None),
        ("event", "location_select", "PLACE"),
        ("location", None, None),
    ]
    assert {"ScanCodeInfo", "SendPicsInfo", "SendLocationInfo"} <= {name for m in world.bot.received for name in m}


async def test_on_wecom_nobody_is_shown_words_that_the_bot_did_not_get(world: World) -> None:
    page = await world.page("as=staff&person=ZhangWei&account=assistant")
    await page.get_by_role("button", name="切换到语音").click()
    await page.get_by_role("button", name="按住 说话").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("企业微信不识别语音")
    await expect(dialog.get_by_role("switch")).to_have_count(0)

    await dialog.get_by_role("button", name="松开 发送").click()

    await expect(page.locator("#chat .bubble.voice")).to_be_visible()
    await expect(page.locator("#chat .transcript")).to_have_count(0)


async def test_a_place_that_is_none_is_refused_in_chinese(world: World) -> None:
    page = await world.page(_SERVICE)
    await page.get_by_role("button", name="切换到键盘").click()
    await page.get_by_role("button", name="更多功能").click()
    await page.locator(".plus-item", has_text="位置").click()
    await page.get_by_role("textbox", name="其他地点").fill("家")
    await page.get_by_role("textbox", name="纬度").fill("北纬三十度")
    await page.get_by_role("dialog").get_by_role("button", name="发送").click()

    await expect(page.locator("#toast")).to_have_text("请求里有不对的地方：纬度：应该是数字")
    world.complaints.clear()  # the browser itself notes the refusal


async def test_the_record_says_in_chinese_who_did_not_get_what_and_why(world: World) -> None:
    async def send() -> dict[str, Any]:
        credentials = {"corpid": "ww1", "corpsecret": "secret"}
        async with world.http.get("/wecom/cgi-bin/gettoken", params=credentials) as response:
            token = str((await response.json())["access_token"])
        body = {"touser": "ZhangWei", "agentid": 1000002, "msgtype": "text", "text": {"content": "早"}}
        sent = await world.post(
            "/wecom/cgi-bin/message/send", {**body, "enable_duplicate_check": 1}, access_token=token
        )
        return {"token": token, **sent}

    page = await world.page("as=staff&person=ZhangWei&account=assistant")
    first = await send()
    await send()
    await world.post("/wecom/cgi-bin/message/recall", {"msgid": first["msgid"]}, access_token=first["token"])

    lines = page.get_by_role("list", name="平台记录")
    await expect(lines).to_contain_text("撤回")
    await expect(lines.locator(".line.bad")).to_contain_text(["内容和刚发过的相同 · ZhangWei"])
    shown = str(await lines.text_content())
    assert [word for word in ("dropped", "recalled", "duplicate") if word in shown] == []


async def test_grey_words_can_be_read(world: World) -> None:
    await world.act("alice", "text", text="你好")
    await world.act("alice", "unfollow")
    await world.act("alice", "follow")
    page = await world.page(_SERVICE)

    for selector in ("#chat .stamp", "#chat .notice", "#roster .conversation time", "#roster .conversation-preview"):
        assert await page.locator(selector).first.evaluate(_CONTRAST) >= 4.5, selector
