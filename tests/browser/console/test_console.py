"""A member of staff in front of the console, at a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import DESK, PHONE
from tests.browser.console.screen import Screen, faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


async def _is_wider_than_the_screen(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@SIZES
async def test_an_agent_signs_in_reads_a_customers_talk_pages_back_and_signs_out(
    screen: Screen, size: tuple[int, int]
) -> None:
    page = await screen.signed_in(size)
    await page.get_by_role("link", name=f"客户 {screen.customer}").click()
    sayings = page.locator(".saying")
    await expect(page.get_by_text("春季体检礼包上线了，点菜单领取。")).to_be_in_viewport()
    before = await sayings.count()
    while await page.get_by_role("link", name="更早的消息").count():
        shown = await sayings.count()
        await page.get_by_role("link", name="更早的消息").click()
        await expect(sayings.nth(shown)).to_be_attached()
    await expect(page.get_by_text("您好，欢迎关注安心保险。")).to_have_count(1)
    assert await sayings.count() > before
    await expect(page).to_have_url(f"{screen.desk.base}/console/customers/{screen.customer}")

    await page.get_by_role("button", name="退出").click()
    await expect(page).to_have_url(f"{screen.desk.base}/console/sign-in")
    await page.goto(f"{screen.desk.base}/console/customers")
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()


@SIZES
async def test_a_search_is_made_and_cleared(screen: Screen, size: tuple[int, int]) -> None:
    page = await screen.signed_in(size)
    await page.get_by_role("searchbox").fill("z2")
    await page.get_by_role("searchbox").press("Enter")
    await expect(page.locator(".table-link")).to_have_count(1)
    await page.get_by_role("link", name="清除").click()
    await expect(page.locator(".table-link")).to_have_count(4)


@SIZES
async def test_the_language_changes_the_whole_page_and_back(screen: Screen, size: tuple[int, int]) -> None:
    page = await screen.signed_in(size)
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", name="客户", exact=True)).to_be_visible()


async def test_the_newest_message_stands_lowest_and_the_oldest_highest(screen: Screen) -> None:
    page = await screen.signed_in(DESK)
    await page.goto(f"{screen.desk.base}/console/customers/{screen.customer}")
    newest, older = page.get_by_text("春季体检礼包上线了"), page.get_by_text("好的，谢谢")
    low, high = await newest.bounding_box(), await older.bounding_box()

    assert low is not None
    assert high is not None
    assert low["y"] > high["y"]


async def test_when_the_session_has_ended_more_messages_lead_to_the_sign_in(screen: Screen) -> None:
    page = await screen.signed_in(DESK)
    await page.goto(f"{screen.desk.base}/console/customers/{screen.customer}")
    await screen.context.clear_cookies()
    await page.get_by_role("link", name="更早的消息").click()
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert page.url.endswith(f"next=%2Fconsole%2Fcustomers%2F{screen.customer}")
    # The browser itself notes the 401.
    assert [line for line in screen.complaints if "401" not in line] == []
    screen.complaints.clear()


@SIZES
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_page_has_a_serious_fault_for_those_who_see_or_move_badly(
    screen: Screen, size: tuple[int, int], language: str
) -> None:
    page = await screen.page(size, "/console/sign-in")
    if language == "en":
        await page.get_by_role("button", name="English").click()
    found = await faults(page)
    await page.locator("#field-userid").fill("wu")
    await page.locator("#field-password").fill("falsch")
    await page.locator("button.button-wide").click()
    await page.locator("[role=alert].alert").wait_for()
    found += await faults(page)
    # The browser itself notes the 401.
    screen.complaints[:] = [line for line in screen.complaints if "401" not in line]
    await page.close()
    page = await screen.signed_in(size, "wu")
    for path in ("/customers", "/customers?person=nobody", f"/customers/{screen.customer}", "/audit", "/nothing"):
        await page.goto(f"{screen.desk.base}/console{path}")
        found += [f"{path}: {fault}" for fault in await faults(page)]
        if await _is_wider_than_the_screen(page):
            found.append(f"{path} is wider than the screen")
    screen.complaints[:] = [line for line in screen.complaints if "404" not in line]
    assert found == []


async def test_the_check_for_faults_finds_one(screen: Screen) -> None:
    page = await screen.page(DESK, "/console/sign-in")
    await page.evaluate("document.querySelector('label[for=field-userid]').remove()")

    assert any(fault.startswith("label") for fault in await faults(page))
