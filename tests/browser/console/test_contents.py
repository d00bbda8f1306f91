"""Content written, checked and approved in a browser by two people; nobody approves what they wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import DESK, PHONE
from tests.browser.console.screen import Screen, faults, open_screen
from tests.fakes.clock import ManualClock
from tests.fakes.newsroom import png

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
#: Leaving a page ends what it was fetching, and a form that is refused is answered with a status of its own.
_EXPECTED = ("htmx:afterRequest", "htmx:sendAbort")
_REFUSED = "the server responded with a status of 4"
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(browser: Browser, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Screen]:
    """Return the console; it must have called nobody else, and complained of nothing but refused forms."""
    async with AsyncExitStack() as stack:
        screen = await open_screen(browser, sqlite_url, home=tmp_path, clock=ManualClock(), stack=stack)
        yield screen
        assert [url for url in screen.requests if not url.startswith(f"{screen.desk.base}/")] == []
        assert [line for line in screen.complaints if not line.startswith(_EXPECTED) and _REFUSED not in line] == []


async def _begin(page: Page, name: str, key: str, kind: str = "文字") -> None:
    await page.get_by_role("link", name="内容", exact=True).click()
    await page.get_by_role("link", name="新建内容").click()
    await page.get_by_label("名称").fill(name)
    await page.get_by_label("代号").fill(key)
    await page.get_by_label("类型").select_option(label=kind)
    assert await faults(page) == []
    await page.get_by_role("button", name="开始写").click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


@SIZES
async def test_the_authors_and_the_reviewers_whole_way(newsroom: Screen, size: tuple[int, int]) -> None:
    author = await newsroom.signed_in(size, "qian")
    await _begin(author, "生日祝福", "birthday")
    await author.get_by_label("用途").select_option(label="服务")
    await author.get_by_label("变量 1 的名字").fill("name")
    await author.get_by_label("变量 1 的示例").fill("王女士")
    preview = author.locator("#preview")
    await author.get_by_label("正文").fill("{{ name }}，稳赚不赔，服务排名第一！")
    # The phone and the findings follow what is typed.
    await expect(preview.get_by_text("王女士，稳赚不赔，服务排名第一！")).to_be_visible()
    await expect(preview.locator("mark", has_text="稳赚不赔")).to_be_visible()
    await author.get_by_label("正文").fill("{{ nam }}，祝您生日快乐！")
    await expect(preview.get_by_text("没有声明变量 nam").first).to_be_visible()
    await author.get_by_label("正文").fill("{{ name }}，祝您生日快乐，服务排名第一！")
    await expect(preview.locator("mark", has_text="排名第一")).to_be_visible()
    assert await faults(author) == []
    await author.get_by_role("button", name="保存", exact=True).click()
    await expect(author.get_by_role("status")).to_have_text("已保存")

    await author.get_by_role("link", name="去送审").click()
    await author.get_by_role("button", name="送审", exact=True).click()
    await expect(author.get_by_role("alert").first).to_contain_text("还有发现没有说明")
    await author.get_by_label("为什么「排名第一」可以这样写").fill("引自协会年报")
    assert await faults(author) == []
    await author.get_by_role("button", name="送审", exact=True).click()
    await expect(author.get_by_role("status")).to_have_text("已送审")
    await expect(author.get_by_role("link", name="编辑")).to_have_count(0)

    reviewer = await newsroom.page(size, "/console/sign-in")
    await reviewer.context.clear_cookies()
    reviewer = await newsroom.signed_in(size, "zhou")
    await reviewer.get_by_role("link", name="待审", exact=True).click()
    assert await faults(reviewer) == []
    await reviewer.get_by_role("link", name="生日祝福").click()
    await expect(reviewer.locator("ins", has_text="祝您生日快乐")).to_be_visible()
    await expect(reviewer.get_by_text("引自协会年报")).to_be_visible()
    assert await faults(reviewer) == []
    await reviewer.get_by_role("button", name="批准").click()
    await expect(reviewer.get_by_role("status")).to_have_text("已批准")
    row = await newsroom.desk.stores.one("SELECT state, reviewer_id FROM content_version")
    assert row == {"state": "approved", "reviewer_id": await newsroom.desk.firm.organisation.find("zhou")}


async def test_an_author_who_also_reviews_cannot_approve_their_own(newsroom: Screen) -> None:
    author = await newsroom.signed_in(DESK, "qian")
    await _begin(author, "问候", "greeting")
    await author.get_by_label("用途").select_option(label="服务")
    await author.get_by_label("正文").fill("您好")
    await author.get_by_role("button", name="保存", exact=True).click()
    await author.get_by_role("link", name="去送审").click()
    await author.get_by_role("button", name="送审", exact=True).click()
    await expect(author.get_by_role("status")).to_have_text("已送审")
    await newsroom.desk.stores.change("UPDATE staff SET role = 'reviewer' WHERE userid = 'qian'")

    await author.goto(f"{newsroom.desk.base}/console/reviews")
    await expect(author.locator("tbody").get_by_text("自己写的")).to_be_visible()
    await author.get_by_role("link", name="问候").click()
    await expect(author.get_by_text("您写过这一版，须由别人审")).to_be_visible()
    await expect(author.get_by_role("button", name="批准")).to_have_count(0)
    token = await author.locator("input[name=csrf]").first.get_attribute("value")
    answer = await author.request.post(
        f"{newsroom.desk.base}/console/reviews/1/approve",
        form={"csrf": token or "", "number": "1", "revision": "3"},
        headers={"Origin": newsroom.desk.base},
    )
    assert answer.status == 409
    assert (await newsroom.desk.stores.one("SELECT state FROM content_version"))["state"] == "in_review"


async def test_a_picture_is_uploaded_shown_and_kept_and_something_else_is_refused(newsroom: Screen) -> None:
    author = await newsroom.signed_in(DESK, "qian")
    await _begin(author, "海报", "poster", kind="海报")
    box = author.get_by_label("图片")
    # Larger than what a form may have: it must not be sent along when the words are saved.
    large = png(40, 20)[:-12] + b"\0" * 400_000 + png()[-12:]
    await box.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"<svg onload=alert(1)>"})
    await expect(author.locator("#picture-A").get_by_role("alert")).to_contain_text("不是 PNG 或 JPEG")
    await box.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": large})
    thumb = author.get_by_role("img", name="版式 A 的图片")
    await expect(thumb).to_be_visible()
    assert await thumb.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [40, 20]
    await author.get_by_role("button", name="保存", exact=True).click()
    await expect(author.get_by_role("status")).to_have_text("已保存")
    await expect(author.locator("#preview .phone-picture")).to_be_visible()
    assert await faults(author) == []


async def test_a_stop_asks_for_a_reason_and_shows_on_the_page(newsroom: Screen) -> None:
    author = await newsroom.signed_in(DESK, "qian")
    await _begin(author, "问候", "greeting")
    await author.get_by_role("link", name="去送审").click()
    await author.get_by_label("理由").fill("条款有误")
    await author.get_by_role("button", name="立即叫停").click()
    await expect(author.get_by_text("已叫停，发不出去：条款有误")).to_be_visible()
    await author.get_by_role("button", name="恢复").click()
    await expect(author.get_by_role("status")).to_have_text("已恢复")
