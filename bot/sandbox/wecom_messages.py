"""What a WeCom application can send. WeCom doc: send application messages."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox import shown
from bot.sandbox.errors import ApiError
from bot.sandbox.media import MediaStore
from bot.sandbox.shown import Shown

_MAX_ARTICLES = 8
_DUPLICATE_SECONDS = 1800
_MAX_DUPLICATE_SECONDS = 4 * 3600
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


class DuplicateCheck:
    """Remembers whole requests that asked for it; an identical one within its interval is not delivered."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], float] = {}

    def is_repeat(self, app: str, body: Mapping[str, Any], *, now: float) -> bool:
        """Return whether `app` sent the same request before and its interval is not over; remember it otherwise."""
        if body.get("enable_duplicate_check") != 1:
            return False
        interval = body.get("duplicate_check_interval", _DUPLICATE_SECONDS)
        if not isinstance(interval, int) or interval < 0:
            raise ApiError(40058, "duplicate_check_interval")
        key = app, json.dumps(body, sort_keys=True, ensure_ascii=False)
        if now < self._until.get(key, float("-inf")):
            return True
        self._until = {known: until for known, until in self._until.items() if now < until}
        self._until[key] = now + min(interval, _MAX_DUPLICATE_SECONDS)
        return False


class MemberLimits:
    """What one member can get from one application in a minute and an hour; the rest is dropped without a word."""

    def __init__(self, *, a_minute: int, an_hour: int) -> None:
        self._a_minute = a_minute
        self._an_hour = an_hour
        self._taken: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def take(self, app: str, userid: str, *, now: float) -> bool:
        """Count one message to the member; False when it must be dropped."""
        taken = self._taken[app, userid.lower()]
        while taken and taken[0] <= now - 3600:
            taken.popleft()
        in_minute = 0
        for moment in reversed(taken):
            if moment <= now - 60:
                break
            in_minute += 1
        if in_minute >= self._a_minute or len(taken) >= self._an_hour:
            return False
        taken.append(now)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message that can be taken back: by which application and when (epoch seconds)."""

    app: str
    sent_at: float


class SentMessages:
    """Messages by msgid. WeCom doc: recall application messages (within 24 hours)."""

    _RECALL_SECONDS = 86400

    def __init__(self) -> None:
        self._sent: dict[str, SentMessage] = {}

    def add(self, app: str, *, now: float) -> str:
        """Return a new msgid."""
        msgid = secrets.token_urlsafe(48)
        self._sent[msgid] = SentMessage(app=app, sent_at=now)
        return msgid

    def recall(self, app: str, msgid: str, *, now: float) -> None:
        """Forget a message. Raises ApiError: 40058 no such message of this application, 42052 too late."""
        sent = self._sent.get(msgid)
        if sent is None or sent.app != app:
            raise ApiError(40058, "msgid")
        if now > sent.sent_at + self._RECALL_SECONDS:
            raise ApiError(42052)
        del self._sent[msgid]
