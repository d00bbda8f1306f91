"""WeChat customer service in the scripted day: greeted, answered, taken over by a servicer, and back to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from bot.demo.day import DayFailed
from bot.demo.world import COUNTER, COUNTER_TITLE

Say = Callable[[str], None]
_WHO: Final = "zhao"
_SERVICER: Final = "ZhangWei"
#: Real seconds within which an answer must be there: it is fetched, and then sent.
_PATIENCE: Final = 20.0


async def play_counter_day(http: aiohttp.ClientSession, *, sandbox_url: str, say: Say) -> None:
    """Play it; raise DayFailed at the first thing that is not as it must be."""
    say(f"\n—— {COUNTER_TITLE} · 微信客服 ——")
    counter = _Counter(http, sandbox_url, say)
    await counter.act("enter", "（点公众号文章里的链接，进入客服会话）", sees=("您好，这里是",))
    answered = ("犹豫期（也叫冷静期）是签收保单后", "【告知】")
    await counter.act("text", "犹豫期是什么意思？", sees=answered, text="犹豫期是什么意思？")
    spoken = await counter.spoken()
    await counter.serve("take", "（在企业微信里接入会话）")
    await counter.serve("text", "您好，我是张伟，这件事我来办。", text="您好，我是张伟，这件事我来办。")
    await counter.act("text", "那我在犹豫期里退保，钱怎么退？", text="那我在犹豫期里退保，钱怎么退？")
    await counter.serve("text", "我先核对您的合同，稍后回电给您。", text="我先核对您的合同，稍后回电给您。")
    await counter.serve("end", "（结束会话）")
    await counter.act("text", "保单怎么查？", sees=("查保单可以这样",), text="保单怎么查？")
    if await counter.spoken() != spoken + 1:
        raise DayFailed(f"{COUNTER}: 人工接待时机器人不应当说话")
    say("  ✓ 人工接待时机器人没有说话，结束后又由机器人来答")


class _Counter:
    """One customer's chat with the account."""

    def __init__(self, http: aiohttp.ClientSession, sandbox_url: str, say: Say) -> None:
        self._http = http
        self._sandbox_url = sandbox_url
        self._say = say
        self._seen = 0

    async def act(self, act: str, says: str, *, sees: tuple[str, ...] = (), **fields: Any) -> None:
        """Let the customer act; wait until each of `sees` stands in an answer."""
        self._say(f"  赵敏：{says}")
        await self._post("/sandbox/act", {"account": COUNTER, "person": _WHO, "act": act, "wait": True, **fields})
        if sees:
            await self._until(sees, says)

    async def serve(self, act: str, says: str, **fields: Any) -> None:
        """Let the servicer act."""
        self._say(f"  张伟（企业微信）：{says}")
        order = {"account": COUNTER, "servicer": _SERVICER, "person": _WHO, "act": act, **fields}
        await self._post("/sandbox/kf/servicer", order)

    async def spoken(self) -> int:
        """Return how many messages the bot has sent."""
        return sum(message["via"] != "servicer" for message in await self._answers())

    async def _until(self, sees: tuple[str, ...], says: str) -> None:
        for _ in range(round(_PATIENCE / 0.1)):
            fresh = (await self._answers())[self._seen :]
            if all(any(words in (message["text"] or "") for message in fresh) for words in sees):
                for message in fresh:
                    if message["via"] != "servicer":
                        self._say("    知客：" + message["text"].replace("\n", "\n          "))
                self._seen += len(fresh)
                return
            await asyncio.sleep(0.1)
        raise DayFailed(f"{COUNTER} / {says}: {_PATIENCE:g} 秒内没有看到 {sees}")

    async def _answers(self) -> list[dict[str, Any]]:
        query = {"account": COUNTER, "person": _WHO}
        async with self._http.get(f"{self._sandbox_url}/sandbox/chat", params=query) as response:
            messages: list[dict[str, Any]] = (await response.json())["messages"]
        return [message for message in messages if message["from"] == "account"]

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with self._http.post(f"{self._sandbox_url}{path}", json=body) as response:
            answer = await response.json()
        if response.status != 200 or answer.get("result") != "empty":
            raise DayFailed(f"{COUNTER} / {body['act']}: 机器人没有应答这次通知：{answer}")
