"""A person in front of the phone page: a real sandbox process, a real Chromium, and a tiny bot that answers."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import PHONE
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def _bubbles(page: Page, side: str) -> Locator:
    return page.locator(f"#chat .row.{side} .bubble")


async def _type(page: Page, words: str) -> None:
    await page.get_by_role("textbox", name="输入消息").fill(words)
    await page.get_by_role("button", name="发送", exact=True).click()


async def _to_keyboard(page: Page) -> None:
    await page.get_by_role("button", name="切换到键盘").click()


async def _plus(page: Page, item: str) -> None:
    await page.get_by_role("button", name="更多功能").click()
    await page.locator(".plus-item", has_text=item).click()


async def test_a_stranger_follows_writes_and_reads_the_answers(world: World) -> None:
    world.bot.replies = {"subscribe": "您好，欢迎关注安心保险。", "等待期多久": "一般 90 天，以合同为准。"}
    page = await world.page("as=customer&person=bob&account=service")

    await page.get_by_role("button", name="关注公众号").click()
    await expect(page.locator("#chat .notice")).to_have_text("你已关注对方，可以开始聊天了")
    await expect(_bubbles(page, "theirs")).to_have_text(["您好，欢迎关注安心保险。"])
    await _to_keyboard(page)
    await _type(page, "等待期多久")

    await expect(_bubbles(page, "mine")).to_have_text(["等待期多久"])
    await expect(_bubbles(page, "theirs").last).to_have_text("一般 90 天，以合同为准。")
    await expect(page.get_by_role("textbox", name="输入消息")).to_have_value("")


async def test_a_tap_in_a_submenu_reaches_the_bot_with_its_key(world: World) -> None:
    world.bot.replies = {"critical": "重疾险保 120 种疾病。"}
    page = await world.page("as=customer&person=alice&account=service")

    await page.get_by_role("button", name="产品中心").click()
    await page.get_by_role("menuitem", name="重疾险").click()

    await expect(_bubbles(page, "theirs")).to_have_text(["重疾险保 120 种疾病。"])
    await expect(page.get_by_role("menuitem", name="重疾险")).to_be_hidden()
    message = await world.bot.message(1)
    assert (message["Event"], message["EventKey"]) == ("CLICK", "critical")


async def test_a_menu_that_opens_a_page_shows_its_address_and_goes_nowhere(world: World) -> None:
    page = await world.page("as=customer&person=alice&account=service")

    await page.get_by_role("button", name="产品中心").click()
    await page.get_by_role("menuitem", name="官网").click()

    dialog = page.get_by_role("dialog", name="打开网页")
    await expect(dialog).to_contain_text("https://example.com/home")
    await expect(dialog.get_by_role("link", name="在浏览器中打开")).to_have_attribute("rel", "noopener noreferrer")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_an_option_of_a_menu_message_comes_back_with_its_id(world: World) -> None:
    await world.act("alice", "text", text="你好")
    openid = world.bot.received[0]["FromUserName"]
    options = [{"id": "101", "content": "保什么病"}, {"id": "102", "content": "保费多少"}]
    menu = {"head_content": "您想了解什么？", "list": options, "tail_content": "点一下就好"}
    body = {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu}
    answer = await world.official_api("/cgi-bin/message/custom/send", body)
    page = await world.page("as=customer&person=alice&account=service")

    await page.locator("#chat .option", has_text="保费多少").click()

    await expect(_bubbles(page, "mine").last).to_have_text("保费多少")
    assert answer["errcode"] == 0
    message = await world.bot.message(2)
    assert (message["Content"], message["bizmsgmenuid"]) == ("保费多少", "102")


async def test_links_in_text_can_be_tapped_and_other_markup_stays_text(world: World) -> None:
    choice = "weixin://bizmsgmenu?msgmenucontent=%E5%A6%82%E4%BD%95%E7%90%86%E8%B5%94&msgmenuid=9"
    hostile = (
        '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><a href="javascript:alert(1)">点</a>'
    )
    said = f'看<a href="https://example.com/a?x=1&amp;y=2">条款</a>或<a href="{choice}">如何理赔</a>{hostile}'
    world.bot.replies = {"你好": said}
    await world.act("alice", "text", text="你好")
    page = await world.page("as=customer&person=alice&account=service")

    await expect(_bubbles(page, "theirs")).to_have_text(f"看条款或如何理赔{hostile}")
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("#chat .bubble img, #chat .bubble script, #chat .bubble a").count() == 0
    await page.locator("#chat .link", has_text="条款").click()
    await expect(page.get_by_role("dialog")).to_contain_text("https://example.com/a?x=1&y=2")
    await page.keyboard.press("Escape")
    await page.locator("#chat .link", has_text="如何理赔").click()

    await expect(_bubbles(page, "mine").last).to_have_text("如何理赔")
    assert (await world.bot.message(2))["bizmsgmenuid"] == "9"


async def test_a_stranger_scans_a_code_of_the_account_and_follows_by_its_scene(world: World) -> None:
    scene = {"scene": {"scene_str": "agent_zhangwei"}}
    await world.official_api("/cgi-bin/qrcode/create", {"action_name": "QR_LIMIT_STR_SCENE", "action_info": scene})
    world.bot.replies = {"qrscene_agent_zhangwei": "您好，我是张伟的助理。"}
    page = await world.page("as=customer&person=bob&account=service")

    await page.get_by_role("button", name="扫一扫").click()
    await page.get_by_role("button", name="agent_zhangwei").click()

    await expect(_bubbles(page, "theirs")).to_have_text(["您好，我是张伟的助理。"])
    await expect(page.locator("#chat .notice")).to_contain_text("agent_zhangwei")


async def test_a_follower_scans_a_scene_that_was_typed_in(world: World) -> None:
    page = await world.page("as=customer&person=alice&account=service")

    await _to_keyboard(page)
    await _plus(page, "扫一扫")
    await page.get_by_role("textbox", name="场景值").fill("branch_7")
    await page.get_by_role("button", name="扫描").click()

    await expect(page.locator("#chat .notice")).to_have_text("你扫描了二维码（branch_7）")
    message = await world.bot.message(1)
    assert (message["Event"], message["EventKey"]) == ("SCAN", "branch_7")


@pytest.mark.parametrize(("recognised", "heard"), [(True, "能报多少"), (False, None)])
async def test_the_speaker_decides_whether_the_platform_recognises_the_voice(
    world: World, recognised: bool, heard: str | None
) -> None:
    world.bot.replies = {"能报多少": "住院按合同报销。"}
    page = await world.page("as=customer&person=alice&account=service")

    await _to_keyboard(page)
    await page.get_by_role("button", name="切换到语音").click()
    await page.get_by_role("button", name="按住 说话").click()
    await page.get_by_role("textbox", name="这段语音里说了什么").fill("能报多少")
    await page.get_by_role("switch").set_checked(recognised)
    await page.get_by_role("button", name="松开 发送").click()

    await expect(page.locator("#chat .bubble.voice")).to_be_visible()
    message = await world.bot.message(1)
    assert (message["MsgType"], message.get("Recognition")) == ("voice", heard)


async def test_a_picture_a_place_and_a_link_are_sent_and_shown(world: World) -> None:
    page = await world.page("as=customer&person=alice&account=service")
    await _to_keyboard(page)

    await _plus(page, "相册")
    await page.get_by_role("button", name="发送图片：保单首页").click()
    picture = page.locator("#chat .mine img.picture")
    await expect(picture).to_be_visible()
    await page.locator(".plus-item", has_text="位置").click()
    await page.get_by_role("button", name="国贸大厦").click()
    await expect(page.locator("#chat .card.place")).to_contain_text("国贸大厦")
    await page.locator(".plus-item", has_text="链接").click()
    await page.get_by_role("dialog").get_by_role("button", name="发送").click()
    await expect(page.locator("#chat .card.shared")).to_contain_text("重疾险怎么选")

    messages = [await world.bot.message(number) for number in (1, 2, 3)]
    assert [message["MsgType"] for message in messages] == ["image", "location", "link"]
    assert await picture.evaluate("image => image.naturalWidth") > 100


async def test_the_bot_types_until_the_platform_gives_up_and_shows_the_tip(world: World) -> None:
    world.bot.replies = {"在吗": "busy"}
    page = await world.page("as=customer&person=alice&account=service")

    await _to_keyboard(page)
    await _type(page, "在吗")
    await expect(page.get_by_text("对方正在输入…")).to_be_visible()
    await page.get_by_role("button", name="+1分钟").click()

    await expect(page.locator("#chat .notice.tip")).to_have_text("该公众号提供的服务出现故障，请稍后再试")
    await expect(page.get_by_text("对方正在输入…")).to_be_hidden()
    await expect(page.get_by_role("timer")).to_have_text("20:16:00")
    await expect(page.locator("#console .line.bad", has_text="放弃")).to_be_visible()
    assert len(world.bot.received) == 3


async def test_time_stamps_move_with_the_clock_of_the_sandbox(world: World) -> None:
    await world.act("alice", "text", text="早")
    page = await world.page("as=customer&person=alice&account=service")
    await expect(page.locator("#chat .stamp")).to_have_text(["20:15"])

    await page.get_by_role("button", name="+1天").click()

    await expect(page.locator("#chat .stamp")).to_have_text(["昨天 20:15"])
    await expect(page.locator("#roster time")).to_have_text(["昨天"])


async def test_times_are_written_as_wechat_writes_them(world: World) -> None:
    page = await world.page("as=customer&person=alice")
    now = 1772453700  # Monday, 2 March 2026, 20:15 in China
    ages = {"0": 0, "yesterday": 86400, "six days": 6 * 86400, "a week": 7 * 86400, "last year": 90 * 86400}

    written = await page.evaluate(
        "async ({ages, now}) => { const {stamp} = await import('/phone/static/time.js');"
        " return ages.map((age) => stamp(now - age, now)); }",
        {"ages": list(ages.values()), "now": now},
    )

    assert written == ["20:15", "昨天 20:15", "星期二 20:15", "2月23日 20:15", "2025年12月2日 20:15"]


async def test_articles_are_cards_and_pictures_of_other_hosts_are_not_loaded(world: World) -> None:
    await world.act("alice", "text", text="你好")
    openid = world.bot.received[0]["FromUserName"]
    article = {"title": "三步看懂", "description": "年龄、告知、预算", "url": "https://example.com/1"}
    news = {"articles": [{**article, "picurl": "https://example.com/cover.png"}]}
    await world.official_api("/cgi-bin/message/custom/send", {"touser": openid, "msgtype": "news", "news": news})
    page = await world.page("as=customer&person=alice&account=service")

    await page.locator("#chat .card.news", has_text="三步看懂").click()

    await expect(page.get_by_role("dialog")).to_contain_text("https://example.com/1")
    assert await page.locator("#chat .news img").count() == 0


async def test_a_member_reads_the_application_s_cards_in_wecom_s_manner(world: World) -> None:
    page = await world.page("as=staff&person=ZhangWei&account=assistant")
    async with world.http.get("/wecom/cgi-bin/gettoken", params={"corpid": "ww1", "corpsecret": "secret"}) as response:
        token = (await response.json())["access_token"]
    description = '<div class="gray">3月2日</div>保单将于 7 天后续期'
    card = {"title": "客户提醒", "description": description, "url": "https://example.com"}
    body = {"touser": "ZhangWei", "agentid": 1000002, "msgtype": "textcard", "textcard": card}
    await world.post("/wecom/cgi-bin/message/send", body, access_token=token)

    await expect(page.locator("#chat .textcard")).to_contain_text("保单将于 7 天后续期")
    await expect(page.locator("#chat .textcard .gray")).to_have_text("3月2日")
    await expect(page.locator("#chat .titlebar")).to_contain_text("安心保险 · 企业微信")
    await expect(page.locator("#chat .titlebar")).to_have_css("background-color", "rgb(43, 124, 255)")


async def test_on_a_phone_one_goes_from_the_list_into_a_chat_and_back(world: World) -> None:
    await world.act("alice", "text", text="你好")
    world.bot.replies = {"在吗": "在的"}
    page = await world.page("as=customer&person=alice", size=PHONE)
    service = page.locator("#home").get_by_role("button", name="安心保险")
    await expect(page.locator("#roster")).to_be_hidden()

    await service.click()
    await _to_keyboard(page)
    await _type(page, "在吗")
    await expect(_bubbles(page, "theirs")).to_have_text(["在的"])
    await page.get_by_role("button", name="返回会话列表").click()

    await expect(service).to_contain_text("在的")
    await expect(page.locator("#chat")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


async def test_what_came_meanwhile_is_counted_on_the_conversation_until_it_is_opened(world: World) -> None:
    world.bot.replies = {"你好": "您好"}
    page = await world.page("as=customer&person=alice&account=club")
    row = page.locator("#roster").get_by_role("button", name=re.compile("安心保险"))

    await world.act("alice", "text", text="你好")
    await expect(row.locator(".badge")).to_have_text("1")
    await row.click()

    await expect(row.locator(".badge")).to_have_count(0)
    await expect(_bubbles(page, "theirs")).to_have_text(["您好"])


async def test_everything_can_be_done_with_the_keyboard_alone(world: World) -> None:
    world.bot.replies = {"你好": "您好"}
    page = await world.page("as=customer&person=alice&account=service")

    await page.get_by_role("button", name="切换到键盘").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="输入消息")).to_be_focused()
    await page.keyboard.type("你好")
    await page.keyboard.press("Enter")
    await expect(_bubbles(page, "theirs")).to_have_text(["您好"])
    await page.get_by_role("button", name="详细资料").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="取消关注")).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("button", name="详细资料")).to_be_focused()


async def test_whoever_unfollows_can_only_follow_again(world: World) -> None:
    page = await world.page("as=customer&person=alice&account=service")

    await page.get_by_role("button", name="详细资料").click()
    await page.get_by_role("dialog").get_by_role("button", name="取消关注").click()

    await expect(page.get_by_role("button", name="关注公众号")).to_be_visible()
    await expect(page.get_by_role("button", name="产品中心")).to_be_hidden()
    assert (await world.bot.message(1))["Event"] == "unsubscribe"


async def test_the_page_and_its_files_allow_nothing_from_elsewhere(world: World) -> None:
    for path in ("/phone", "/phone/static/phone.js", "/phone/static/album/policy.svg"):
        async with world.http.get(path) as response:
            assert response.status == 200
            assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_no_path_leads_out_of_the_page_s_files(world: World) -> None:
    for name in ("nothing.js", "..%2Fphone.py", "%2Fetc%2Fpasswd"):
        async with world.http.get(f"/phone/static/{name}") as response:
            assert response.status == 404
