"""Outgoing messages in a WeCom application's fields: passive replies (XML by wechatpy, JSON) and message/send payloads.

Texts are cut to 2048 bytes between code points (the platform would cut them in the middle). There is no menu message
for staff: a question becomes numbered lines. Source: WeCom docs 90241 (passive), 90236 (message/send).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from wechatpy.enterprise import replies

from bot.channels.replies import Rendered, compact_json
from bot.channels.text import card_words, fit_lines, in_cdata, sendable
from content.lengths import cut
from content.messages import Article, CardReply, ImageReply, MenuReply, NewsReply, Outgoing, TextReply

MAX_ARTICLES = 8
#: What a card holds and shows.
_TITLE_CHARACTERS, _DESCRIPTION_CHARACTERS, _SUBTITLE_CHARACTERS = 36, 44, 112
_BUTTONS, _BUTTON_CHARACTERS = 6, 10
_LINES, _NAME_CHARACTERS, _VALUE_CHARACTERS = 6, 8, 26
#: Bounds of `duplicate_check_interval`, seconds.
_CHECK_FROM, _CHECK_TO = 1800, 14400


def passive(reply: Outgoing) -> Rendered:
    """Return MsgType and the body of a passive reply, in the shape that XML and JSON share."""
    match reply:
        case ImageReply(media_id=media_id):
            return Rendered(fields={"MsgType": "image", "Image": {"MediaId": media_id}})
        case NewsReply(articles=articles):
            items = [_passive_article(article) for article in articles[:MAX_ARTICLES]]
            fields = {"MsgType": "news", "ArticleCount": len(items), "Articles": {"item": items}}
            return Rendered(fields=fields, truncated=len(items) < len(articles))
        case TextReply() | MenuReply() | CardReply():
            text, truncated = _words(reply)
            return Rendered(fields={"MsgType": "text", "Content": text}, truncated=truncated)


def passive_xml(rendered: Rendered, *, to: str, sender: str, seconds: int, agent_id: int) -> str:
    """Return a passive reply as plain XML, written by wechatpy."""
    common = {"target": in_cdata(to), "source": in_cdata(sender), "time": seconds, "agent": agent_id}
    fields = rendered.fields
    match fields["MsgType"]:
        case "text":
            reply = replies.TextReply(content=in_cdata(fields["Content"]), **common)
        case "image":
            reply = replies.ImageReply(image=in_cdata(fields["Image"]["MediaId"]), **common)
        case _:
            articles = [
                {
                    "title": in_cdata(item["Title"]),
                    "description": in_cdata(item["Description"]),
                    "image": in_cdata(item["PicUrl"]),
                    "url": in_cdata(item["Url"]),
                }
                for item in fields["Articles"]["item"]
            ]
            reply = replies.ArticlesReply(articles=articles, **common)
    xml: str = reply.render()
    return xml


def passive_json(rendered: Rendered, *, to: str, sender: str, seconds: int, agent_id: int) -> str:
    """Return a passive reply as plain JSON with the keys of the XML."""
    head = {"ToUserName": to, "FromUserName": sender, "CreateTime": seconds, "AgentID": agent_id}
    return compact_json({**head, **rendered.fields})


def message_send(reply: Outgoing, *, to: str, agent_id: int, idempotency_key: str) -> Rendered:
    """Return the payload of `message/send` for one member, with the platform's duplicate check on.

    The platform compares the whole request and silently swallows an equal one within `duplicate_check_interval`. That
    makes a repeat of one delivery safe, because it is byte for byte the same; but it would also swallow a second
    delivery of equal words. So the interval, which may be anything from 1800 s to 14400 s, is derived from the
    delivery's idempotency key: the same delivery always asks for the same interval, two deliveries almost never do.
    """
    body: dict[str, Any]
    match reply:
        case ImageReply(media_id=media_id):
            kind, body, truncated = "image", {"media_id": media_id}, False
        case NewsReply(articles=articles):
            items = [_active_article(article) for article in articles[:MAX_ARTICLES]]
            kind, body, truncated = "news", {"articles": items}, len(items) < len(articles)
        case TextReply() | MenuReply():
            text, truncated = _words(reply)
            kind, body = "text", {"content": text}
        case CardReply():
            kind, body, truncated = "template_card", _card(reply, idempotency_key=idempotency_key), False
    fields: dict[str, Any] = {
        "touser": to,
        "agentid": agent_id,
        "msgtype": kind,
        kind: body,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": duplicate_check_interval(idempotency_key),
    }
    return Rendered(fields=fields, truncated=truncated)


def duplicate_check_interval(idempotency_key: str) -> int:
    """Return the seconds of duplicate check for a delivery; see `message_send`."""
    number = int.from_bytes(sha256(idempotency_key.encode("utf-8")).digest()[:8], "big")
    return _CHECK_FROM + number % (_CHECK_TO - _CHECK_FROM + 1)


def _card(card: CardReply, *, idempotency_key: str) -> dict[str, Any]:
    """Return a button_interaction card; texts are cut to what it shows (WeCom doc 90236, template card)."""
    task_id = sha256(idempotency_key.encode("utf-8")).hexdigest()[:32]
    fields: dict[str, Any] = {
        "card_type": "button_interaction",
        "main_title": {
            "title": sendable(card.title)[:_TITLE_CHARACTERS],
            "desc": sendable(card.description)[:_DESCRIPTION_CHARACTERS],
        },
        # Mandatory on interactive cards, one an application; derived, so that a repeated request is the same.
        "task_id": task_id,
        "button_list": [
            {"text": sendable(button.label)[:_BUTTON_CHARACTERS], "style": 1, "key": button.id}
            for button in card.buttons[:_BUTTONS]
        ],
    }
    if len(card.description) > _DESCRIPTION_CHARACTERS:
        fields["main_title"].pop("desc")
        fields["sub_title_text"] = sendable(card.description)[:_SUBTITLE_CHARACTERS]
    if card.lines:
        fields["horizontal_content_list"] = [
            {"keyname": sendable(line.name)[:_NAME_CHARACTERS], "value": sendable(line.text)[:_VALUE_CHARACTERS]}
            for line in card.lines[:_LINES]
        ]
    return fields


def _words(reply: TextReply | MenuReply | CardReply) -> tuple[str, bool]:
    if isinstance(reply, TextReply):
        return cut(sendable(reply.content))
    if isinstance(reply, CardReply):
        return cut(sendable(card_words(reply)))
    lines = [f"{number}. {sendable(option.label)}" for number, option in enumerate(reply.options, start=1)]
    return fit_lines(sendable(reply.head), lines, sendable(reply.tail))


def _passive_article(article: Article) -> dict[str, str]:
    return {
        "Title": article.title,
        "Description": article.description,
        "PicUrl": article.picture_url,
        "Url": article.url,
    }


def _active_article(article: Article) -> dict[str, str]:
    return {
        "title": article.title,
        "description": article.description,
        "url": article.url,
        "picurl": article.picture_url,
    }
