"""The running world of the phone page; whoever uses it also proves that the page calls no other host."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.browser.chromium import MISSING, chromium, find_chromium
from tests.browser.world import TinyBot, World, configuration, serve_bot, start_sandbox


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    executable = find_chromium()
    if executable is None:
        pytest.skip(MISSING)
    async with AsyncExitStack() as stack:
        bot = TinyBot()
        bot_url = await serve_bot(bot, stack)
        config = tmp_path / "sandbox.json"
        config.write_text(json.dumps(configuration(bot_url), ensure_ascii=False), encoding="utf-8")
        base = await start_sandbox(config, stack)
        http = await stack.enter_async_context(aiohttp.ClientSession(base))
        browser = await stack.enter_async_context(chromium(executable))
        world = World(base=base, http=http, bot=bot, browser=browser)
        yield world
        assert [url for url in world.requests if not url.startswith(f"{base}/")] == []
        assert world.complaints == []
