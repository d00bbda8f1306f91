"""Pictures of the phone page with the real bot behind it: `python tests/browser/screenshots.py`, into ./screenshots/.

Starts the demonstration's sandbox (on virtual time) and bot, lets people chat, and photographs the page at both sizes.
With `--sandbox URL` it photographs a sandbox that is already running, for example that of `make demo`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
from playwright.async_api import Browser, Page

from bot import menus
from bot.demo.processes import Child, free_port
from bot.demo.world import write_world
from bot.settings import load_settings
from storage.database import open_database
from storage.migrate import migrate
from tests.browser.chromium import DESK, MISSING, PHONE, chromium, find_chromium

_DAY: Final = 86400
#: Sunday evening in China.
_START: Final = "2026-03-01T11:40:00Z"
_STILL_MILLISECONDS: Final = 700

#: Seconds that pass first, then who does what on which account.
_STORY: Final[tuple[tuple[float, dict[str, Any]], ...]] = (
    (0, {"account": "service", "person": "lin", "act": "scan", "scene": "campaign:spring2026:agent:zhangwei"}),
    (95, {"account": "service", "person": "lin", "act": "click", "key": "claim"}),
    (_DAY, {"account": "club", "person": "lin", "act": "follow"}),
    (1200, {"account": "service", "person": "lin", "act": "text", "text": "犹豫期是什么意思？"}),
    (40, {"account": "service", "person": "lin", "act": "voice", "recognition": "怎么交续期保费"}),
    (3, {"account": "assistant", "person": "ZhangWei", "act": "enter"}),
    (5, {"account": "assistant", "person": "ZhangWei", "act": "text", "text": "帮助"}),
    (20, {"account": "assistant", "person": "ZhangWei", "act": "text", "text": "我是谁"}),
)

_LIN: Final = "as=customer&person=lin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture: where the page stands, and what the user does before it is taken."""

    name: str
    query: str
    size: tuple[int, int]
    steps: Callable[[Page], Awaitable[None]] | None = None


async def _open_submenu(page: Page) -> None:
    await page.locator("#chat [aria-haspopup=menu]").first.click()


async def _write(page: Page) -> None:
    await page.get_by_role("button", name="切换到键盘").click()
    await page.get_by_role("textbox", name="输入消息").fill("住院能报销多少？")


async def _open_plus(page: Page) -> None:
    await page.get_by_role("button", name="切换到键盘").click()
    await page.get_by_role("button", name="更多功能").click()


async def _send_place_and_picture(page: Page) -> None:
    await _open_plus(page)
    await page.locator(".plus-item", has_text="位置").click()
    await page.get_by_role("button", name="上海环球金融中心").click()
    await page.locator("#chat .card.place").wait_for()
    await page.locator(".plus-item", has_text="相册").click()
    await page.get_by_role("button", name="发送图片：门诊发票").click()
    await page.locator("#chat .mine img.picture").wait_for()


async def _scan(page: Page) -> None:
    await _open_plus(page)
    await page.locator(".plus-item", has_text="扫一扫").click()


async def _speak(page: Page) -> None:
    await page.get_by_role("button", name="切换到键盘").click()
    await page.get_by_role("button", name="切换到语音").click()
    await page.get_by_role("button", name="按住 说话").click()
    await page.get_by_role("textbox").fill("我想问一下住院能报多少")


async def _pick_picture(page: Page) -> None:
    await _open_plus(page)
    await page.locator(".plus-item", has_text="相册").click()


async def _pick_video(page: Page) -> None:
    await _open_plus(page)
    await page.locator(".plus-item", has_text="视频").click()


async def _profile(page: Page) -> None:
    await page.get_by_role("button", name="详细资料").click()


SCENES: Final = (
    Scene(name="desk-chat", query=f"{_LIN}&account=service", size=DESK),
    Scene(name="desk-menu", query=f"{_LIN}&account=service", size=DESK, steps=_open_submenu),
    Scene(name="desk-wecom", query="as=staff&person=ZhangWei&account=assistant", size=DESK),
    Scene(name="desk-not-following", query="as=customer&person=chen&account=service", size=DESK),
    Scene(name="phone-list", query=_LIN, size=PHONE),
    Scene(name="phone-chat", query=f"{_LIN}&account=service", size=PHONE),
    Scene(name="phone-menu", query=f"{_LIN}&account=service", size=PHONE, steps=_open_submenu),
    Scene(name="phone-write", query=f"{_LIN}&account=service", size=PHONE, steps=_write),
    Scene(name="phone-plus", query=f"{_LIN}&account=service", size=PHONE, steps=_open_plus),
    Scene(name="phone-album", query=f"{_LIN}&account=service", size=PHONE, steps=_pick_picture),
    Scene(name="phone-scan", query=f"{_LIN}&account=service", size=PHONE, steps=_scan),
    Scene(name="phone-voice", query=f"{_LIN}&account=service", size=PHONE, steps=_speak),
    Scene(name="phone-profile", query=f"{_LIN}&account=service", size=PHONE, steps=_profile),
    Scene(name="phone-wecom", query="as=staff&person=ZhangWei&account=assistant", size=PHONE),
    Scene(
        name="phone-wecom-menu",
        query="as=staff&person=ZhangWei&account=assistant",
        size=PHONE,
        steps=_open_submenu,
    ),
    Scene(name="phone-video", query=f"{_LIN}&account=service", size=PHONE, steps=_pick_video),
    Scene(name="phone-cards", query=f"{_LIN}&account=service", size=PHONE, steps=_send_place_and_picture),
    Scene(name="desk-cards", query=f"{_LIN}&account=service", size=DESK),
)


@asynccontextmanager
async def demonstration(home: Path) -> AsyncIterator[str]:
    """Yield the address of a sandbox whose people have chatted with the real bot."""
    sandbox_url, bot_url = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    clock = {"mode": "virtual", "start": _START}
    config = write_world(home, bot_url=bot_url, sandbox_url=sandbox_url, clock=clock)
    settings = load_settings(home, {})
    database = open_database(settings.database_url, home=home)
    await migrate(database, now=datetime.now(UTC))
    await database.close()
    port = sandbox_url.rpartition(":")[2]
    children = (
        Child("sandbox", ["bot.sandbox", "--config", str(config), "--port", port], home=home),
        Child("bot", ["bot", "serve"], home=home),
    )
    async with AsyncExitStack() as stack:
        for child in children:
            stack.push_async_callback(child.stop)
            await child.start()
        await menus.publish(settings)
        await _play(sandbox_url)
        yield sandbox_url


async def _play(sandbox_url: str) -> None:
    async with aiohttp.ClientSession(sandbox_url) as http:
        for seconds, act in _STORY:
            step = max(0.25, seconds / 400)
            async with http.post("/sandbox/clock/advance", json={"seconds": seconds, "step": step}) as response:
                response.raise_for_status()
            async with http.post("/sandbox/act", json={**act, "wait": True}) as response:
                if response.status != 200:
                    raise RuntimeError(f"the sandbox refused {act}: {await response.text()}")


async def photograph(browser: Browser, scene: Scene, *, sandbox_url: str, folder: Path) -> Path:
    """Take the picture of one scene and return its file."""
    width, height = scene.size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=2, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = await context.new_page()
    await page.goto(f"{sandbox_url}/phone?{scene.query}")
    await page.locator("body[data-ready=true]").wait_for()
    if "account=" in scene.query:
        await page.locator("#chat footer button").first.wait_for()
    if scene.steps is not None:
        await scene.steps(page)
    await page.wait_for_timeout(_STILL_MILLISECONDS)
    path = folder / f"{scene.name}.png"
    await page.screenshot(path=path)
    await context.close()
    return path


async def run(*, folder: Path, sandbox_url: str | None) -> int:
    """Take all pictures; return the exit code."""
    executable = find_chromium()
    if executable is None:
        print(f"screenshots: {MISSING}", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        if sandbox_url is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zhike-screenshots-")))
            sandbox_url = await stack.enter_async_context(demonstration(home))
        browser = await stack.enter_async_context(chromium(executable))
        for scene in SCENES:
            print(await photograph(browser, scene, sandbox_url=sandbox_url, folder=folder))
    return 0


def main() -> int:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(prog="screenshots", description="Pictures of the phone page.")
    parser.add_argument("--sandbox", help="address of a running sandbox instead of one of its own")
    parser.add_argument("--folder", type=Path, default=Path("screenshots"))
    args = parser.parse_args()
    return asyncio.run(run(folder=args.folder, sandbox_url=args.sandbox))


if __name__ == "__main__":
    sys.exit(main())
