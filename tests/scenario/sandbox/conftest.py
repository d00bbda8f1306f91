"""A real sandbox on a free port under virtual time, and a tiny bot that answers its callbacks as the test says."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.app import sandbox
from bot.sandbox.config import parse_config

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
TOKEN = "callback-token"
START = 1767600000
#: A real-time guard around waits; a healthy test never gets near it.
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request that reached the bot."""

    account: str
    method: str
    query: dict[str, str]
    body: bytes
    content_type: str


Answer = Callable[[Received], Awaitable[web.Response]]


async def success(received: Received) -> web.Response:
    """Acknowledge without an answer."""
    return web.Response(text="success")


async def silence(received: Received) -> web.Response:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


@dataclass(slots=True)
class TinyBot:
    """Answers callbacks with `answers`, one after the other, then with `answer` for ever."""

    answer: Answer = success
    answers: list[Answer] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        """Note the request and answer it."""
        received = Received(
            account=request.match_info["name"],
            method=request.method,
            query=dict(request.query),
            body=await request.read(),
            content_type=request.content_type,
        )
        self.received.append(received)
        answer = self.answers.pop(0) if self.answers else self.answer
        self._arrived.set()
        return await answer(received)

    async def arrived(self, count: int) -> None:
        """Return when `count` callbacks have reached the bot."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()


@dataclass(slots=True)
class Driver:
    """The control API and the server APIs of a running sandbox."""

    base: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **query: str | int) -> Any:
        """GET a control or server API and return its JSON."""
        async with self.session.get(self.base + path, params=query) as response:
            return await response.json()

    async def post(self, path: str, body: Any, **query: str | int) -> Any:
        """POST JSON, raw UTF-8, and return the JSON that comes back."""
        data = aiohttp.JsonPayload(body, dumps=_dumps)
        async with self.session.post(self.base + path, data=data, params=query) as response:
            return await response.json()

    async def act(self, account: str, person: str, act: str, **fields: Any) -> Any:
        """Let somebody act and return what became of it."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self.post("/sandbox/act", {"account": account, "person": person, "act": act, **fields})

    async def advance(self, seconds: float, *, step: float = 0.25) -> None:
        """Move virtual time."""
        await self.post("/sandbox/clock/advance", {"seconds": seconds, "step": step})

    async def fault(self, kind: str, **fields: Any) -> str:
        """Set a fault and return its id."""
        answer = await self.post("/sandbox/faults", {"fault": kind, **fields})
        return str(answer["id"])

    async def lines(self, what: str) -> list[dict[str, Any]]:
        """Return the lines of the record of one kind."""
        return [line for line in (await self.get("/sandbox/record"))["lines"] if line["what"] == what]

    async def chat(self, account: str, person: str) -> list[dict[str, Any]]:
        """Return the messages in a chat."""
        answer = await self.get("/sandbox/chat", account=account, person=person)
        return list(answer["messages"])

    async def openid(self, person: str, account: str = "safe-xml") -> str:
        """Return the person's openid on an account."""
        people = (await self.get("/sandbox/people"))["people"]
        return str(next(p for p in people if p["id"] == person)["openids"][account])

    async def stable_token(self, app_id: str = "wx-safe-xml", **changes: Any) -> Any:
        """Ask for a stable token and return the whole answer."""
        body = {"grant_type": "client_credential", "appid": app_id, "secret": "secret", **changes}
        return await self.post("/oa/cgi-bin/stable_token", body)

    async def wecom_token(self, secret: str = "app-secret") -> Any:
        """Ask for a WeCom token and return the whole answer."""
        return await self.get("/wecom/cgi-bin/gettoken", corpid="ww1", corpsecret=secret)


def _dumps(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def configuration(bot_url: str, public_url: str) -> dict[str, Any]:
    """Return accounts in all modes and formats, a WeCom application, and a few people."""
    official = [
        {
            "name": f"{mode}-{format}",
            "title": "安心保险",
            "app_id": f"wx-{mode}-{format}",
            "original_id": f"gh_{mode}_{format}",
            "secret": "secret",
            "token": TOKEN,
            "aes_key": AES_KEY,
            "mode": mode,
            "format": format,
            "callback_url": f"{bot_url}/callback/{mode}-{format}",
        }
        for mode in ("safe", "compatible", "plain")
        for format in ("xml", "json")
    ]
    app = {
        "name": "assistant",
        "title": "展业助手",
        "agent_id": 1000002,
        "secret": "app-secret",
        "token": TOKEN,
        "aes_key": AES_KEY,
        "callback_url": f"{bot_url}/callback/assistant",
    }
    names = [account["name"] for account in official]
    return {
        "clock": {"mode": "virtual", "start": "2026-01-05T08:00:00Z"},
        "public_url": public_url,
        "oa": official,
        "wecom": [
            {
                "corp_id": "ww1",
                "title": "安心保险",
                "apps": [app],
                "members": [{"userid": "ZhangWei", "name": "张伟"}, {"userid": "LiNa", "name": "李娜"}],
            }
        ],
        "people": [
            {"id": "alice", "name": "小爱", "unionid": "u-alice", "follows": names},
            {"id": "bob", "name": "小波", "follows": names},
            {"id": "carol", "name": "小可"},
        ],
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
async def driver(bot: TinyBot, bot_port: int, tmp_path: Path) -> AsyncIterator[Driver]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    config = parse_config(configuration(f"http://127.0.0.1:{bot_port}", base), source="test")
    async with AsyncExitStack() as stack:
        await _listen(await stack.enter_async_context(sandbox(config, home=tmp_path)), port, stack)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Driver(base, session)
