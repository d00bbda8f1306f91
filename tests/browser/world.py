"""The world around the phone page in its tests: sandbox process, tiny bot, browser."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sized
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from defusedxml import ElementTree
from playwright.async_api import BrowserContext, Page

from bot.sandbox.crypto import Sealer
from tests.browser.chromium import DESK

_AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
_CORP_ID = "ww1"
_START = "2026-03-02T12:15:00Z"
_LISTEN_SECONDS = 30.0
#: A real-time guard around waits; a healthy test never gets near it.
_PATIENCE_SECONDS = 10.0
_MENU = [
    {"name": "我的保单", "type": "click", "key": "policy"},
    {
        "name": "产品中心",
        "sub_button": [
            {"name": "重疾险", "type": "click", "key": "critical"},
            {"name": "官网", "type": "view", "url": "https://example.com/home"},
        ],
    },
]


@dataclass(slots=True)
class TinyBot:
    """Answers plain-mode callbacks by what they say; keeps what came."""

    replies: dict[str, str] = field(default_factory=dict)
    received: list[dict[str, str]] = field(default_factory=list)
    #: What reached the application, decrypted: its elements go deeper than those of the official account's messages.
    applied: list[str] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def message(self, number: int) -> dict[str, str]:
        """Return the message that reached the bot as the `number`-th (from 1); wait for it when it is still to come."""
        await self._has(self.received, number)
        return self.received[number - 1]

    async def application_message(self, number: int) -> str:
        """Return what reached the application as the `number`-th (from 1), as XML; wait for it like `message`."""
        await self._has(self.applied, number)
        return self.applied[number - 1]

    async def _has(self, arrived: Sized, number: int) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(arrived) < number:
                self._arrived.clear()
                await self._arrived.wait()

    async def official(self, request: web.Request) -> web.Response:
        """Note the message and answer with the words for it, or with nothing."""
        message = {str(part.tag): part.text or "" for part in ElementTree.fromstring(await request.read())}
        self.received.append(message)
        self._arrived.set()
        asked = message.get("Content") or message.get("Recognition") or message.get("EventKey") or message.get("Event")
        words = self.replies.get(asked or "")
        if words == "busy":
            return web.Response(status=500)
        return web.Response(text="success" if words is None else _text_reply(message, words))

    async def application(self, request: web.Request) -> web.Response:
        """Note a WeCom callback and accept it without an answer."""
        encrypted = ElementTree.fromstring(await request.read()).findtext("Encrypt") or ""
        self.applied.append(Sealer.of(_AES_KEY, _CORP_ID).decrypt(encrypted).decode())
        self._arrived.set()
        return web.Response(text="")


def _text_reply(message: dict[str, str], words: str) -> str:
    return (
        f"<xml><ToUserName>{message['FromUserName']}</ToUserName><FromUserName>{message['ToUserName']}</FromUserName>"
        f"<CreateTime>1</CreateTime><MsgType>text</MsgType><Content><![CDATA[{words}]]></Content></xml>"
    )


@dataclass(slots=True)
class World:
    """The running sandbox, the bot beside it, and the browser in front of it."""

    base: str
    http: aiohttp.ClientSession
    bot: TinyBot
    context: BrowserContext
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def page(self, query: str, *, size: tuple[int, int] = DESK) -> Page:
        """Open the phone page and wait until it can be used."""
        width, height = size
        page = await self.context.new_page()
        await page.set_viewport_size({"width": width, "height": height})
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url.replace("ws:", "http:", 1)))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        await page.goto(f"{self.base}/phone?{query}")
        await page.locator("body[data-ready=true]").wait_for()
        return page

    async def post(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """POST JSON as raw UTF-8 and return the answer."""
        data = json.dumps(body, ensure_ascii=False).encode()
        async with self.http.post(path, data=data, params=query) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def act(self, person: str, act: str, **fields: str) -> None:
        """Let somebody act on the official account, and wait until the bot has answered."""
        await self.post("/sandbox/act", {"account": "service", "person": person, "act": act, "wait": True, **fields})

    async def official_api(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call the server API of the official account as its bot would."""
        credentials = {"grant_type": "client_credential", "appid": "wx-service", "secret": "secret"}
        token = await self.post("/oa/cgi-bin/stable_token", credentials)
        return await self.post(f"/oa{path}", body, access_token=str(token["access_token"]))

    async def application_api(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """Call the server API of the WeCom application as its bot would."""
        credentials = {"corpid": _CORP_ID, "corpsecret": "secret"}
        async with self.http.get("/wecom/cgi-bin/gettoken", params=credentials) as response:
            token = str((await response.json())["access_token"])
        return await self.post(f"/wecom{path}", body, access_token=token, **query)


def configuration(bot_url: str) -> dict[str, Any]:
    """Return two official accounts in plain mode, an application, customer service, and three people."""
    keys = {"token": "token", "aes_key": _AES_KEY, "secret": "secret"}
    service = {"name": "service", "title": "安心保险", "app_id": "wx-service", "original_id": "gh_service"}
    club = {"name": "club", "title": "安心会员", "app_id": "wx-club", "original_id": "gh_club"}
    app = {"name": "assistant", "title": "展业助手", "agent_id": 1000002, "callback_url": f"{bot_url}/application"}
    official = {"mode": "plain", "callback_url": f"{bot_url}/official", **keys}
    return {
        "clock": {"mode": "virtual", "start": _START},
        "oa": [{**service, **official, "menu": _MENU}, {**club, **official}],
        "wecom": [
            {
                "corp_id": _CORP_ID,
                "title": "安心保险",
                "apps": [{**app, **keys}],
                "kf": [
                    {
                        **keys,
                        "name": "counter",
                        "title": "安心客服",
                        "open_kfid": "wkAnxin0000000000000000000000001",
                        "secret": "kf-secret",
                        "servicers": ["ZhangWei"],
                        "callback_url": f"{bot_url}/application",
                    }
                ],
                "members": [{"userid": "ZhangWei", "name": "张伟"}],
            }
        ],
        "people": [
            {"id": "alice", "name": "李小雅", "follows": ["service", "club"]},
            {"id": "bob", "name": "王强"},
        ],
    }


async def serve_bot(bot: TinyBot, stack: AsyncExitStack) -> str:
    """Serve the bot on a free port until the stack closes; return its address."""
    app = web.Application()
    app.add_routes([web.post("/official", bot.official), web.post("/application", bot.application)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def start_sandbox(config: Path, stack: AsyncExitStack) -> str:
    """Run the sandbox as its own process until the stack closes; return its address."""
    arguments = (sys.executable, "-m", "bot.sandbox", "--config", str(config), "--port", "0")
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )

    async def stop() -> None:
        process.terminate()
        await process.wait()

    stack.push_async_callback(stop)
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), _LISTEN_SECONDS)
    return line.decode().split()[-1]
