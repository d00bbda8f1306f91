"""WeChat customer service on the phone page: the customer writes, somebody plays the servicer, both are to be seen."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_customer_writes_and_a_servicer_takes_over_and_ends(world: World) -> None:
    page = await world.page("as=customer&person=bob&account=counter")
    await expect(page.locator(".subtitle")).to_have_text("安心保险 · 微信客服")
    await page.get_by_role("textbox", name="输入消息").fill("在吗")
    await page.get_by_role("button", name="发送").click()
    await expect(page.locator(".row.mine .bubble")).to_have_text("在吗")
    assert "kf_msg_or_event" in await world.bot.application_message(1)

    await page.get_by_role("button", name="更多功能").click()
    await page.locator(".plus-item", has_text="扮演客服").click()
    await page.get_by_role("button", name="ZhangWei 接入").click()
    await page.locator(".plus-item", has_text="扮演客服").click()
    await page.get_by_role("textbox", name="ZhangWei 说").fill("您好，我是张伟。")
    await page.get_by_role("dialog").get_by_role("button", name="发送").click()
    said = page.locator(".row.theirs", has_text="您好，我是张伟。")
    await expect(said).to_be_visible()
    await expect(said.locator(".sender")).to_have_text("ZhangWei")

    await page.locator(".plus-item", has_text="扮演客服").click()
    await page.get_by_role("button", name="ZhangWei 结束会话").click()
    await page.get_by_role("button", name="详细资料").click()
    await expect(page.get_by_role("dialog")).to_contain_text("机器人")
    assert world.complaints == []
