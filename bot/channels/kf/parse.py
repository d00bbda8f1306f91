"""What kf/sync_msg lists, to `content` messages: what customers say, what servicers say, what happened.

A page is not a callback that could be refused: it must be got past. So an item that this version cannot read becomes an
`Event` with its fields, and only one that names no person at all is left out. Source: WeCom doc 94670.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final
from urllib.parse import unquote

import structlog

from bot.channels.events import MAX_KIND
from bot.channels.keys import identity_key
from content.customer_service import File, Rejecting, Served, Shared, Undelivered
from content.messages import Entered, Event, Image, Inbound, InboundBody, Link, Location, Text, Video, Voice
from handlers.conversation.ports import Heard

_log = structlog.get_logger(__name__)
Item = Mapping[str, Any]

#: Who a message is from.
_CUSTOMER, _SERVICER = 3, 5
#: Why a message that was accepted did not arrive: our words for `fail_type`. They are stored.
FAILURES: Final[Mapping[int, str]] = {
    0: "platform_unknown",
    1: "account_deleted",
    2: "application_closed",
    4: "window_closed",
    5: "session_closed",
    6: "quota_exhausted",
    7: "channels_not_bound",
    8: "subject_unverified",
    9: "channels_not_bound",
    10: "rejected_by_customer",
    11: "nobody_signed_in",
    12: "type_forbidden",
}
#: `change_type` of session_status_change.
_CHANGES: Final[Mapping[int, str]] = {1: "taken", 2: "transferred", 3: "ended", 4: "retaken"}


def is_external(identifier: str) -> bool:
    """Tell whether an id of the corporation's realm is a customer's: external_userids begin with wm or wo.

    A member could be called so too; nobody is 28 characters long by chance.
    """
    return identifier.startswith(("wm", "wo")) and 28 <= len(identifier) <= 64


def parse_item(item: Any, *, account: str, open_kfid: str) -> Heard | None:
    """Return one item of a page; None for one that cannot be anybody's. Never raises."""
    try:
        return _heard(item, account=account, open_kfid=open_kfid)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        msgid = item.get("msgid") if isinstance(item, Mapping) else None
        _log.warning("feed_item_skipped", account=account, msgid=msgid, detail=f"{type(error).__name__}: {error}")
        return None


def _heard(item: Item, *, account: str, open_kfid: str) -> Heard:
    kind, msgid = _word(item["msgtype"]), _word(item["msgid"])
    event = item["event"] if kind == "event" else None
    sender, body, staff = _event(event) if event is not None else _message(item, kind)
    if not 0 < len(sender) <= 128 or not msgid:
        raise ValueError("it names nobody")
    inbound = Inbound(
        account=account,
        sender=sender,
        key=identity_key("kf", open_kfid, msgid),
        sent_at=datetime.fromtimestamp(int(item["send_time"]), UTC),
        body=body,
    )
    return Heard(inbound=inbound, staff=staff)


def _message(item: Item, kind: str) -> tuple[str, InboundBody, str | None]:
    content = item.get(kind)
    content = content if isinstance(content, Mapping) else {}
    try:
        body = _BODIES[kind](content) if kind in _BODIES else Shared(what=kind[:MAX_KIND], details=_plain(content))
    except (KeyError, TypeError, ValueError):
        body = Event(kind=kind[:MAX_KIND], fields=_plain(content))
    sender, origin = _word(item["external_userid"]), item.get("origin")
    if not is_external(sender):
        raise ValueError("external_userid is no customer's")
    if origin == _SERVICER:
        return sender, body, _word(item.get("servicer_userid") or "") or "-"
    if origin != _CUSTOMER:
        # 4 is the platform itself: a notice to the customer, say. It is neither's words.
        return sender, Event(kind=f"kf_{kind}"[:MAX_KIND], fields=_plain(content)), None
    return sender, body, None


def _text(content: Item) -> InboundBody:
    return Text(content=_word(content["content"]), option=_optional(content, "menu_id"))


def _location(content: Item) -> InboundBody:
    latitude, longitude = float(content["latitude"]), float(content["longitude"])
    if not (isfinite(latitude) and isfinite(longitude)):
        raise ValueError("not a place")
    named = [part for part in (_optional(content, "name"), _optional(content, "address")) if part]
    return Location(latitude=latitude, longitude=longitude, label=" ".join(named) or None)


def _link(content: Item) -> InboundBody:
    return Link(
        title=_optional(content, "title") or "", url=_word(content["url"]), description=_optional(content, "desc")
    )


_BODIES: Final[Mapping[str, Callable[[Item], InboundBody]]] = {
    "text": _text,
    "image": lambda content: Image(media_id=_word(content["media_id"])),
    "voice": lambda content: Voice(media_id=_word(content["media_id"])),
    "video": lambda content: Video(media_id=_word(content["media_id"])),
    "file": lambda content: File(media_id=_word(content["media_id"])),
    "location": _location,
    "link": _link,
}


def _event(event: Item) -> tuple[str, InboundBody, str | None]:
    kind = _word(event["event_type"])
    # Of a servicer's own doings the person is the servicer.
    sender = _word(event.get("external_userid") or event.get("servicer_userid") or "")
    read = _EVENTS.get(kind)
    try:
        body = read(event) if read is not None else None
    except (KeyError, TypeError, ValueError):
        body = None
    return sender, body or Event(kind=kind[:MAX_KIND], fields=_plain(event)), None


def _entered(event: Item) -> InboundBody:
    # scene_param is what was put behind the link, url-encoded by whoever made it; scene is the link's own word.
    scene = unquote(_optional(event, "scene_param") or "") or _optional(event, "scene")
    return Entered(scene=scene, code=_optional(event, "welcome_code"))


def _failed(event: Item) -> InboundBody:
    return Undelivered(
        message=_word(event["fail_msgid"]), reason=FAILURES.get(int(event["fail_type"]), "platform_unknown")
    )


def _session(event: Item) -> InboundBody:
    change = _CHANGES.get(int(event["change_type"]))
    if change is None:
        raise ValueError("a change this version does not know")
    by = None if change == "ended" else _word(event["new_servicer_userid"])
    return Served(by=by, change=change, code=_optional(event, "msg_code"))


def _rejecting(event: Item) -> InboundBody:
    return Rejecting(on=int(event["reject_switch"]) == 1)


_EVENTS: Final[Mapping[str, Callable[[Item], InboundBody]]] = {
    "enter_session": _entered,
    "msg_send_fail": _failed,
    "session_status_change": _session,
    "reject_customer_msg_switch_change": _rejecting,
}


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} where text is expected")
    return _sound(value)


def _optional(content: Item, name: str) -> str | None:
    value = content.get(name)
    return None if value is None or value == "" else _word(value)


def _sound(text: str) -> str:
    """Return the text without what no database can hold: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _plain(value: Any) -> dict[str, Any]:
    """Return fields as they came, their texts made sound. Deeper than a few levels nothing is kept."""
    plain = _value(value, 6)
    return plain if isinstance(plain, dict) else {}


def _value(value: Any, depth: int) -> Any:
    match value:
        case str():
            return _sound(value)
        case bool() | int() | None:
            return value
        case float():
            return value if isfinite(value) else None
        case Mapping() if depth:
            return {_sound(str(name)): _value(part, depth - 1) for name, part in value.items()}
        case list() if depth:
            return [_value(part, depth - 1) for part in value]
        case _:
            return None
