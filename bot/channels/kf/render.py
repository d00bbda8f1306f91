"""Outgoing messages in the fields of WeChat customer service: kf/send_msg and kf/send_msg_on_event.

A text has 2048 bytes at most, a question 1024 in its head and ten choices of 128. A card (`link`) needs a picture that
was uploaded before; articles have none, so they become words with their address.
Source: WeCom docs 94677 (send_msg), 95122 (send_msg_on_event).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from bot.channels.replies import Rendered
from bot.channels.text import sendable
from content.lengths import cut
from content.messages import Article, ImageReply, MenuReply, NewsReply, Outgoing, TextReply

_HEAD_BYTES = 1024
_CHOICE_BYTES = 128
_MOST_CHOICES = 10


def message_id(idempotency_key: str) -> str:
    """Return the msgid of a delivery: the same for the same key, of the 32 characters 0-9 and a-f that it may have."""
    return sha256(idempotency_key.encode("utf-8")).hexdigest()[:32]


def send_msg(reply: Outgoing, *, to: str, open_kfid: str, idempotency_key: str) -> Rendered:
    """Return the payload of `kf/send_msg` for one external_userid."""
    message = _message(reply)
    head = {"touser": to, "open_kfid": open_kfid, "msgid": message_id(idempotency_key)}
    return Rendered(fields={**head, **message.fields}, truncated=message.truncated)


def send_msg_on_event(reply: TextReply | MenuReply, *, idempotency_key: str) -> Rendered:
    """Return the payload of `kf/send_msg_on_event`; the code in the reply says to whom it goes."""
    message = _message(reply)
    head = {"code": reply.code, "msgid": message_id(idempotency_key)}
    return Rendered(fields={**head, **message.fields}, truncated=message.truncated)


def _message(reply: Outgoing) -> Rendered:
    match reply:
        case TextReply(content=content):
            return _text(content)
        case ImageReply(media_id=media_id):
            return Rendered(fields={"msgtype": "image", "image": {"media_id": media_id}})
        case NewsReply(articles=articles):
            return _text("\n\n".join(_words(article) for article in articles))
        case MenuReply():
            return _menu(reply)


def _text(words: str) -> Rendered:
    text, truncated = cut(sendable(words))
    return Rendered(fields={"msgtype": "text", "text": {"content": text}}, truncated=truncated)


def _words(article: Article) -> str:
    return "\n".join(part for part in (article.title, article.description, article.url) if part)


def _menu(reply: MenuReply) -> Rendered:
    head, head_cut = cut(sendable(reply.head), _HEAD_BYTES)
    tail, tail_cut = cut(sendable(reply.tail), _HEAD_BYTES)
    labels = [cut(sendable(option.label), _CHOICE_BYTES) for option in reply.options[:_MOST_CHOICES]]
    items = [
        {"type": "click", "click": {"id": option.id, "content": label}}
        for option, (label, _) in zip(reply.options, labels, strict=False)
    ]
    fields: dict[str, Any] = {"head_content": head, "list": items}
    if tail:
        fields["tail_content"] = tail
    truncated = head_cut or tail_cut or len(items) < len(reply.options) or any(was_cut for _, was_cut in labels)
    return Rendered(fields={"msgtype": "msgmenu", "msgmenu": fields}, truncated=truncated)
