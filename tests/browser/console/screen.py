"""A browser in front of the console: pages of both sizes, and everything that they asked for or complained about."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.console.desk import PASSWORD, Desk, open_desk
from tests.browser.console.story import tell
from tests.browser.console.work import lay_out
from tests.fakes.clock import ManualClock
from tests.fakes.stores import open_stores

AXE: Final = Path(__file__).parents[1] / "vendor" / "axe-4.14.1.min.js"
_BAD: Final = frozenset({"serious", "critical"})


@dataclass(slots=True, kw_only=True)
class Screen:
    """The console, a customer who has talked a week with it, and a browser."""

    desk: Desk
    customer: int
    context: BrowserContext
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def page(self, size: tuple[int, int], path: str = "/console") -> Page:
        """Open an address."""
        page = await self.context.new_page()
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        await page.goto(f"{self.desk.base}{path}")
        return page

    async def signed_in(self, size: tuple[int, int], userid: str = "zhang") -> Page:
        """Open the console and sign in as a person does."""
        page = await self.page(size)
        await page.locator("input[name=userid]").fill(userid)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("input[name=password]").press("Enter")
        await page.locator("aside.side").wait_for()
        return page


async def open_screen(
    browser: Browser,
    url: str,
    *,
    home: Path,
    clock: ManualClock,
    stack: AsyncExitStack,
    scale: float = 1,
    whole: bool = False,
    effort: int | None = None,
) -> Screen:
    """Serve the console over the database at `url`, tell the story, and open a browser's context.

    `whole`: with the pages of all rooms and what they show; `effort`: of a search, for one look.
    """
    stores = open_stores(url, home=home)
    stack.push_async_callback(stores.close)
    desk = await open_desk(stores, clock=clock, home=home, stack=stack, whole=whole, effort=effort)
    customer = await tell(desk, clock)
    if whole:
        await lay_out(desk)
    context = await browser.new_context(locale="zh-CN", device_scale_factor=scale)
    stack.push_async_callback(context.close)
    return Screen(desk=desk, customer=customer, context=context)


async def faults(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical on a page."""
    # Run by the debugger's channel, so the page's own policy against foreign scripts stays as it is.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = json.loads(await page.evaluate("axe.run().then(JSON.stringify)"))
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in _BAD
        for node in violation["nodes"]
    ]
