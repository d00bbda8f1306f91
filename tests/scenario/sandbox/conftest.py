"""A real sandbox on a free port under virtual time, and the tiny bot it talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.app import sandbox
from bot.sandbox.config import parse_config
from tests.scenario.sandbox.restarts import Sandboxes
from tests.scenario.sandbox.rig import Driver, TinyBot, configuration, free_port


async def _listen(app: web.Application, port: int, stack: AsyncExitStack) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()


@pytest.fixture
async def bot_port() -> int:
    return free_port()


@pytest.fixture
async def bot(bot_port: int) -> AsyncIterator[TinyBot]:
    tiny = TinyBot()
    app = web.Application()
    app.router.add_route("*", "/callback/{name}", tiny.handle)
    async with AsyncExitStack() as stack:
        await _listen(app, bot_port, stack)
        yield tiny


@pytest.fixture
def rules() -> dict[str, Any]:
    """Rules of the sandbox; a test that needs others parametrizes them."""
    return {}


@pytest.fixture
async def driver(bot: TinyBot, bot_port: int, tmp_path: Path, rules: dict[str, Any]) -> AsyncIterator[Driver]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {**configuration(f"http://127.0.0.1:{bot_port}", base), "rules": rules}
    config = parse_config(settings, source="test")
    async with AsyncExitStack() as stack:
        await _listen(await stack.enter_async_context(sandbox(config, home=tmp_path)), port, stack)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Driver(base, session)


@pytest.fixture
def sandboxes(tmp_path: Path, rules: dict[str, Any]) -> Sandboxes:
    return Sandboxes(tmp_path, rules)
