"""A fresh demonstration on the phone page, with the real bot behind it: there is a code to scan and a menu to tap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.demo.home import take_home
from bot.demo.world import ASSISTANT_MENU, SCENES
from content.loader import load_content
from handlers.conversation.staff import HELP_KEY, WHOAMI_KEY
from handlers.handover.agent_words import OFF_DUTY_KEY, ON_DUTY_KEY
from handlers.tasks.desk import TODAY_KEY
from tests.browser.chromium import DESK
from tests.browser.screenshots import demonstration

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    home = tmp_path_factory.mktemp("demo") / "home"
    take_home(home, fresh=True)
    async with demonstration(home) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    width, height = DESK
    async with await browser.new_context(locale="zh-CN", viewport={"width": width, "height": height}) as context:
        yield await context.new_page()


@pytest.mark.parametrize(
    ("person", "title", "welcome"),
    [
        ("chen", "服务顾问张伟的名片", "您是通过服务顾问的专属二维码来的，我已经记下。"),
        ("zhao", "上海分公司营业厅台卡", "您好，欢迎光临，也欢迎关注安和人寿（演示）！"),
    ],
)
async def test_a_stranger_scans_a_code_that_hangs_in_the_branch(
    page: Page, sandbox_url: str, person: str, title: str, welcome: str
) -> None:
    await page.goto(f"{sandbox_url}/phone?as=customer&person={person}&account=service")

    await page.get_by_role("button", name="扫一扫").click()
    await page.get_by_role("button", name=title).click()

    await expect(page.locator("#chat .row.theirs .bubble")).to_contain_text([welcome])


async def test_an_agent_taps_the_application_s_menu_and_is_answered(page: Page, sandbox_url: str) -> None:
    await page.goto(f"{sandbox_url}/phone?as=staff&person=ZhangWei&account=assistant")

    await page.get_by_role("button", name="我的").click()
    await page.get_by_role("menuitem", name="我是谁").click()
    await expect(page.locator("#chat .row.theirs .bubble").last).to_contain_text("姓名：张伟")
    await page.get_by_role("button", name="客户常问").click()
    await page.get_by_role("menuitem", name="续期缴费").click()

    await expect(page.locator("#chat .row.theirs .bubble").last).to_contain_text(
        "续期缴费一般由投保人约定的银行卡自动扣款"
    )


async def test_every_button_and_every_code_of_the_demonstration_has_its_own_answer(tmp_path: Path) -> None:
    content = load_content(tmp_path)
    leaves = [leaf for button in ASSISTANT_MENU for leaf in button.get("sub_button", [button])]

    staff = {HELP_KEY, TODAY_KEY, WHOAMI_KEY, ON_DUTY_KEY, OFF_DUTY_KEY}
    assert [leaf["key"] for leaf in leaves if leaf["key"] not in {*content.menu.replies, *staff}] == []
    assert [code for code in SCENES if content.welcome.on_follow(code["scene"]) == content.welcome.follow] == []
