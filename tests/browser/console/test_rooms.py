"""Staff at work in a browser: a task ended and handed over, a message found among 100,000, the state renews itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.chromium import DESK, PHONE
from tests.browser.console.crowd import MESSAGES, gather
from tests.browser.console.line import form_line
from tests.browser.console.screen import Screen, faults, open_screen
from tests.browser.console.work import index
from tests.fakes.clock import ManualClock
from tests.fakes.synced import stopped_sync
from tests.sqlite_file import copy_sqlite

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest_asyncio.fixture(loop_scope="session")
async def rooms(browser: Browser, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Screen]:
    """Return the console with all its pages; it must have called nobody else."""
    async with AsyncExitStack() as stack:
        screen = await open_screen(browser, sqlite_url, home=tmp_path, clock=ManualClock(), stack=stack, whole=True)
        yield screen
        assert [url for url in screen.requests if not url.startswith(f"{screen.desk.base}/")] == []
        assert screen.complaints == []


@SIZES
async def test_an_agent_ends_a_task(rooms: Screen, size: tuple[int, int]) -> None:
    page = await rooms.signed_in(size)
    await expect(page.get_by_role("heading", name="今日")).to_be_visible()
    await expect(page.locator("tbody tr")).to_have_count(3)
    first = page.locator("tbody tr").first
    await expect(first.get_by_text("已超时")).to_be_visible()
    await first.get_by_label("待办 1 的处理结果").fill("已回电，客户满意")
    await first.get_by_role("button", name="办结：待办 1").click()

    await expect(page.get_by_role("status")).to_have_text("待办 1 已办结。")
    await expect(page.locator("tbody tr")).to_have_count(2)
    done = await rooms.desk.stores.one("SELECT state, disposition FROM task WHERE id = 1")
    assert done == {"state": "done", "disposition": "已回电，客户满意"}


@SIZES
async def test_a_supervisor_hands_a_task_over(rooms: Screen, size: tuple[int, int]) -> None:
    page = await rooms.signed_in(size, "sun")
    row = page.locator("tbody tr").filter(has_text="编号 4")
    await row.get_by_text("转交", exact=True).first.click()
    await row.get_by_label("接手待办 4 的同事账号").fill("zhang")
    await row.get_by_role("button", name="转交").click()

    await expect(page.get_by_role("status")).to_contain_text("待办 4 已转交")
    await expect(page.locator("tbody tr").filter(has_text="编号 4")).to_contain_text("Zhang")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crowded(
    browser: Browser, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Screen]:
    """Return the console over a log of 100,000 messages, made once for all who look for one."""
    home = tmp_path_factory.mktemp("crowd")
    async with AsyncExitStack() as stack:
        url = copy_sqlite(sqlite_template, home)
        screen = await open_screen(browser, url, home=home, clock=ManualClock(), stack=stack, whole=True)
        await gather(screen.desk, person="z1")
        yield screen
        assert [url for url in screen.requests if not url.startswith(f"{screen.desk.base}/")] == []
        assert screen.complaints == []


@SIZES
async def test_a_message_is_found_among_a_hundred_thousand(crowded: Screen, size: tuple[int, int]) -> None:
    desk = crowded.desk
    assert await desk.stores.count("message") > MESSAGES
    await crowded.context.clear_cookies()
    page = await crowded.signed_in(size)
    await page.get_by_role("link", name="会话").click()
    await page.get_by_label("文字").fill("甲状腺 理赔")
    await page.get_by_label("文字").press("Enter")

    await expect(page.locator(".found-one")).to_have_count(1)
    await expect(page.locator("mark")).to_have_text(["甲状腺", "理赔"])
    await page.get_by_role("link", name=f"客户 {desk.firm.customers['z1']}").click()
    await expect(page.get_by_role("heading", name="对话")).to_be_visible()


@pytest_asyncio.fixture(loop_scope="session")
async def tired(browser: Browser, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Screen]:
    """Return the console whose search looks at little at once; it must have called nobody else."""
    async with AsyncExitStack() as stack:
        clock = ManualClock()
        screen = await open_screen(browser, sqlite_url, home=tmp_path, clock=clock, stack=stack, whole=True, effort=1)
        yield screen
        assert [url for url in screen.requests if not url.startswith(f"{screen.desk.base}/")] == []
        assert screen.complaints == []


@SIZES
async def test_a_search_goes_on_by_itself_until_the_page_is_full(tired: Screen, size: tuple[int, int]) -> None:
    desk = tired.desk
    talk = desk.visitors()
    for number in range(25):
        await talk.say("z1", f"海岛旅行第{number}次")
        for other in range(20):
            await talk.say("z1", f"别的事 {number} {other}")
    await index(desk)
    page = await tired.signed_in(size)
    await page.goto(f"{desk.base}/console/conversations?words=海岛旅行")

    await expect(page.locator(".found-one")).to_have_count(20)
    await expect(page.get_by_text("正在继续查找")).to_have_count(0)
    assert await faults(page) == []
    await page.get_by_role("link", name="下一页").click()
    await expect(page.locator(".found-one")).to_have_count(5)
    await expect(page.get_by_role("link", name="下一页")).to_have_count(0)
    await expect(page.get_by_role("link", name="回到最新")).to_have_count(1)


async def test_a_search_that_went_on_to_the_beginning_says_that_there_is_nothing(tired: Screen) -> None:
    talk = tired.desk.visitors()
    for number in range(300):
        await talk.say("z1", f"别的事 {number}")
    await index(tired.desk)
    page = await tired.signed_in(DESK)
    await page.goto(f"{tired.desk.base}/console/conversations?words=海岛旅行")

    await expect(page.get_by_text("没有找到", exact=True)).to_be_visible()
    await expect(page.get_by_text("正在继续查找")).to_have_count(0)


async def test_the_state_renews_itself(rooms: Screen) -> None:
    page = await rooms.signed_in(DESK, "admin")
    await expect(page.get_by_text("79 条", exact=True)).to_be_visible()
    await rooms.desk.visitors().say("newcomer", "一句新的")
    await expect(page.get_by_text("80 条", exact=True)).to_be_visible(timeout=20_000)
    await expect(page.get_by_role("heading", name="运维")).to_have_count(1)


_DRAWN = """() => {
  const canvas = document.querySelector('#traffic canvas');
  const drawing = echarts.getInstanceByDom(document.querySelector('#traffic .chart-canvas'));
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let accent = 0;
  for (let at = 0; at < pixels.length; at += 4) if (pixels[at] === 13 && pixels[at + 1] === 107) accent += 1;
  return {
    series: drawing.getOption().series.map((one) => one.data),
    table: [0, 1, 2].map((at) => [...document.querySelectorAll('#traffic tbody tr')].map(
      (row) => Number(row.querySelectorAll('td')[at].textContent))),
    accent: accent,
    wide: canvas.clientWidth,
    canvases: document.querySelectorAll('canvas').length,
  };
}"""


@SIZES
async def test_the_chart_draws_the_numbers_of_its_table(rooms: Screen, size: tuple[int, int]) -> None:
    page = await rooms.signed_in(size, "admin")
    await page.locator("#traffic canvas").wait_for()
    seen = await page.evaluate(_DRAWN)

    assert seen["series"] == seen["table"]
    assert [len(numbers) for numbers in seen["table"]] == [24, 24, 24]
    assert [sum(numbers) > 0 for numbers in seen["table"]] == [True, False, True]
    assert seen["accent"] > 50
    assert size[0] / 2 < seen["wide"] < size[0]


async def test_a_chart_is_drawn_anew_when_the_page_renews_itself_and_the_one_before_is_gone(rooms: Screen) -> None:
    page = await rooms.signed_in(DESK, "admin")
    await page.locator("#traffic canvas").wait_for()
    await page.get_by_text("以表格查看").click()
    before = await page.evaluate(_DRAWN)
    first = await page.evaluate_handle("echarts.getInstanceByDom(document.querySelector('#traffic .chart-canvas'))")
    await rooms.desk.visitors().say("newcomer", "一句新的")
    await expect(page.get_by_text("80 条", exact=True)).to_be_visible(timeout=20_000)
    after = await page.evaluate(_DRAWN)

    assert after["series"] == after["table"]
    assert after["table"][2][-1] == before["table"][2][-1] + 1
    assert after["canvases"] == 1
    assert await first.evaluate("(drawing) => drawing.isDisposed()")
    await expect(page.locator("#traffic table")).to_be_visible()


async def test_without_a_script_the_numbers_stand_in_the_table(rooms: Screen) -> None:
    page = await rooms.signed_in(DESK, "admin")
    await page.close()
    bare = await rooms.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    try:
        await bare.add_cookies(await rooms.context.cookies())  # type: ignore[arg-type]
        page = await bare.new_page()
        await page.goto(f"{rooms.desk.base}/console/operations")
        await page.get_by_text("以表格查看").click()
        await expect(page.locator("#traffic tbody tr")).to_have_count(24)
        await expect(page.locator("#traffic table")).to_be_visible()
    finally:
        await bare.close()


@SIZES
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_page_has_a_serious_fault_or_is_wider_than_the_screen(
    rooms: Screen, size: tuple[int, int], language: str
) -> None:
    found: list[str] = []
    await stopped_sync(rooms.desk.stores, rooms.desk.clock)
    handover = await form_line(rooms.desk)
    for userid, paths in (
        (
            "wu",
            (
                "/today",
                "/today?done=1",
                "/conversations",
                "/conversations?words=保单",
                "/conversations?words=理赔",
                "/conversations?words=火星",
            ),
        ),
        ("admin", ("/operations",)),
        ("zhang", ("/inbox", "/inbox?told=closed", f"/inbox/{handover}", f"/inbox/{handover + 2}")),
    ):
        await rooms.context.clear_cookies()
        page = await rooms.signed_in(size, userid)
        if language == "en":
            await page.get_by_role("button", name="English").click()
            await page.locator("html[lang=en]").wait_for()
        for path in paths:
            await page.goto(f"{rooms.desk.base}/console{path}")
            for summary in await page.locator("summary").all():
                await summary.click()
            found += [f"{path}: {fault}" for fault in await faults(page)]
            if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(f"{path} is wider than the screen")
        await page.close()
    assert found == []
