"""From wechatpy's message objects to `content` bodies: the kinds that both platforms write alike.

wechatpy's classes name the fields; they read lazily and pass on whatever is there, so every value is checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from bot.channels.callback import BadCallback
from bot.channels.document import Document, digits_of, text_of
from content.messages import Image, InboundBody, Link, Location, Text, Video, Voice


def sent_at(document: Document) -> datetime:
    """Return CreateTime (seconds) as aware UTC. Raises BadCallback."""
    # wechatpy's own `create_time` builds a zone through dateutil for each message, ten times the cost.
    return datetime.fromtimestamp(int(digits_of(document, "CreateTime", limit=10)), UTC)


def sender_of(document: Document) -> str:
    """Return FromUserName. Raises BadCallback when it cannot be an id (openids have 28 characters, userids 64)."""
    sender = text_of(document, "FromUserName")
    if not 0 < len(sender) <= 128:
        raise BadCallback("bad_types", "FromUserName is empty or too long")
    return sender


def needed(value: Any, name: str) -> str:
    """Return a field that must be there as text. Raises BadCallback."""
    if isinstance(value, str):
        return value
    raise BadCallback("bad_types", f"{name} is {'missing' if value is None else 'not text'}")


def optional(value: Any, name: str) -> str | None:
    """Return a field as text, None when it is missing or empty. Raises BadCallback on another shape."""
    return needed(value, name) or None if value is not None else None


def _text(message: Any) -> Text:
    # wechatpy 1.8.18 does not know bizmsgmenuid, the id of the tapped option of a menu message.
    option = optional(message._data.get("bizmsgmenuid"), "bizmsgmenuid")
    return Text(content=needed(message.content, "Content"), option=option)


def _image(message: Any) -> Image:
    return Image(media_id=needed(message.media_id, "MediaId"), url=optional(message.image, "PicUrl"))


def _voice(message: Any) -> Voice:
    return Voice(
        media_id=needed(message.media_id, "MediaId"),
        format=optional(message.format, "Format"),
        recognition=optional(message.recognition, "Recognition"),
    )


def _video(message: Any) -> Video:
    return Video(
        media_id=needed(message.media_id, "MediaId"),
        thumb_media_id=optional(message.thumb_media_id, "ThumbMediaId"),
        short=message.type == "shortvideo",
    )


def _location(message: Any) -> Location:
    scale = optional(message.scale, "Scale") or ""
    return Location(
        latitude=_degrees(message.location_x, "Location_X"),
        longitude=_degrees(message.location_y, "Location_Y"),
        scale=int(scale) if scale.isascii() and scale.isdigit() and len(scale) < 4 else None,
        label=optional(message.label, "Label"),
    )


def _degrees(value: Any, name: str) -> float:
    try:
        degrees = float(needed(value, name))
    except ValueError as error:
        raise BadCallback("bad_types", f"{name} is not a number") from error
    if not isfinite(degrees):
        raise BadCallback("bad_types", f"{name} is not a finite number")
    return degrees


def _link(message: Any) -> Link:
    return Link(
        title=optional(message.title, "Title") or "",
        url=needed(message.url, "Url"),
        description=optional(message.description, "Description"),
    )


#: By message type: from a wechatpy message object to a body.
MESSAGE_BODIES: dict[str, Callable[[Any], InboundBody]] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}
