"""A driver for a running sandbox and a tiny bot that answers its callbacks as the test says."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import aiohttp
from aiohttp import web

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


class BotKilled(Exception):
    """The bot dies while it answers."""


async def die(received: Received) -> web.Response:
    """Close the connection instead of answering."""
    raise BotKilled


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
        try:
            return await answer(received)
        except BotKilled:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

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

    async def get(self, path: str, **query: str | float) -> Any:
        """GET a control or server API and return its JSON."""
        async with self.session.get(self.base + path, params=query) as response:
            return await response.json()

    async def post(self, path: str, body: Any, **query: str | int) -> Any:
        """POST JSON, raw UTF-8, and return the JSON that comes back."""
        data = aiohttp.JsonPayload(body, dumps=_dumps)
        async with self.session.post(self.base + path, data=data, params=query) as response:
            return await response.json()

    async def upload(self, path: str, token: str, data: bytes) -> Any:
        """Upload a picture to a server API and return the JSON that comes back."""
        form = aiohttp.FormData()
        # As a stream: aiohttp warns of large bytes in one piece.
        form.add_field("media", BytesIO(data), filename="a.png", content_type="image/png")
        query = {"access_token": token, "type": "image"}
        async with self.session.post(self.base + path, data=form, params=query) as response:
            return await response.json()

    async def act(self, account: str, person: str, act: str, **fields: Any) -> Any:
        """Let somebody act and return what became of it."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self.post("/sandbox/act", {"account": account, "person": person, "act": act, **fields})

    async def advance(self, seconds: float, *, step: float = 0.25) -> None:
        """Move virtual time."""
        await self.post("/sandbox/clock/advance", {"seconds": seconds, "step": step, "settle_seconds": 0})

    async def fault(self, kind: str, **fields: Any) -> str:
        """Set a fault and return its id."""
        answer = await self.post("/sandbox/faults", {"fault": kind, **fields})
        return str(answer["id"])

    async def fault_happened(self) -> None:
        """Return when the first fault that is set has happened once."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await self.get("/sandbox/faults"))["faults"][0]["hits"] == 0:
                continue

    async def recorded(self, count: int) -> None:
        """Return when the record has at least `count` lines."""
        answer = await self.get("/sandbox/record", after=count - 1, wait=_PATIENCE_SECONDS)
        assert answer["last"] >= count, f"the record has only {answer['last']} lines"

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
            "name": f"{mode}-{shape}",
            "title": "安心保险",
            "app_id": f"wx-{mode}-{shape}",
            "original_id": f"gh_{mode}_{shape}",
            "secret": "secret",
            "token": TOKEN,
            "aes_key": AES_KEY,
            "mode": mode,
            "format": shape,
            "callback_url": f"{bot_url}/callback/{mode}-{shape}",
        }
        for mode in ("safe", "compatible", "plain")
        for shape in ("xml", "json")
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
    desk = {
        "name": "counter",
        "title": "安心客服",
        "open_kfid": "wkAnxin0000000000000000000000001",
        "secret": "kf-secret",
        "token": TOKEN,
        "aes_key": AES_KEY,
        "callback_url": f"{bot_url}/callback/counter",
        "servicers": ["ZhangWei", "LiNa"],
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
                "kf": [desk],
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
