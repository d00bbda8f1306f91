"""A handover answered in a browser: a real bot and a real platform, a customer who gets exactly these words, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import DESK, PHONE
from tests.browser.console.desk import PASSWORD
from tests.browser.console.screen import faults
from tests.scenario.handover import Counter
from tests.scenario.places import ASSISTANT, SERVICE
from tests.scenario.processes import run_command
from tests.scenario.town import Town
from tests.sqlite_file import copy_sqlite

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
#: The page renews itself every few seconds of real time, which no clock of ours moves.
_PATIENCE_MS: Final = 20_000


class Office:
    """A town in its hours, with a password for an agent, and a browser in front of the bot's console."""

    def __init__(self, town: Town, browser: Browser, stack: AsyncExitStack) -> None:
        self.counter = Counter(town)
        self.town = town
        self._browser = browser
        self._stack = stack
        self.requests: list[str] = []
        self.complaints: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.town.bot.port}"

    async def does(self, act: Callable[..., Any], *arguments: Any, **fields: Any) -> Any:
        """Do something in the town, whose hands wait for its processes, without holding the browser up."""
        return await asyncio.to_thread(act, *arguments, **fields)

    async def signed_in(self, size: tuple[int, int], userid: str) -> Page:
        """Open the console and sign in."""
        context = await self._browser.new_context(
            locale="zh-CN", viewport={"width": size[0], "height": size[1]}, base_url=self.base
        )
        self._stack.push_async_callback(context.close)
        page = await context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto("/console/sign-in")
        await page.locator("input[name=userid]").fill(userid)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("input[name=password]").press("Enter")
        await page.locator("aside.side").wait_for()
        return page

    async def heard(self, person: str) -> list[str]:
        """Return what a customer has seen from the account."""
        heard: list[str] = await self.does(self.counter.heard, person)
        return heard


@pytest_asyncio.fixture(loop_scope="session")
async def office(browser: Browser, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        town = Town(tmp_path / "town", copy_sqlite(sqlite_template, tmp_path), places=[SERVICE, ASSISTANT])
        await asyncio.to_thread(stack.enter_context, town)
        run_command(
            "staff", "password", "ZhangWei", home=town.home, database_url=town.database_url, typed=f"{PASSWORD}\n"
        )
        office = Office(town, browser, stack)
        await office.does(town.follow, SERVICE, "lin")
        await office.does(office.counter.until_open)
        yield office
        assert [url for url in office.requests if not url.startswith(f"{office.base}/")] == []
        assert office.complaints == []


@SIZES
async def test_a_customer_who_waits_is_taken_answered_once_and_let_go(office: Office, size: tuple[int, int]) -> None:
    counter, page = office.counter, await office.signed_in(size, "ZhangWei")
    await page.get_by_role("link", name="接待", exact=True).click()
    await expect(page.get_by_text("没有客户在排队")).to_be_visible()
    await office.does(counter.customer_says, "lin", "转人工")
    # The list renews itself: nobody loads it anew.
    waiting = page.get_by_role("link", name="#1 客户")
    await expect(waiting).to_be_visible(timeout=_PATIENCE_MS)
    await page.get_by_role("button", name="上班").click()
    await waiting.click()
    await page.get_by_role("button", name="接待", exact=True).click()
    await office.does(counter.waits_for, "lin", "张伟 正在为您服务")

    box = page.get_by_label("回复给 #1 客户")
    await box.fill("正在写的半句")
    await office.does(counter.customer_says, "lin", "理赔三天没到，电话13812345678")
    await expect(page.get_by_text("理赔三天没到")).to_be_visible(timeout=_PATIENCE_MS)
    await expect(page.get_by_text("13812345678")).to_have_count(0)
    await expect(box).to_have_value("正在写的半句")
    await box.fill("您好，今天到账。")
    await page.get_by_role("button", name="发送").dblclick()
    await expect(page.get_by_role("status")).to_contain_text("已提交发送")
    await office.does(counter.waits_for, "lin", "您好，今天到账。")
    assert await faults(page) == []

    await page.get_by_role("button", name="结束接待").click()
    await expect(page.get_by_role("status")).to_contain_text("已结束")
    await office.does(
        counter.goes,
        lambda: any(m.get("kind") == "menu" for m in office.town.chat(SERVICE, "lin")),
        "the closing question",
    )
    assert (await office.heard("lin")).count("您好，今天到账。") == 1
    assert "谢谢您的评价" in (await office.does(counter.customer_says, "lin", "5"))[0]
    rows = await office.does(office.town.rows, "SELECT state, closed_by, satisfaction FROM handover")
    assert rows == [("closed", "staff", 5)]
