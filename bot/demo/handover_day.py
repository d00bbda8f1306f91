"""The scripted day's night and morning: a message at night, the own agent, the next one, a reply, back to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from bot.demo.day import DayFailed, Step, play_step
from bot.demo.ticking import UNTIL_MORNING, leap
from bot.demo.world import ASSISTANT

Say = Callable[[str], None]
_ACCOUNT: Final = "service"
#: Real seconds that anything may take that time brings by itself.
_PATIENCE: Final = 30.0
#: How long an offer stands, and a little more.
_OFFER_SECONDS: Final = 95.0
_MESSAGE: Final = "上次说好三天给我回话，今天第四天了"


async def play_handover_day(http: aiohttp.ClientSession, *, sandbox_url: str, say: Say) -> None:
    """Play it; raise DayFailed at the first thing that is not as it must be."""
    say("\n—— 转人工：夜里留言，早上接待 ——")
    night = _Night(http, sandbox_url, say)
    await night.customer("lin", "结束", "不再为您排队")
    await night.customer("zhao", "（扫张伟的名片关注）", "欢迎", act="follow", scene="agent:zhangwei")
    await night.customer("zhao", "转人工", "现在不是人工服务时间", "明天 09:00")
    await night.customer("zhao", _MESSAGE, "已替您记下")
    say("  （第二天早上九点）")
    await leap(http, sandbox_url, UNTIL_MORNING)
    await night.staff("ZhangWei", "上班", "您已上班")
    await night.staff("LiNa", "上班", "您已上班")
    await night.sees(_ACCOUNT, "zhao", "我们上班了。您之前的留言排在第 1 位")
    await night.card("ZhangWei")
    say("  （张伟没有接，一分半过去了）")
    await leap(http, sandbox_url, _OFFER_SECONDS)
    await night.sees(ASSISTANT, "ZhangWei", "超时未接")
    number = await night.accept("LiNa")
    await night.sees(ASSISTANT, "LiNa", _MESSAGE)
    await night.sees(_ACCOUNT, "zhao", "李娜 正在为您服务")
    await night.staff(
        "LiNa", f"#{number} 赵女士您好，材料已审核通过，今天会到账。", f"已发给 客户 #{number}，还能回复 "
    )
    await night.sees(_ACCOUNT, "zhao", "赵女士您好，材料已审核通过，今天会到账。")
    await night.staff("LiNa", f"结束 {number}", "客户已回到机器人")
    await night.sees(_ACCOUNT, "zhao", "这次服务您满意吗")
    await night.customer("zhao", "5", "谢谢您的评价")
    await night.customer("zhao", "犹豫期是什么意思？", "犹豫期（也叫冷静期）是签收保单后")
    say("  ✓ 夜里留言、自己的代理人、超时转下一位、回复、回到机器人、评价")


class _Night:
    """Hands to play it with."""

    def __init__(self, http: aiohttp.ClientSession, sandbox_url: str, say: Say) -> None:
        self._http = http
        self._sandbox_url = sandbox_url
        self._say = say

    async def customer(self, who: str, words: str, *sees: str, act: str = "text", **fields: Any) -> None:
        """Let a customer say or do something, and see all of `sees` come back."""
        given = fields or {"text": words}
        step = Step(who=who, act=act, says=words, sees=sees, fields=given)
        await play_step(self._http, self._sandbox_url, _ACCOUNT, step, self._say)

    async def staff(self, who: str, words: str, *sees: str) -> None:
        """Let a member of staff write."""
        step = Step(who=who, act="text", says=words, sees=sees, fields={"text": words})
        await play_step(self._http, self._sandbox_url, ASSISTANT, step, self._say)

    async def sees(self, account: str, person: str, words: str) -> None:
        """Wait until somebody was shown the words without having asked just now."""
        found = await self._until(
            account, person, lambda message: words in (message.get("text") or ""), f"{person} 没有看到「{words}」"
        )
        self._say("    知客（主动发给 " + person + "）：" + str(found["text"]).replace("\n", "\n          "))

    async def card(self, userid: str) -> dict[str, Any]:
        """Wait for the card that offers a customer."""
        found = await self._until(
            ASSISTANT, userid, lambda message: message.get("kind") == "template_card", f"{userid} 没有收到接待卡片"
        )
        card: dict[str, Any] = found["template_card"]
        title = card["main_title"]
        self._say(
            f"    知客（卡片发给 {userid}）：{title['title']}　{title.get('desc') or card.get('sub_title_text', '')}"
        )
        return card

    async def accept(self, userid: str) -> str:
        """Tap 接待 on the card; return the customer's number."""
        card = await self.card(userid)
        [button] = [button for button in card["button_list"] if button["text"] == "接待"]
        fields = {"key": button["key"], "task_id": card["task_id"], "card_type": card["card_type"]}
        step = Step(who=userid, act="template_card_event", says="（点卡片：接待）", fields=fields)
        await play_step(self._http, self._sandbox_url, ASSISTANT, step, self._say)
        return str(button["key"]).rpartition(".")[2]

    async def _until(
        self, account: str, person: str, wanted: Callable[[dict[str, Any]], bool], failure: str
    ) -> dict[str, Any]:
        for _ in range(round(_PATIENCE / 0.25)):
            query = {"account": account, "person": person}
            async with self._http.get(f"{self._sandbox_url}/sandbox/chat", params=query) as response:
                messages: list[dict[str, Any]] = (await response.json())["messages"]
            found = [message for message in messages if message["from"] == "account" and wanted(message)]
            if found:
                return found[-1]
            await asyncio.sleep(0.25)
        raise DayFailed(f"{_PATIENCE:g} 秒内{failure}")
