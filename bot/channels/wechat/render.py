"""Outgoing messages in an official account's fields: passive replies (XML by wechatpy, JSON) and custom/send payloads.

Texts are cut to 2048 bytes between code points. A menu message is a msgmenu in custom/send; a passive reply has no such
kind and becomes lines of `weixin://bizmsgmenu` links, whose tap comes back the same way. More articles than one are
refused or not shown by current clients, so one is sent. Source: WeChat docs, "passive replies", "customer messages".
"""

from __future__ import annotations

from typing import Any

from wechatpy import replies

from bot.channels.replies import Rendered, compact_json
from bot.channels.text import card_words, fit_lines, in_cdata, sendable
from content.lengths import cut
from content.messages import Article, CardReply, ImageReply, MenuReply, NewsReply, Option, Outgoing, TextReply

#: Articles in one message; eight in old documentation, one in today's.
MAX_ARTICLES = 1
#: What would end the attribute or the parameter it stands in. Everything else stays raw: percent-escaped Chinese
#: would be three times as long.
_IN_LINK = str.maketrans({char: f"%{ord(char):02X}" for char in "%&#+=?\"'<> \n\r"})
_IN_LABEL = str.maketrans({"<": "‹", ">": "›", "\n": " "})


def passive(reply: Outgoing) -> Rendered:
    """Return MsgType and the body of a passive reply, in the shape that XML and JSON share."""
    match reply:
        case TextReply(content=content):
            text, truncated = cut(sendable(content))
        case MenuReply(head=head, options=options, tail=tail):
            lines = [_menu_link(option) for option in options]
            text, truncated = fit_lines(sendable(head), lines, sendable(tail))
        case CardReply():
            text, truncated = cut(sendable(card_words(reply)))
        case ImageReply(media_id=media_id):
            return Rendered(fields={"MsgType": "image", "Image": {"MediaId": media_id}})
        case NewsReply(articles=articles):
            items = [_passive_article(article) for article in articles[:MAX_ARTICLES]]
            fields = {"MsgType": "news", "ArticleCount": len(items), "Articles": {"item": items}}
            return Rendered(fields=fields, truncated=len(items) < len(articles))
    return Rendered(fields={"MsgType": "text", "Content": text}, truncated=truncated)


def passive_xml(rendered: Rendered, *, to: str, sender: str, seconds: int) -> str:
    """Return a passive reply as plain XML, written by wechatpy."""
    common: dict[str, Any] = {"target": in_cdata(to), "source": in_cdata(sender), "time": seconds}
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


def passive_json(rendered: Rendered, *, to: str, sender: str, seconds: int) -> str:
    """Return a passive reply as plain JSON with the keys of the XML."""
    return compact_json({"ToUserName": to, "FromUserName": sender, "CreateTime": seconds, **rendered.fields})


def custom_send(reply: Outgoing, *, to: str) -> Rendered:
    """Return the payload of `message/custom/send` for one openid."""
    match reply:
        case TextReply(content=content):
            text, truncated = cut(sendable(content))
            return _custom(to, "text", {"content": text}, truncated=truncated)
        case MenuReply(head=head, options=options, tail=tail):
            menu = {
                "head_content": sendable(head),
                "list": [{"id": option.id, "content": option.label} for option in options],
                "tail_content": sendable(tail),
            }
            return _custom(to, "msgmenu", menu)
        case CardReply():
            text, truncated = cut(sendable(card_words(reply)))
            return _custom(to, "text", {"content": text}, truncated=truncated)
        case ImageReply(media_id=media_id):
            return _custom(to, "image", {"media_id": media_id})
        case NewsReply(articles=articles):
            items = [_active_article(article) for article in articles[:MAX_ARTICLES]]
            return _custom(to, "news", {"articles": items}, truncated=len(items) < len(articles))


def _custom(to: str, kind: str, body: dict[str, Any], *, truncated: bool = False) -> Rendered:
    return Rendered(fields={"touser": to, "msgtype": kind, kind: body}, truncated=truncated)


def _menu_link(option: Option) -> str:
    content = sendable(option.label).translate(_IN_LINK)
    number = sendable(option.id).translate(_IN_LINK)
    label = sendable(option.label).translate(_IN_LABEL)
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={content}&msgmenuid={number}">{label}</a>'


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
