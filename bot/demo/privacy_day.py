"""The customer's own data in the scripted day: downloaded, deleted, and who sees that it is done."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from bot.demo.day import DayFailed, Step, play_step
from bot.demo.world import PASSWORD

Say = Callable[[str], None]
_ACCOUNT: Final = "service"
_WHO: Final = "chen"
_WORDS: Final = "我女儿下个月满三岁，想了解教育金"
#: Real seconds within which an erasure must be confirmed.
_PATIENCE: Final = 60.0
_LINK: Final = re.compile(r"https?://\S+/my-data/\S+")


async def play_privacy_day(http: aiohttp.ClientSession, *, sandbox_url: str, bot_url: str, say: Say) -> None:
    """Play it; raise DayFailed at the first thing that is not as it must be."""
    say("\n—— 自己的数据：导出与删除 ——")
    await play_step(http, sandbox_url, _ACCOUNT, _step("follow", "（关注）", "您好，欢迎关注"), say)
    await play_step(http, sandbox_url, _ACCOUNT, _says(_WORDS), say)
    await play_step(http, sandbox_url, _ACCOUNT, _says("导出我的数据", "小时内有效"), say)
    await _download(http, sandbox_url, say)
    await play_step(http, sandbox_url, _ACCOUNT, _says("删除我的数据", "确定要删除，请回复「确认删除」"), say)
    await play_step(http, sandbox_url, _ACCOUNT, _says("确认删除", "您的数据即将删除"), say)
    await _confirmed(bot_url)
    say("  ✓ 王丽（管理员）看到删除已办结的报告；报告里只有编号")


def _step(act: str, says: str, *sees: str, **fields: Any) -> Step:
    return Step(who=_WHO, act=act, says=says, sees=sees, fields=fields)


def _says(words: str, *sees: str) -> Step:
    return _step("text", words, *(sees or ("我暂时答不上来",)), text=words)


async def _download(http: aiohttp.ClientSession, sandbox_url: str, say: Say) -> None:
    query = {"account": _ACCOUNT, "person": _WHO}
    async with http.get(f"{sandbox_url}/sandbox/chat", params=query) as response:
        messages: list[dict[str, Any]] = (await response.json())["messages"]
    links = [found[0] for message in messages if (found := _LINK.search(message.get("text") or ""))]
    if not links:
        raise DayFailed("导出我的数据：没有看到下载链接")
    async with http.post(links[-1]) as response:
        status, body = response.status, await response.text()
    if status != 200 or _WORDS not in json.dumps(json.loads(body), ensure_ascii=False):
        raise DayFailed(f"导出我的数据：下载的文件里没有客户说过的话（{status}）")
    async with http.post(links[-1]) as response:
        if response.status != 410:
            raise DayFailed(f"导出我的数据：链接用过一次之后还能用（{response.status}）")
    say("  ✓ 下载的文件里有双方说过的话；链接只能用一次")


async def _confirmed(bot_url: str) -> None:
    """Wait until an administrator sees that the erasure is done."""
    async with aiohttp.ClientSession(base_url=bot_url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        form = {"userid": "wangli", "password": PASSWORD}
        async with browser.post("/console/sign-in", data=form, headers={"Origin": bot_url}) as response:
            if "/sign-in" in response.url.path:
                raise DayFailed(f"wangli 不能登录控制台（{response.status}）")
        for _ in range(round(_PATIENCE / 0.5)):
            async with browser.get("/console/privacy") as response:
                page = await response.text()
            if "已办结" in page:
                return
            await asyncio.sleep(0.5)
    raise DayFailed(f"{_PATIENCE:g} 秒内删除没有办结")
