"""Every kind of passive reply has a sample, which the sandbox takes and the bot's renderer agrees with.

Source: platform reference, sections 1.5 (official account) and 4.2.3 (WeCom application). The samples stand in a folder
of their own, because every file of the two others is a push with an expectation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wechatpy.crypto import WeChatCrypto

from bot.channels.document import Node, read_xml
from bot.channels.wechat import render as wechat
from bot.channels.wecom import render as wecom
from bot.sandbox.answers import Answer, Reader, Result
from bot.sandbox.crypto import Sealer
from content.messages import Article, ImageReply, NewsReply, Outgoing, TextReply
from tests.unit.bot.channels.platform_side import AES_KEY, NONCE, STAMP, TOKEN

FOLDER = Path(__file__).parents[3] / "samples" / "replies"
RECEIVERS = {"wechat": "wx0000000000000001", "wecom": "ww1a2b3c4d5e6f7a8b"}
PERSONS = {"wechat": "oXk2a5bQ7mVnE0pLwTz9rYs3uHdc", "wecom": "ZhangWei"}
ACCOUNTS = {"wechat": "gh_5f1a2b3c4d5e", "wecom": "ww1a2b3c4d5e6f7a8b"}
SECONDS = 1777887000
COMMON = {"ToUserName", "FromUserName", "CreateTime", "MsgType"}

_SHARED = {
    "text": {"Content"},
    "image": {"Image/MediaId"},
    "voice": {"Voice/MediaId"},
    "video": {"Video/MediaId", "Video/Title", "Video/Description"},
    "news": {"ArticleCount", *(f"Articles/item/{name}" for name in ("Title", "Description", "PicUrl", "Url"))},
}
#: The kinds that the sections list, each with the fields beyond the common ones.
FIELDS: dict[str, dict[str, set[str]]] = {
    "wechat": {
        **_SHARED,
        "music": {f"Music/{name}" for name in ("Title", "Description", "MusicUrl", "HQMusicUrl", "ThumbMediaId")},
        "transfer_customer_service": {"TransInfo/KfAccount"},
    },
    "wecom": {
        **_SHARED,
        "update_button": {"Button/ReplaceName"},
        # The section says only: PascalCase, repeated list tags. The names are those of a text_notice in section 4.3.
        "update_template_card": {
            f"TemplateCard/{name}"
            for name in (
                "CardType",
                *(f"Source/{part}" for part in ("IconUrl", "Desc", "DescColor")),
                *(f"MainTitle/{part}" for part in ("Title", "Desc")),
                "SubTitleText",
                *(f"HorizontalContentList/{part}" for part in ("Type", "KeyName", "Value", "Url")),
                *(f"JumpList/{part}" for part in ("Type", "Title", "Url")),
                *(f"CardAction/{part}" for part in ("Type", "Url")),
            )
        },
    },
}

_WORDS = '您好，等待期是 90 天 😊\n详见<a href="https://example.com/p/1?a=1&b=2">条款 &amp; 说明</a>'
_FIRST = Article(
    title="重疾险怎么选",
    description="先看保障，再看价格",
    picture_url="https://example.com/p1.jpg",
    url="https://example.com/a?b=1&c=2",
)
_SECOND = Article(title="医疗险的免赔额", url="https://example.com/a2")
#: What the bot says to be rendered as a sample; the other kinds it never sends.
REPLIES: dict[tuple[str, str], Outgoing] = {
    ("wechat", "text"): TextReply(content=_WORDS),
    ("wechat", "image"): ImageReply(media_id="Zk8a-reply_1"),
    ("wechat", "news"): NewsReply(articles=(_FIRST,)),
    ("wecom", "text"): TextReply(content=_WORDS),
    ("wecom", "image"): ImageReply(media_id="Zk8a-reply_1"),
    ("wecom", "news"): NewsReply(articles=(_FIRST, _SECOND)),
}

_FIRST_SHOWN = {
    "title": "重疾险怎么选",
    "description": "先看保障，再看价格",
    "picurl": "https://example.com/p1.jpg",
    "url": "https://example.com/a?b=1&c=2",
}
_SECOND_SHOWN = {"title": "医疗险的免赔额", "description": "", "picurl": "", "url": "https://example.com/a2"}
_SHARED_SHOWN: dict[str, dict[str, Any]] = {
    "text": {"kind": "text", "text": _WORDS},
    "image": {"kind": "image", "text": "", "media_id": "Zk8a-reply_1"},
    "voice": {"kind": "voice", "text": "", "media_id": "Zk8a-reply_2"},
    "video": {
        "kind": "video",
        "text": "三分钟看懂理赔",
        "media_id": "Zk8a-reply_3",
        "title": "三分钟看懂理赔",
        "description": "从报案到赔付",
    },
}
#: What the person gets to see; None where no message appears: a transfer, a change of a card that is there already.
SHOWN: dict[str, dict[str, dict[str, Any] | None]] = {
    "wechat": {
        **_SHARED_SHOWN,
        "music": {
            "kind": "music",
            "text": "等候音乐",
            "music": {
                "title": "等候音乐",
                "description": "请稍候",
                "musicurl": "https://example.com/m.mp3",
                "hqmusicurl": "https://example.com/hq.mp3",
                "thumbmediaid": "Zk8a-reply_4",
            },
        },
        "news": {"kind": "news", "text": "重疾险怎么选", "articles": [_FIRST_SHOWN]},
        "transfer_customer_service": None,
    },
    "wecom": {
        **_SHARED_SHOWN,
        "news": {
            "kind": "news",
            "text": "重疾险怎么选\n医疗险的免赔额",
            "articles": [_FIRST_SHOWN, _SECOND_SHOWN],
        },
        "update_button": None,
        "update_template_card": None,
    },
}
_NAMES = [(channel, kind) for channel, kinds in FIELDS.items() for kind in kinds]


@pytest.mark.parametrize("channel", FIELDS)
def test_the_samples_are_the_kinds_and_fields_of_the_reference(channel: str) -> None:
    found = {path.stem: read_xml(path.read_text("utf-8")) for path in (FOLDER / channel).iterdir()}
    assert {kind: _paths(document) for kind, document in found.items()} == {
        kind: COMMON | fields for kind, fields in FIELDS[channel].items()
    }
    assert {kind: document["MsgType"] for kind, document in found.items()} == {kind: kind for kind in FIELDS[channel]}


@pytest.mark.parametrize(("channel", "kind"), _NAMES)
def test_the_sandbox_takes_a_sample_and_shows_what_the_person_sees(channel: str, kind: str) -> None:
    answer = _answer(channel, kind, on=channel)
    assert (answer.result, answer.problem) == (Result.REPLY, "")
    assert (answer.shown and answer.shown.described()) == SHOWN[channel][kind]


@pytest.mark.parametrize(
    ("channel", "kind", "other"),
    [
        ("wechat", "music", "wecom"),
        ("wechat", "transfer_customer_service", "wecom"),
        ("wecom", "update_button", "wechat"),
        ("wecom", "update_template_card", "wechat"),
    ],
)
def test_the_sandbox_refuses_a_kind_that_only_the_other_platform_has(channel: str, kind: str, other: str) -> None:
    answer = _answer(channel, kind, on=other)
    assert (answer.result, answer.problem) == (Result.INVALID, f"the MsgType {kind!r} cannot be a passive reply")


@pytest.mark.parametrize(("channel", "kind"), REPLIES)
def test_the_bot_renders_equal_content_as_the_sample(channel: str, kind: str) -> None:
    reply = REPLIES[channel, kind]
    to, sender = PERSONS[channel], ACCOUNTS[channel]
    sample = read_xml(_sample(channel, kind))
    if channel == "wechat":
        text = wechat.passive_xml(wechat.passive(reply), to=to, sender=sender, seconds=SECONDS)
    else:
        text = wecom.passive_xml(wecom.passive(reply), to=to, sender=sender, seconds=SECONDS, agent_id=1000002)
        # Not in the reference: wechatpy writes it into every reply of an application.
        sample["AgentID"] = "1000002"
    assert read_xml(text) == sample


def _sample(channel: str, kind: str) -> str:
    return (FOLDER / channel / f"{kind}.xml").read_text("utf-8")


def _answer(channel: str, kind: str, *, on: str) -> Answer:
    """Return what becomes of a sample of `channel` that an account of the platform `on` is answered with."""
    receiver = RECEIVERS[on]
    reader = Reader(
        channel=on,
        mode="safe",
        format="xml",
        token=TOKEN,
        sealer=Sealer.of(AES_KEY, receiver),
        account_id=ACCOUNTS[channel],
        person_id=PERSONS[channel],
        has_media=lambda media_id: media_id.startswith("Zk8a-reply_"),
        # Today's rule of an official account (section 1.5) and WeCom's.
        max_articles={"wechat": 1, "wecom": 8}[on],
    )
    sealed = WeChatCrypto(TOKEN, AES_KEY, receiver).encrypt_message(_sample(channel, kind), NONCE, STAMP)
    return reader.read(200, sealed.encode())


def _paths(node: Node, prefix: str = "") -> set[str]:
    """Return the names of the leaves, each with its parents' before it; a repeated element counts once."""
    if isinstance(node, list):
        return {path for item in node for path in _paths(item, prefix)}
    if isinstance(node, dict):
        return {path for name, child in node.items() for path in _paths(child, f"{prefix}/{name}".lstrip("/"))}
    return {prefix}
