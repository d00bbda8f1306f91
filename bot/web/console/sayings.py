"""A message of the log in words that staff can read: what it is, what it says, what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.web.console.words import Words
from content.customer_service import File, Rejecting, Served, Shared, Undelivered
from content.messages import (
    CardReply,
    Entered,
    Event,
    Follow,
    Image,
    ImageReply,
    InboundBody,
    Link,
    Location,
    MenuClick,
    MenuReply,
    MenuScan,
    MenuView,
    NewsReply,
    Outgoing,
    Scan,
    Text,
    TextReply,
    Unfollow,
    Video,
    Voice,
    decode_inbound,
    decode_outgoing,
)
from content.value import value
from storage.timeline import Said

Mask = Callable[[str], str]


@value
class Saying:
    """One message or event as a page shows it."""

    #: "in", "out", or "done" for what was done and not said.
    side: str
    #: What it is, when it is more than words: 图片, 语音.
    label: str = ""
    text: str = ""
    #: Smaller, below: an address, the choices of a menu.
    details: tuple[str, ...] = ()
    is_gone: bool = False
    purpose: str | None = None
    account: str
    channel: str
    at: datetime


class Sayings:
    """Makes sayings; `mask` sees every word of customer and bot before it is shown."""

    def __init__(self, *, mask: Mask = str) -> None:
        self._mask = mask

    def of(self, said: Said, words: Words) -> Saying:
        """Return a message as it is shown. Never raises: what this version cannot read is named by its kind."""
        side, label, text, details = self._read(said, words)
        return Saying(
            side=side,
            label=label,
            text=self._mask(text),
            details=tuple(self._mask(detail) for detail in details if detail),
            is_gone=said.fields is None,
            purpose=said.purpose if said.direction == "out" else None,
            account=said.title or said.account,
            channel=said.channel,
            at=said.at,
        )

    def _read(self, said: Said, words: Words) -> _Parts:
        if said.fields is None:
            return said.direction, "", words("said.destroyed"), ()
        if said.direction == "in":
            return _inbound(decode_inbound(said.kind, said.fields), words)
        if "staff" in said.fields:
            return _staff(said.kind, said.fields, words)
        try:
            return _outgoing(decode_outgoing(said.kind, said.fields), words)
        except (KeyError, TypeError):
            return "out", words("said.unknown", kind=said.kind), "", ()


_Parts = tuple[str, str, str, tuple[str, ...]]


def _inbound(body: InboundBody, words: Words) -> _Parts:
    match body:
        case Text(content=content, option=option):
            return "in", "" if option is None else words("said.option"), content, ()
        case Image():
            return "in", words("said.image"), "", (words("said.kept_by_platform"),)
        case Voice(recognition=recognition):
            return "in", words("said.voice"), recognition or "", () if recognition else (words("said.not_heard"),)
        case Video(short=short):
            return "in", words("said.short_video" if short else "said.video"), "", (words("said.kept_by_platform"),)
        case Location(latitude=latitude, longitude=longitude, label=label):
            return "in", words("said.location"), label or "", (f"{latitude}, {longitude}",)
        case Link(title=title, url=url, description=description):
            return "in", words("said.link"), title, (description or "", url)
        case File():
            return "in", words("said.file"), "", (words("said.kept_by_platform"),)
        case Shared(what=what, details=details):
            return "in", words.named("shared", what), "", tuple(_short(details).values())
    return _done(body, words)


def _staff(kind: str, fields: Mapping[str, Any], words: Words) -> _Parts:
    """Return what a person of the insurer's said themselves, at the platform or in an archived chat."""
    said = {name: part for name, part in fields.items() if name != "staff"}
    _, label, text, details = _inbound(decode_inbound(kind, said), words)
    who = words("said.staff", who=str(fields["staff"]))
    return "out", f"{who} · {label}" if label else who, text, details


def _done(body: InboundBody, words: Words) -> _Parts:
    match body:
        case Follow(scene=scene):
            return "done", words("did.follow"), "", _scene(scene, words)
        case Unfollow():
            return "done", words("did.unfollow"), "", ()
        case Scan(scene=scene):
            return "done", words("did.scan"), "", _scene(scene, words)
        case MenuClick(key=key):
            return "done", words("did.menu_click"), "", (key,)
        case MenuView(url=url):
            return "done", words("did.menu_view"), "", (url,)
        case MenuScan(key=key, result=result):
            return "done", words("did.menu_scan"), "", (key, result)
        case Entered(scene=scene):
            return "done", words("did.entered"), "", _scene(scene, words)
        case Served(by=by):
            return "done", words("did.served" if by is not None else "did.served_no_more"), "", (by or "",)
        case Rejecting(on=on):
            return "done", words("did.rejecting" if on else "did.accepting"), "", ()
        case Undelivered(reason=reason):
            return "done", words("did.undelivered"), "", (words.named("failures", reason),)
        case Event(kind=kind, fields=fields):
            name = words.named("events", kind)
            if name == kind:
                return (
                    "done",
                    words("did.event", kind=kind),
                    "",
                    tuple(f"{n}: {text}" for n, text in _short(fields).items()),
                )
            return "done", name, "", tuple(_short(fields).values())
    return "done", words("did.event", kind=type(body).__name__), "", ()


def _outgoing(body: Outgoing, words: Words) -> _Parts:
    match body:
        case TextReply(content=content, by=by):
            return "out", "" if by is None else words("said.by_staff", staff=by), content, ()
        case CardReply(title=title, description=description, lines=lines, buttons=buttons):
            shown = (description, *(f"{line.name} {line.text}" for line in lines))
            return "out", words("said.card"), title, (*shown, *(f"· {button.label}" for button in buttons))
        case ImageReply(by=by):
            label = words("said.image")
            return "out", label if by is None else f"{words('said.by_staff', staff=by)} · {label}", "", ()
        case NewsReply(articles=articles):
            details = [part for article in articles for part in (article.title, article.description, article.url)]
            return "out", words("said.news"), "", tuple(details)
        case MenuReply(head=head, options=options, tail=tail):
            return "out", words("said.menu"), head, (*(f"· {option.label}" for option in options), tail)


def _scene(scene: str | None, words: Words) -> tuple[str, ...]:
    return () if scene is None else (words("did.by_code", scene=scene),)


def _short(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return what an event says in short texts; nested parts are the platform's matter."""
    return {name: text for name, text in fields.items() if isinstance(text, str) and 0 < len(text) <= 80}
