"""The running world of the phone page; whoever uses it also proves that the page calls no other host."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import MISSING, chromium, find_chromium
from tests.browser.world import TinyBot, World, configuration, serve_bot, start_sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip(MISSING)
    async with chromium(executable) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path, browser: Browser) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        bot = TinyBot()
        bot_url = await serve_bot(bot, stack)
        config = tmp_path / "sandbox.json"
        config.write_text(json.dumps(configuration(bot_url), ensure_ascii=False), encoding="utf-8")
        base = await start_sandbox(config, stack)
        http = await stack.enter_async_context(aiohttp.ClientSession(base))
        context = await browser.new_context(locale="zh-CN")
        stack.push_async_callback(context.close)
        world = World(base=base, http=http, bot=bot, context=context)
        yield world
        assert [url for url in world.requests if not url.startswith(f"{base}/")] == []
        assert world.complaints == []
