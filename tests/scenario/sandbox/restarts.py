"""Runs of one sandbox, one after the other, over one record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from bot.sandbox.app import sandbox
from bot.sandbox.config import parse_config
from tests.scenario.sandbox.rig import Driver, configuration

NOWHERE = "http://127.0.0.1:9"


class Sandboxes:
    """Runs of one sandbox, one after the other, over one record."""

    def __init__(self, home: Path, rules: dict[str, Any]) -> None:
        self.home = home
        self._config = parse_config({**configuration(NOWHERE, NOWHERE), "rules": rules}, source="test")

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Driver]:
        async with (
            sandbox(self._config, home=self.home) as app,
            TestServer(app) as server,
            aiohttp.ClientSession() as session,
        ):
            yield Driver(str(server.make_url("")).rstrip("/"), session)
