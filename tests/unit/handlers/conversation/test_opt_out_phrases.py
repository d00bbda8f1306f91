"""The many ways of refusing advertising, and the words that only look like a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from content.consent import ConsentState
from content.messages import Text

REFUSALS = [
    "退订",
    "我想退订",
    "帮我退订",
    "请帮我退订",
    "退订谢谢",
    "退订，谢谢！",
    "退订吧",
    "麻烦退订一下",
    "怎么退订",
    "请问如何退订？",
    "您好，麻烦帮我退订一下，谢谢",
    "我都说了要退订",
    "已经退订了怎么还给我发",
    "退订营销短信",
    "退订保险广告",
    "TD",
    "回t",
    "拒收",
    "请勿打扰",
    "别再打扰我了",
    "不要再发了",
    "请不要再发了",
    "别再发了好吗",
    "能不能不要再给我发了",
    "以后别给我发短信了",
    "不要再给我发消息了，谢谢",
    "麻烦你们不要再给我推送了",
    "不要发广告",
    "请别给我发广告",
    "别再给我发这些活动了",
    "不要再发推销信息",
    "我不想收到推广短信",
    "我不想再收到你们的广告了",
    "不想再收到活动消息",
    "停止推送广告",
    "取消推送",
    "关闭活动消息",
    "不需要推广",
    "你们不要老是给我发广告",
    "拒绝推销",
    "您好，我已经买过保险了，麻烦你们以后不要再给我发这些推广消息了，谢谢",
    "我前年就在你们这里给孩子买过一份了，现在实在没有闲钱，你们每个星期都发，别再给我发什么优惠活动了行不行",
    "你们天天发，烦死了，退订退订，再发我就去投诉了，我说到做到，上个月就说过一次",
]
NO_REFUSALS = [
    "发票我不想收到纸质的",
    "我不想收到保单扣款失败的短信提醒",
    "别再发错地址了，我的保单寄到老家去了",
    "别再发错地址了，我参加活动的奖品寄到老家去了",
    "上个月的账单不要再发到我旧的邮箱里了，请改成发到我的新邮箱，谢谢你们",
    "不要把验证码发给别人对吗",
    "不要再发验证码了，我已经登录了",
    "不退订",
    "我不想退订",
    "我没有退订过",
    "不要退订我的活动消息",
    "取消退订",
    "我要取消退订",
    "退订了吗",
    "退订后还能收到保单提醒吗",
    "能退订金吗",
    "退订单在哪里看",
    "我要退订这份保险",
    "保险怎么退订",
    "我想退保",
    "怎么退保",
    "取消活动报名",
    "我不想收到活动奖品",
    "为什么没收到活动短信",
    "为什么不给我发活动通知",
    "最近有什么活动",
    "怎么停止续期扣款",
    "取消自动扣款",
    "不想交保费了",
    "我不想要这份保险了",
    "别再给我打电话核保了，资料都交齐了",
    "广告里说的保障是真的吗",
    "怎么关闭自动续保",
    "tom",
    "恢复订阅",
    "帮我恢复订阅",
    "订阅活动消息",
    "推广员怎么联系",
    "你好",
    "不要紧",
    "收到",
]


@pytest.mark.parametrize("words", REFUSALS)
async def test_a_refusal_turns_marketing_off(desk: Any, words: str) -> None:
    heard = await desk.hears(Text(content=words))
    assert [effect.state for effect in heard.effects] == [ConsentState.WITHDRAWN]
    assert heard.texts[0].startswith("已为您关闭活动和推广消息")


@pytest.mark.parametrize("words", NO_REFUSALS)
async def test_other_words_leave_marketing_on(desk: Any, words: str) -> None:
    heard = await desk.hears(Text(content=words))
    assert [effect.state for effect in heard.effects if effect.state is ConsentState.WITHDRAWN] == []
    assert not heard.texts or not heard.texts[0].startswith("已为您关闭")


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("退订 怎么退保", "退保由投保人申请"),
        ("退订，另外保单怎么查", "查保单可以这样"),
        ("以后别再给我发广告了。怎么报案？", "先照顾好人"),
    ],
)
async def test_what_else_one_message_asks_is_answered_too(desk: Any, words: str, begins: str) -> None:
    heard = await desk.hears(Text(content=words))
    assert [effect.state for effect in heard.effects] == [ConsentState.WITHDRAWN]
    assert heard.texts[0].startswith("已为您关闭")
    assert heard.texts[1].startswith(begins)


@pytest.mark.parametrize("words", ["退订，谢谢", "您好，退订", "不要再给我发产品介绍的广告了"])
async def test_courtesy_and_the_refusal_itself_ask_nothing(desk: Any, words: str) -> None:
    assert len((await desk.hears(Text(content=words))).texts) == 1


async def test_who_means_the_insurance_by_it_is_answered_on_surrender(desk: Any) -> None:
    heard = await desk.hears(Text(content="我要退订这份保险"))
    assert heard.texts[0].startswith("退保由投保人申请")
