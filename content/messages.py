"""What can be said: the shapes of inbound and outgoing messages, free of any platform's field names.

A message is an envelope (`Inbound`) around a body. Kinds with behaviour have a class of their own; every other event is
an `Event(kind, fields)`. `encode_body` and `decode_body` turn a body into the (kind, fields) pair that the log keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from content.customer_service import File, Rejecting, Served, Shared, Undelivered
from content.value import value


class Purpose(StrEnum):
    """Why a message goes out; decides consents, caps and the legal APIs (`docs/sending.md`)."""

    SERVICE = "service"
    MARKETING = "marketing"
    STATUTORY = "statutory"


@value
class Text:
    """Words, kept exactly as they arrived: spans into `content` count code points."""

    content: str
    #: Identifier of the menu option that was tapped, when the words come from one.
    option: str | None = None


@value
class Image:
    """A picture; the platform keeps the media for three days."""

    media_id: str
    url: str | None = None


@value
class Voice:
    """A voice message; `recognition` is the platform's transcript, when it gives one."""

    media_id: str
    format: str | None = None
    recognition: str | None = None


@value
class Video:
    """A video or, with `short`, a short video filmed in the chat."""

    media_id: str
    thumb_media_id: str | None = None
    short: bool = False


@value
class Location:
    """A place the person sent; degrees (WGS-like, as the platform gives them)."""

    latitude: float
    longitude: float
    scale: int | None = None
    label: str | None = None


@value
class Link:
    """A web page the person shared."""

    title: str
    url: str
    description: str | None = None


@value
class Follow:
    """The person follows the account (or enters a WeCom application's scope); `scene` is the scanned QR code's."""

    scene: str | None = None
    ticket: str | None = None


@value
class Unfollow:
    """The person no longer follows the account."""


@value
class Scan:
    """A follower scanned a parametric QR code."""

    scene: str
    ticket: str | None = None


@value
class MenuClick:
    """A tap on a menu button that carries a key."""

    key: str


@value
class MenuView:
    """A tap on a menu button that opens a page."""

    url: str


@value
class MenuScan:
    """A tap on a menu button with which the person scanned a code: what the code says, and of which kind it is."""

    key: str
    result: str
    code: str | None = None


@value
class Entered:
    """Somebody opened the account's chat: staff that of a WeCom application, a customer that of a kf account.

    `code` lets the account greet a customer once, within seconds (see `TextReply.code`).
    """

    #: Where the customer came from.
    scene: str | None = None
    code: str | None = None


@value
class Event:
    """Any other event or unknown kind, its fields kept as they came."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)


InboundBody = (
    Text
    | Image
    | Voice
    | Video
    | Location
    | Link
    | File
    | Shared
    | Follow
    | Unfollow
    | Scan
    | MenuClick
    | MenuView
    | MenuScan
    | Entered
    | Served
    | Rejecting
    | Undelivered
    | Event
)


@value
class Inbound:
    """One callback, verified and parsed.

    `key` is the platform's own composite identity of the message; two callbacks with the same (account, key) are one.
    The log keeps only a digest of it: a message that was read back has its place there as key, `log:ACCOUNT:SEQ`.
    """

    #: Name of the account in the settings.
    account: str
    #: The sender's id within the account's realm (openid or WeCom userid).
    sender: str
    key: str
    #: The platform's time of the message, aware UTC.
    sent_at: datetime
    body: InboundBody


@value
class TextReply:
    """Words."""

    content: str
    #: Userid of the member of staff whose words they are; None: the bot's.
    by: str | None = None
    #: The code of the event it answers, which counts once and for seconds; it leaves by that code alone.
    code: str | None = None


@value
class ImageReply:
    """A picture that a platform keeps for three days."""

    media_id: str
    #: Name of the account in the settings whose platform keeps it, from where it is brought to the receiver's just
    #: before it leaves; None: the receiver's own keeps it.
    kept_by: str | None = None
    #: Userid of the member of staff who sent it; None: not staff.
    by: str | None = None
    #: What is said in its place when it cannot be brought over; None: then nothing leaves.
    instead: str | None = None


@value
class Article:
    """One card of a news message."""

    title: str
    url: str
    description: str = ""
    picture_url: str = ""


@value
class NewsReply:
    articles: tuple[Article, ...]


@value
class Option:
    """One choice of a menu message; the tap comes back as `Text(content=label, option=id)`."""

    id: str
    label: str


@value
class MenuReply:
    """A question with choices. Where a platform has no such message it becomes numbered lines of text."""

    head: str
    options: tuple[Option, ...]
    tail: str = ""
    #: As in `TextReply`.
    code: str | None = None
    #: What is not shown yet and follows when it is asked for (`content.elder`): words, then choices.
    rest: str | None = None
    rest_options: tuple[Option, ...] | None = None


@value
class CardLine:
    """One line of a card: a short name, and what is said of it."""

    name: str
    text: str


@value
class CardReply:
    """A card with buttons for staff; a tap comes back as an event with the button's id as its key.

    Where a platform has no such card it becomes lines of text.
    """

    title: str
    buttons: tuple[Option, ...]
    description: str = ""
    lines: tuple[CardLine, ...] = ()


Outgoing = TextReply | ImageReply | NewsReply | MenuReply | CardReply

_INBOUND: dict[str, type[Any]] = {
    "text": Text,
    "image": Image,
    "voice": Voice,
    "video": Video,
    "location": Location,
    "link": Link,
    "file": File,
    "shared": Shared,
    "follow": Follow,
    "unfollow": Unfollow,
    "scan": Scan,
    "menu_click": MenuClick,
    "menu_view": MenuView,
    "menu_scan": MenuScan,
    "entered": Entered,
    "served": Served,
    "rejecting": Rejecting,
    "undelivered": Undelivered,
}
_OUTGOING: dict[str, type[Any]] = {
    "text": TextReply,
    "image": ImageReply,
    "news": NewsReply,
    "menu": MenuReply,
    "card": CardReply,
}
_KIND: dict[type[Any], str] = {cls: kind for table in (_INBOUND, _OUTGOING) for kind, cls in table.items()}
_FIELDS: dict[type[Any], tuple[str, ...]] = {cls: tuple(f.name for f in fields(cls)) for cls in _KIND}
_REQUIRED: dict[type[Any], frozenset[str]] = {
    cls: frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)
    for cls in _KIND
}


def encode_body(body: InboundBody | Outgoing) -> tuple[str, dict[str, Any]]:
    """Return (kind, fields) of a body; fields hold JSON values only and leave out what is None."""
    if isinstance(body, Event):
        return f"event:{body.kind}", dict(body.fields)
    cls = type(body)
    encoded: dict[str, Any] = {}
    for name in _FIELDS[cls]:
        value = getattr(body, name)
        if value is None:
            continue
        if isinstance(value, Mapping):
            value = dict(value)
        elif isinstance(value, tuple):
            value = [{n: getattr(item, n) for n in (f.name for f in fields(item))} for item in value]
        encoded[name] = value
    return _KIND[cls], encoded


def decode_inbound(kind: str, encoded: Mapping[str, Any]) -> InboundBody:
    """Return the inbound body that `encode_body` turned into (kind, fields).

    Never raises: what no class fits (a newer version's kind, fields whose content was destroyed) becomes an event.
    """
    if kind.startswith("event:"):
        return Event(kind=kind.removeprefix("event:"), fields=dict(encoded))
    cls = _INBOUND.get(kind)
    if cls is None or not _REQUIRED[cls] <= encoded.keys() <= set(_FIELDS[cls]):
        return Event(kind=kind, fields=dict(encoded))
    body: InboundBody = cls(**encoded)
    return body


def decode_outgoing(kind: str, encoded: Mapping[str, Any]) -> Outgoing:
    """Return the outgoing body that `encode_body` turned into (kind, fields). Raises KeyError on an unknown kind.

    Who of the insurer's people said it themselves is logged beside the body and is no part of it.
    """
    encoded = {name: part for name, part in encoded.items() if name != "staff"}
    match kind:
        case "news":
            return NewsReply(articles=tuple(Article(**article) for article in encoded["articles"]))
        case "menu":
            options = tuple(Option(**option) for option in encoded["options"])
            later = encoded.get("rest_options")
            return MenuReply(
                head=encoded["head"],
                options=options,
                tail=encoded.get("tail", ""),
                code=encoded.get("code"),
                rest=encoded.get("rest"),
                rest_options=None if later is None else tuple(Option(**option) for option in later),
            )
        case "card":
            return CardReply(
                title=encoded["title"],
                buttons=tuple(Option(**button) for button in encoded["buttons"]),
                description=encoded.get("description", ""),
                lines=tuple(CardLine(**line) for line in encoded.get("lines", ())),
            )
        case _:
            body: Outgoing = _OUTGOING[kind](**encoded)
            return body
