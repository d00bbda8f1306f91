"""What an account of WeChat customer service can send. WeCom docs: send_msg, send_msg_on_event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox import shown
from bot.sandbox.errors import ApiError
from bot.sandbox.media import MediaStore
from bot.sandbox.shown import Shown

_MEDIA = frozenset({"image", "voice", "video", "file"})
#: Kinds whose payload is shown as it is, and the fields they need.
_CARDS = {
    "link": ("title", "url", "thumb_media_id"),
    "miniprogram": ("appid", "pagepath", "thumb_media_id"),
    "location": ("latitude", "longitude"),
    "ca_link": ("link_url",),
}
_HEAD_BYTES, _CHOICE_BYTES, _MOST_CHOICES = 1024, 128, 10


def read_message(
    body: Mapping[str, Any], *, media: MediaStore, now: float, kinds: frozenset[str] = frozenset()
) -> Shown:
    """Return the message in a body; `kinds`: those that may be sent here, empty for all.

    Raises:
        ApiError: 40008 unknown kind, 95030 not allowed here, 40007 unknown media, 44004 no text, 45002 too long, 40058
            anything else.
    """
    kind = body.get("msgtype")
    if not isinstance(kind, str) or kind not in {"text", "msgmenu", *_MEDIA, *_CARDS}:
        raise ApiError(40008, str(kind))
    if kinds and kind not in kinds:
        raise ApiError(95030, kind)
    payload = body.get(kind)
    if not isinstance(payload, dict):
        raise ApiError(40058, kind)
    if kind == "text":
        return shown.text(_words(payload, "content", size=shown.TEXT_BYTES))
    if kind == "msgmenu":
        return _menu(payload)
    if kind in _MEDIA:
        _check_media(payload.get("media_id"), media, now=now)
        return shown.media(kind, payload["media_id"])
    for name in _CARDS[kind]:
        if payload.get(name) in (None, ""):
            raise ApiError(40058, f"{kind}.{name}")
    if "thumb_media_id" in payload:
        _check_media(payload["thumb_media_id"], media, now=now)
    return shown.card(kind, payload)


def _menu(payload: Mapping[str, Any]) -> Shown:
    items = payload.get("list") or []
    if not isinstance(items, list) or len(items) > _MOST_CHOICES:
        raise ApiError(40058, "msgmenu.list")
    options = []
    for item in items:
        kind = item.get("type") if isinstance(item, dict) else None
        part = item.get(str(kind)) if kind in ("click", "view", "miniprogram", "text") else None
        if not isinstance(part, dict):
            raise ApiError(40058, "msgmenu.list")
        label = _words(part, "content", size=_CHOICE_BYTES)
        options.append({"id": str(part.get("id", "")), "label": label})
    head = _words(payload, "head_content", size=_HEAD_BYTES) if payload.get("head_content") else ""
    tail = _words(payload, "tail_content", size=_HEAD_BYTES) if payload.get("tail_content") else ""
    if not (head or options or tail):
        raise ApiError(44004)
    return shown.menu(head, options, tail)


def _words(payload: Mapping[str, Any], name: str, *, size: int) -> str:
    words = payload.get(name)
    if not isinstance(words, str) or not words:
        raise ApiError(44004, name)
    if len(words.encode("utf-8", "replace")) > size:
        raise ApiError(45002, f"{name} may have {size} bytes")
    return words


def _check_media(media_id: Any, media: MediaStore, *, now: float) -> None:
    if not isinstance(media_id, str) or media.get(media_id, now=now) is None:
        raise ApiError(40007)
