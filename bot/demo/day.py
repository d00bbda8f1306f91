"""The scripted day: what customers and an agent do, and what each of them must see come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

import aiohttp

from bot.demo.world import ACCOUNTS, ASSISTANT
from content.value import value


class DayFailed(Exception):
    """A step did not bring what it must; the text says which and what came instead."""


@value
class Step:
    """One act and the sentences that must all be seen in answer; none: nothing is said back."""

    who: str
    act: str
    says: str
    sees: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


#: The code that the first customer scans, and the sentence that only a campaign's code is welcomed with.
SCENE: Final = "campaign:spring2026:agent:zhangwei"
_CAMPAIGN_WELCOME: Final = "您扫码的活动我已经记下，是否参加成功、活动的时间和规则以活动页面为准。"
_NAMES: Final = {"lin": "林晓燕", "chen": "陈静", "zhao": "赵敏", "ZhangWei": "张伟", "LiNa": "李娜", "NewHere": "王新"}


def _text(words: str, *sees: str, who: str = "lin") -> Step:
    return Step(who=who, act="text", says=words, sees=sees, fields={"text": words})


# Each sentence belongs to one answer alone, so that an answer of another route fails the step. What a wish of the
# customer changed is asked for a second time: only a bot that kept it can answer the second time as it does.
CUSTOMER_DAY: Final = (
    Step(
        who="lin",
        act="follow",
        says="（扫张伟的二维码关注）",
        sees=("您好，欢迎关注", _CAMPAIGN_WELCOME),
        fields={"scene": SCENE},
    ),
    _text("以上四项都同意", "【敏感信息 · 单独同意】"),
    _text("不同意", "已按您的选择记下"),
    _text("关闭个性化", "「个性化推荐」已关闭"),
    _text("隐私设置", "· 活动消息：已同意", "· 个性化推荐：已撤回", "· 敏感信息：不同意"),
    Step(
        who="lin",
        act="click",
        says="（点菜单：理赔服务）",
        sees=("您想了解理赔的哪一步？", "怎么报案", "查理赔进度"),
        fields={"key": "claim"},
    ),
    _text("犹豫期是什么意思？", "犹豫期（也叫冷静期）是签收保单后"),
    Step(
        who="lin",
        act="voice",
        says="（语音）怎么交续期保费",
        sees=("续期缴费一般由投保人约定的银行卡自动扣款",),
        fields={"recognition": "怎么交续期保费"},
    ),
    Step(
        who="lin", act="voice", says="（语音，平台没有识别出文字）", sees=("抱歉，这段语音我没能听清。", "发送「人工」")
    ),
    _text("退订", "已为您关闭活动和推广消息。"),
    _text("退订", "您此前已经关闭了活动和推广消息，无需再次操作。"),
    _text("保单怎么查？", "查保单可以这样："),
    _text("恢复订阅", "已为您恢复活动和推广消息，感谢您的信任。"),
    _text("恢复订阅", "您的活动和推广消息目前就是开启的，无需再次操作。"),
    # Topics and frequency of marketing, kept beside the consent.
    _text("不收产品介绍", "「产品与方案」的活动消息不再发给您"),
    _text("每周最多一条", "好的，活动消息的频率是：每周最多一次"),
    _text("主题和频率", "· 产品与方案：不收", "· 频率：每周最多一次"),
    # The mode for the elderly: the core first, the whole behind 更多, and back.
    _text("长辈模式", "长辈模式已打开", "人工"),
    _text("犹豫期是什么意思？", "犹豫期内可以反悔。", "人工", "更多"),
    _text("更多", "犹豫期（也叫冷静期）是签收保单后", "更多"),
    _text("标准模式", "已回到标准模式"),
    _text("今天股市怎么样", "抱歉，这个问题我暂时答不上来，不敢随口乱说。", "发送「人工」"),
    Step(who="lin", act="unfollow", says="（取消关注）"),
    Step(who="lin", act="follow", says="（再次关注）", sees=("您好，欢迎关注", "我是智能客服小安")),
)
AGENT_DAY: Final = (
    Step(who="ZhangWei", act="enter", says="（打开知客助手）"),
    _text("帮助", "您可以这样用我：", who="ZhangWei"),
    _text("我是谁", "姓名：张伟", "角色：代理人", "机构：上海分公司", who="ZhangWei"),
    _text("我是谁", "您的企业微信账号 NewHere 还没有绑定为员工", who="NewHere"),
)


async def play_day(http: aiohttp.ClientSession, *, sandbox_url: str, bot_url: str, say: Callable[[str], None]) -> None:
    """Play the day on every account; raise DayFailed at the first step that does not bring what it must."""
    for account in ACCOUNTS:
        say(f"\n—— {account.title} · 公众号 · {account.mode} · {account.format.upper()} ——")
        await _verify(http, sandbox_url, account.name, say)
        for step in CUSTOMER_DAY:
            await play_step(http, sandbox_url, account.name, step, say)
    say("\n—— 知客助手 · 企业微信应用 · safe · XML ——")
    await _verify(http, sandbox_url, ASSISTANT, say)
    for step in AGENT_DAY:
        await play_step(http, sandbox_url, ASSISTANT, step, say)


async def _verify(http: aiohttp.ClientSession, sandbox_url: str, account: str, say: Callable[[str], None]) -> None:
    async with http.post(f"{sandbox_url}/sandbox/verify", json={"account": account}) as response:
        found = await response.json()
    if not found.get("ok"):
        raise DayFailed(f"{account}: 回调地址没有通过平台验证：{found}")
    say("  ✓ 平台验证了回调地址")


async def play_step(
    http: aiohttp.ClientSession, sandbox_url: str, account: str, step: Step, say: Callable[[str], None]
) -> None:
    """Play one step; raise DayFailed when it does not bring what it must."""
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
    missing = [sentence for sentence in step.sees if not any(sentence in words for words in shown)]
    if missing:
        raise DayFailed(f"{account} / {step.says}: 应当看到 {missing}，看到的是 {shown}")
    if not step.sees and shown:
        raise DayFailed(f"{account} / {step.says}: 不应当有回复，看到的是 {shown}")


def _words(message: dict[str, Any]) -> str:
    """Return what a person reads of a message."""
    if message.get("text"):
        return str(message["text"])
    articles = message.get("articles") or []
    return "\n".join(f"[图文] {article.get('title', '')}" for article in articles) or f"[{message.get('kind')}]"
