"""The console of a small insurer, and a browser in front of it that must call nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.console.screen import Screen, open_screen
from tests.fakes.clock import ManualClock


@pytest_asyncio.fixture(loop_scope="session")
async def screen(browser: Browser, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Screen]:
    async with AsyncExitStack() as stack:
        screen = await open_screen(browser, sqlite_url, home=tmp_path, clock=ManualClock(), stack=stack)
        yield screen
        assert [url for url in screen.requests if not url.startswith(f"{screen.desk.base}/")] == []
        assert screen.complaints == []
