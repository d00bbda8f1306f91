"""What a WeCom application can send. WeCom doc: send application messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox import shown
from bot.sandbox.errors import ApiError
from bot.sandbox.media import MediaStore
from bot.sandbox.shown import Shown

_MAX_ARTICLES = 8
_MEDIA = frozenset({"image", "voice", "video", "file"})
#: Kinds whose payload is shown as it is, and the fields they need.
_CARDS = {
    "textcard": ("title", "description", "url"),
    "markdown": ("content",),
    "miniprogram_notice": ("appid", "title"),
    "template_card": ("card_type",),
}


def read_message(body: Mapping[str, Any], *, media: MediaStore, now: float) -> Shown:
    """Return the message in the body of message/send; texts are cut at 2048 bytes.

    Raises:
        ApiError: 40008 unknown kind, 40007 unknown media, 44004 no text, 45008 too many articles, 40058 anything else.
    """
    kind = body.get("msgtype")
    payload = body.get(str(kind))
    if not isinstance(kind, str) or kind not in {"text", "news", "mpnews", *_MEDIA, *_CARDS}:
        raise ApiError(40008, str(kind))
    if not isinstance(payload, dict):
        raise ApiError(40058, kind)
    if kind == "text":
        content = payload.get("content")
        if not isinstance(content, str) or not content:
            raise ApiError(44004)
        return shown.text(shown.truncated(content))
    if kind in _MEDIA:
        media_id = payload.get("media_id")
        if not isinstance(media_id, str) or media.get(media_id, now=now) is None:
            raise ApiError(40007)
        details = {name: str(payload[name]) for name in ("title", "description") if name in payload}
        return shown.media(kind, media_id, **details)
    if kind in _CARDS:
        return _card(kind, payload)
    return _news(kind, payload)


def _card(kind: str, payload: dict[str, Any]) -> Shown:
    for name in _CARDS[kind]:
        if not isinstance(payload.get(name), str) or not payload[name]:
            raise ApiError(40058, f"{kind}.{name}")
    if kind == "markdown":
        payload = {**payload, "content": shown.truncated(payload["content"])}
    return shown.card(kind, payload)


def _news(kind: str, payload: dict[str, Any]) -> Shown:
    articles = payload.get("articles")
    if not isinstance(articles, list) or not articles or not all(isinstance(a, dict) for a in articles):
        raise ApiError(40058, f"{kind}.articles")
    if len(articles) > _MAX_ARTICLES:
        raise ApiError(45008)
    return shown.news([{name: str(value) for name, value in a.items()} for a in articles], kind=kind)
