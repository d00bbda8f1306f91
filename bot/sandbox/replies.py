"""The messages inside passive replies, by MsgType, after decryption.

WeChat doc: passive replies (text, image, voice, video, music, news, transfer_customer_service); WeCom doc: the same
without music and transfer, and updates of cards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox import shown
from bot.sandbox.shown import TEXT_BYTES, Shown


class InvalidReply(Exception):
    """The platform does not take this for an answer; the text says why."""


def read_reply(
    document: Mapping[str, Any], *, channel: str, max_articles: int, has_media: Callable[[str], bool]
) -> Shown | None:
    """Return what the person sees; None for a reply that shows nothing (a transfer to a person).

    Raises:
        InvalidReply: The MsgType is unknown on `channel`, or what it needs is missing, too long or too many, or it
            names a file that the platform does not have (any more), as `has_media` says.
    """
    kind = str(document.get("MsgType") or "")
    reader = _READERS[channel].get(kind)
    if reader is None:
        raise InvalidReply(f"the MsgType {kind!r} cannot be a passive reply")
    message = reader(document)
    named = _media_of(document)
    if named and not has_media(named):
        raise InvalidReply(f"there is no media {named}; upload it again, it is kept for three days")
    if message is not None and len(message.details.get("articles", ())) > max_articles:
        raise InvalidReply(f"the news has more than {max_articles} articles")
    return message


def _official_text(document: Mapping[str, Any]) -> Shown:
    content = _string(document, "Content")
    if len(content.encode()) > TEXT_BYTES:
        raise InvalidReply(f"Content has more than {TEXT_BYTES} bytes")
    return shown.text(content)


def _wecom_text(document: Mapping[str, Any]) -> Shown:
    return shown.text(shown.truncated(_string(document, "Content")))


def _image(document: Mapping[str, Any]) -> Shown:
    return shown.media("image", _string(_part(document, "Image"), "MediaId"))


def _voice(document: Mapping[str, Any]) -> Shown:
    return shown.media("voice", _string(_part(document, "Voice"), "MediaId"))


def _video(document: Mapping[str, Any]) -> Shown:
    video = _part(document, "Video")
    title, description = str(video.get("Title") or ""), str(video.get("Description") or "")
    return shown.media("video", _string(video, "MediaId"), title=title, description=description)


def _music(document: Mapping[str, Any]) -> Shown:
    music = _part(document, "Music")
    _string(music, "ThumbMediaId")
    return shown.card("music", {name.lower(): value for name, value in music.items()})


def _news(document: Mapping[str, Any]) -> Shown:
    articles = document.get("Articles")
    items = articles.get("item") if isinstance(articles, Mapping) else articles
    if isinstance(items, Mapping):
        items = [items]
    if not isinstance(items, list) or not items or not all(isinstance(item, Mapping) for item in items):
        raise InvalidReply("Articles has no item")
    if str(document.get("ArticleCount")) != str(len(items)):
        raise InvalidReply("ArticleCount is not the number of articles")
    return shown.news([{name.lower(): str(value) for name, value in item.items()} for item in items])


def _transfer(document: Mapping[str, Any]) -> None:
    return None


def _card_update(document: Mapping[str, Any]) -> None:
    return None


def _media_of(document: Mapping[str, Any]) -> str:
    kind = str(document["MsgType"])
    if kind == "music":
        return _string(_part(document, "Music"), "ThumbMediaId")
    part = document.get(kind.capitalize()) if kind in ("image", "voice", "video") else None
    return _string(part, "MediaId") if isinstance(part, Mapping) else ""


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    if not isinstance(part, Mapping):
        raise InvalidReply(f"{name} is missing")
    return part


def _string(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidReply(f"{name} is missing or empty")
    return value


_Reader = Callable[[Mapping[str, Any]], Shown | None]
_SHARED: dict[str, _Reader] = {"image": _image, "voice": _voice, "video": _video, "news": _news}
_READERS: dict[str, dict[str, _Reader]] = {
    "wechat": {**_SHARED, "text": _official_text, "music": _music, "transfer_customer_service": _transfer},
    "wecom": {
        **_SHARED,
        "text": _wecom_text,
        "update_button": _card_update,
        "update_template_card": _card_update,
    },
}
