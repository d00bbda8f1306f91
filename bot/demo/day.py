"""The scripted day: what customers and an agent do, and what each of them must see come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from bot.demo.world import ACCOUNTS, ASSISTANT


class DayFailed(Exception):
    """A step did not bring what it must; the text says which and what came instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act and the words of which at least one must be seen in answer; none: nothing is said back."""

    who: str
    act: str
    says: str
    sees: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


_NAMES: Final = {"lin": "林晓燕", "ZhangWei": "张伟", "NewHere": "王新"}
CUSTOMER_DAY: Final = (
    Step(
        who="lin",
        act="follow",
        says="（扫张伟的二维码关注）",
        sees=("张伟", "您好", "欢迎"),
        fields={"scene": "campaign:spring2026:agent:zhangwei"},
    ),
    Step(who="lin", act="click", says="（点菜单：理赔报案）", sees=("理赔", "报案"), fields={"key": "claim"}),
    Step(who="lin", act="text", says="犹豫期是什么意思？", sees=("犹豫期",), fields={"text": "犹豫期是什么意思？"}),
    Step(
        who="lin",
        act="voice",
        says="（语音）怎么交续期保费",
        sees=("续期", "缴费", "保费"),
        fields={"recognition": "怎么交续期保费"},
    ),
    Step(who="lin", act="voice", says="（语音，平台没有识别出文字）", sees=("语音", "听"), fields={}),
    Step(who="lin", act="text", says="退订", sees=("已为您关闭",), fields={"text": "退订"}),
    Step(who="lin", act="text", says="保单怎么查？", sees=("保单",), fields={"text": "保单怎么查？"}),
    Step(who="lin", act="text", says="恢复订阅", sees=("恢复", "订阅"), fields={"text": "恢复订阅"}),
    Step(who="lin", act="text", says="今天股市怎么样", sees=("人工", "客服"), fields={"text": "今天股市怎么样"}),
    Step(who="lin", act="unfollow", says="（取消关注）"),
    Step(who="lin", act="follow", says="（再次关注）", sees=("您好", "欢迎")),
)
AGENT_DAY: Final = (
    Step(who="ZhangWei", act="enter", says="（打开知客助手）"),
    Step(who="ZhangWei", act="text", says="帮助", sees=("帮助", "可以"), fields={"text": "帮助"}),
    Step(who="ZhangWei", act="text", says="我是谁", sees=("张伟",), fields={"text": "我是谁"}),
    Step(who="NewHere", act="text", says="我是谁", sees=("NewHere", "newhere"), fields={"text": "我是谁"}),
)


async def play_day(http: aiohttp.ClientSession, *, sandbox_url: str, bot_url: str, say: Callable[[str], None]) -> None:
    """Play the day on every account; raise DayFailed at the first step that does not bring what it must."""
    for account in ACCOUNTS:
        say(f"\n—— {account.title} · 公众号 · {account.mode} · {account.format.upper()} ——")
        await _verify(http, sandbox_url, account.name, say)
        for step in CUSTOMER_DAY:
            await _play_step(http, sandbox_url, account.name, step, say)
    say("\n—— 知客助手 · 企业微信应用 · safe · XML ——")
    await _verify(http, sandbox_url, ASSISTANT, say)
    for step in AGENT_DAY:
        await _play_step(http, sandbox_url, ASSISTANT, step, say)


async def _verify(http: aiohttp.ClientSession, sandbox_url: str, account: str, say: Callable[[str], None]) -> None:
    async with http.post(f"{sandbox_url}/sandbox/verify", json={"account": account}) as response:
        found = await response.json()
    if not found.get("ok"):
        raise DayFailed(f"{account}: 回调地址没有通过平台验证：{found}")
    say("  ✓ 平台验证了回调地址")


async def _play_step(
    http: aiohttp.ClientSession, sandbox_url: str, account: str, step: Step, say: Callable[[str], None]
) -> None:
    body = {"account": account, "person": step.who, "act": step.act, "wait": True, **step.fields}
    async with http.post(f"{sandbox_url}/sandbox/act", json=body) as response:
        result = await response.json()
        if response.status != 200:
            raise DayFailed(f"{account} / {step.says}: 沙箱拒绝了这一步：{result}")
    say(f"  {_NAMES[step.who]}：{step.says}")
    shown = [_words(message) for message in result["shown"]]
    for words in shown:
        say("    知客：" + words.replace("\n", "\n          "))
    if result["result"] == "tip":
        raise DayFailed(f"{account} / {step.says}: 平台放弃了，客户看到了故障提示")
    if step.sees and not any(word in words for words in shown for word in step.sees):
        raise DayFailed(f"{account} / {step.says}: 应当看到 {step.sees} 之一，看到的是 {shown}")
    if not step.sees and shown:
        raise DayFailed(f"{account} / {step.says}: 不应当有回复，看到的是 {shown}")


def _words(message: dict[str, Any]) -> str:
    """Return what a person reads of a message."""
    if message.get("text"):
        return str(message["text"])
    articles = message.get("articles") or []
    return "\n".join(f"[图文] {article.get('title', '')}" for article in articles) or f"[{message.get('kind')}]"
