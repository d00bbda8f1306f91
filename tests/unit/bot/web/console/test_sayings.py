"""Messages of the log in readable words."""

from __future__ import annotations

from typing import Any

import pytest

from bot.web.console.sayings import Saying, Sayings
from bot.web.console.words import load_words
from content.messages import (
    Article,
    Entered,
    Event,
    Follow,
    Image,
    ImageReply,
    InboundBody,
    Link,
    Location,
    MenuClick,
    MenuReply,
    MenuScan,
    MenuView,
    NewsReply,
    Option,
    Outgoing,
    Scan,
    Text,
    TextReply,
    Unfollow,
    Video,
    Voice,
    encode_body,
)
from storage.timeline import Said
from tests.fakes.clock import START


def _said(kind: str, fields: dict[str, Any] | None, direction: str = "in") -> Said:
    return Said(
        account_id=1,
        account="service",
        title="",
        channel="wechat",
        seq=1,
        conversation_id=1,
        customer_id=1,
        person="p",
        direction=direction,
        kind=kind,
        at=START,
        fields=fields,
        purpose="marketing",
    )


def _shown(body: InboundBody | Outgoing, direction: str = "in", language: str = "zh") -> Saying:
    return Sayings().of(_said(*encode_body(body), direction), load_words()[language])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (Text(content="你好"), ("in", "", "你好", ())),
        (Text(content="理赔", option="1"), ("in", "点选", "理赔", ())),
        (Image(media_id="m"), ("in", "图片", "", ("原件保存在平台，三天后失效",))),
        (Voice(media_id="m", recognition="缴费"), ("in", "语音", "缴费", ())),
        (Voice(media_id="m"), ("in", "语音", "", ("没有转写文字",))),
        (Video(media_id="m", short=True), ("in", "小视频", "", ("原件保存在平台，三天后失效",))),
        (Location(latitude=31.2, longitude=121.5, label="上海"), ("in", "位置", "上海", ("31.2, 121.5",))),
        (Link(title="攻略", url="https://a"), ("in", "链接", "攻略", ("https://a",))),
        (Follow(scene="s"), ("done", "关注", "", ("二维码场景 s",))),
        (Follow(), ("done", "关注", "", ())),
        (Unfollow(), ("done", "取消关注", "", ())),
        (Scan(scene="s"), ("done", "扫码", "", ("二维码场景 s",))),
        (MenuClick(key="k"), ("done", "点击菜单", "", ("k",))),
        (MenuView(url="u"), ("done", "打开菜单页面", "", ("u",))),
        (MenuScan(key="k", result="r"), ("done", "用菜单扫码", "", ("k", "r"))),
        (Entered(), ("done", "进入应用", "", ())),
        (
            Event(kind="location_select", fields={"EventKey": "B", "X": {"y": 1}}),
            ("done", "用菜单发送位置", "", ("B",)),
        ),
        (Event(kind="brand_new", fields={"Key": "B"}), ("done", "其他事件（brand_new）", "", ("Key: B",))),
    ],
)
def test_what_came_is_readable(body: InboundBody, expected: tuple[str, str, str, tuple[str, ...]]) -> None:
    saying = _shown(body)
    assert (saying.side, saying.label, saying.text, saying.details) == expected
    assert saying.purpose is None, "a purpose is of what we send"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (TextReply(content="您好"), ("", "您好", ())),
        (ImageReply(media_id="m"), ("图片", "", ())),
        (ImageReply(media_id="m", kept_by="helper", by="zhang"), ("员工 zhang · 图片", "", ())),
        (NewsReply(articles=(Article(title="t", url="u", description="d"),)), ("图文", "", ("t", "d", "u"))),
        (
            MenuReply(head="哪一项？", options=(Option(id="1", label="甲"), Option(id="2", label="乙")), tail="请选"),
            ("选项", "哪一项？", ("· 甲", "· 乙", "请选")),
        ),
    ],
)
def test_what_went_is_readable(body: Outgoing, expected: tuple[str, str, tuple[str, ...]]) -> None:
    saying = _shown(body, "out")
    assert (saying.label, saying.text, saying.details) == expected
    assert (saying.side, saying.purpose) == ("out", "marketing")


@pytest.mark.parametrize("direction", ["in", "out"])
def test_what_was_destroyed_says_so(direction: str) -> None:
    saying = Sayings().of(_said("text", None, direction), load_words()["zh"])
    assert (saying.side, saying.text, saying.is_gone) == (direction, "内容已删除", True)


@pytest.mark.parametrize(
    ("kind", "fields"), [("hologram", {"x": 1}), ("text", {"words": "x"}), ("news", {}), ("menu", {"options": [{}]})]
)
def test_an_answer_of_a_newer_version_is_named_by_its_kind(kind: str, fields: dict[str, Any]) -> None:
    saying = Sayings().of(_said(kind, fields, "out"), load_words()["zh"])
    assert (saying.side, saying.label) == ("out", f"其他消息（{kind}）")


def test_the_mask_sees_text_and_details() -> None:
    sayings = Sayings(mask=lambda text: text.replace("138", "***"))
    saying = sayings.of(_said(*encode_body(Link(title="138", url="u138", description="d"))), load_words()["zh"])
    assert (saying.text, saying.details) == ("***", ("d", "u***"))


def test_both_languages_read_the_same_message() -> None:
    assert _shown(Voice(media_id="m"), language="en").label == "Voice"
