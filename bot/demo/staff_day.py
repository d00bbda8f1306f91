"""The staff's part of the scripted day: a complaint reaches its agent, who finishes it; a look at the console."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from html import unescape
from typing import Any, Final

import aiohttp

from bot.demo.day import DayFailed, Step, play_step
from bot.demo.world import ASSISTANT, PASSWORD

Say = Callable[[str], None]
#: Real seconds within which an agent must hear of a complaint (the promise is a minute).
_PATIENCE: Final = 60.0
_COMPLAINT: Final = "上次说好回电一直没人管，我要投诉"
#: The scripted day is over in seconds, so that three accounts' talk stands before its end.
_PAGES: Final = 5
_EARLIER: Final = re.compile(r'"(/console/customers/[0-9]+/timeline\?before=[^"]+)"')
#: Where a customer's page is linked to in the list.
_CUSTOMER: Final = re.compile(r'href="(/console/customers/[0-9]+)"')


async def play_staff_day(http: aiohttp.ClientSession, *, sandbox_url: str, bot_url: str, say: Say) -> None:
    """Play it; raise DayFailed at the first thing that is not as it must be."""
    say("\n—— 待办：客户投诉 ——")
    await _complain(http, sandbox_url, say)
    number = await _hear(http, sandbox_url, say)
    for words, seen in (
        ("今日待办", f"#{number} 客户投诉"),
        (f"完成 {number} 已回电致歉，客户认可", f"待办 #{number} 已办结"),
        ("今日待办", "您现在没有待办"),
    ):
        step = Step(who="ZhangWei", act="text", says=words, sees=(seen,), fields={"text": words})
        await play_step(http, sandbox_url, ASSISTANT, step, say)
    say("\n—— 控制台：各看各的 ——")
    await _look(bot_url, "zhangwei", sees=_COMPLAINT, say=say, who="张伟（代理人）看到自己的客户和原话")
    await _look(bot_url, "wangli", sees=None, say=say, who="王丽（管理员）不能看客户")


async def _complain(http: aiohttp.ClientSession, sandbox_url: str, say: Say) -> None:
    step = Step(who="lin", act="text", says=_COMPLAINT, sees=("现在不是人工服务时间",), fields={"text": _COMPLAINT})
    await play_step(http, sandbox_url, "service", step, say)


async def _hear(http: aiohttp.ClientSession, sandbox_url: str, say: Say) -> str:
    """Wait until the agent has been told; return the task's number."""
    query = {"account": ASSISTANT, "person": "ZhangWei"}
    for _ in range(round(_PATIENCE / 0.25)):
        async with http.get(f"{sandbox_url}/sandbox/chat", params=query) as response:
            messages: list[dict[str, Any]] = (await response.json())["messages"]
        told = [m["text"] for m in messages if m["from"] == "account" and "新待办 #" in (m.get("text") or "")]
        if told:
            say("    知客（主动通知张伟）：" + told[-1].replace("\n", "\n          "))
            return str(told[-1].split("#")[1].split("：")[0])
        await asyncio.sleep(0.25)
    raise DayFailed(f"{_PATIENCE:g} 秒内张伟没有收到客户投诉的待办")


async def _look(bot_url: str, userid: str, *, sees: str | None, say: Say, who: str) -> None:
    """Sign in to the console and open the first customer; without `sees` the list must be refused."""
    async with aiohttp.ClientSession(base_url=bot_url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        form = {"userid": userid, "password": PASSWORD}
        async with browser.post("/console/sign-in", data=form, headers={"Origin": bot_url}) as response:
            if "/sign-in" in response.url.path:
                raise DayFailed(f"{userid} 不能登录控制台（{response.status}）")
        async with browser.get("/console/customers") as response:
            status, page = response.status, await response.text()
        if sees is None:
            if status != 403:
                raise DayFailed(f"{userid} 不应当能看客户，控制台答复 {status}")
        elif not [link for link in _CUSTOMER.findall(page) if await _is_there(browser, link, sees)]:
            raise DayFailed(f"{userid} 在控制台看不到自己客户的原话（{status}）")
    say(f"  ✓ {who}")


async def _is_there(browser: aiohttp.ClientSession, path: str, words: str) -> bool:
    """Tell whether a customer's conversation has the words, on its first page or on earlier ones."""
    for _ in range(_PAGES):
        async with browser.get(path) as response:
            page = await response.text()
        if words in page:
            return True
        earlier = _EARLIER.search(page)
        if earlier is None:
            return False
        path = unescape(earlier[1])
    return False
