"""Official account pushes to `content` messages; the fields are read by wechatpy's message and event classes.

wechatpy is given a dict, so XML and JSON pushes go the same way (its own `parse_message` knows XML only, and strips the
outer spaces of what people write). What it does not do, or does wrong, is done here:
- MsgId is an int with default 0 there; here it must be present and stays the digits that came (64 bits, as text).
- Kinds are looked up in lower case as wechatpy does; the identity key keeps the event's name as it came.
- `subscribe_msg_*` and `PUBLISHJOBFINISH` are unknown to 1.8.18; the former's change event sometimes carries the popup
  event's element name, and in JSON its `List` may stand outside of that element.

Source: WeChat doc, "receiving messages", "receiving events".
"""

from __future__ import annotations

from collections.abc import Callable

from wechatpy.events import EVENT_TYPES
from wechatpy.messages import MESSAGE_TYPES

from bot.channels.bodies import MESSAGE_BODIES, needed, optional, sender_of, sent_at
from bot.channels.callback import BadCallback
from bot.channels.document import Document, Node, digits_of, text_of
from bot.channels.events import MAX_KIND, event_fields, raw_fields
from bot.channels.keys import identity_key
from content.messages import Event, Follow, Inbound, InboundBody, MenuClick, MenuScan, MenuView, Scan, Unfollow

_SCENE_PREFIX = "qrscene_"
#: The element that holds a subscription event's entries.
_SUBSCRIPTION_HOLDERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
#: Events without behaviour of their own whose shape is known.
KNOWN_EVENTS = frozenset(
    {
        "location",
        "view_miniprogram",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
        "templatesendjobfinish",
        "masssendjobfinish",
        "publishjobfinish",
        "kf_create_session",
        "kf_close_session",
        "kf_switch_session",
        "user_info_modified",
        "user_authorization_revoke",
        "qualification_verify_success",
        "qualification_verify_fail",
        "naming_verify_success",
        "naming_verify_fail",
        "annual_renew",
        "verify_expired",
        *_SUBSCRIPTION_HOLDERS,
    }
)
_OBJECTS = frozenset(
    {
        "SendPicsInfo",
        "SendLocationInfo",
        "CopyrightCheckResult",
        "ArticleUrlResult",
        "PublishEventInfo",
        *_SUBSCRIPTION_HOLDERS.values(),
    }
)
_TEXTS = frozenset(
    {
        "EventKey",
        "Ticket",
        "MenuId",
        "Latitude",
        "Longitude",
        "Precision",
        "MsgID",
        "Status",
        "TotalCount",
        "FilterCount",
        "SentCount",
        "ErrorCount",
        "KfAccount",
        "FromKfAccount",
        "ToKfAccount",
        "ExpiredTime",
        "FailTime",
        "FailReason",
        "OpenID",
        "AppID",
    }
)


def parse(document: Document, text: str, *, account: str, original_id: str) -> Inbound:
    """Return the message in a verified document; `text` is what the document was read from.

    Raises BadCallback when it is not addressed to `original_id`, or a field that is read has another shape.
    """
    target = text_of(document, "ToUserName")
    if target != original_id:
        raise BadCallback(
            "wrong_receiver",
            "ToUserName is not this account's original id; check original_id in the settings",
            status=403,
        )
    sender = sender_of(document)
    moment = sent_at(document)
    kind = text_of(document, "MsgType").lower()
    if kind == "event":
        document = _under_its_holder(document)
        key = _event_key(document, target, sender)
        body = _event(document, text)
    elif kind in MESSAGE_BODIES:
        key = identity_key("m", target, sender, digits_of(document, "MsgId", limit=20))
        body = MESSAGE_BODIES[kind](MESSAGE_TYPES[kind](document))
    else:
        key = _unknown_key(document, target, sender)
        body = Event(kind=f"message:{kind[:MAX_KIND]}", fields=raw_fields(document, text))
    return Inbound(account=account, sender=sender, key=key, sent_at=moment, body=body)


def _event_key(document: Document, target: str, sender: str) -> str:
    parts = [text_of(document, name, default="") for name in ("CreateTime", "Event", "EventKey", "MsgID")]
    # Job-finished events of one second and one person differ in the job only.
    job = parts.pop() or _job(document)
    return identity_key("e", target, sender, *parts, *([job] if job else []))


def _job(document: Document) -> str:
    """Return the job's id where it stands inside: publishing, and receipts of subscription messages."""
    published = document.get("PublishEventInfo")
    if isinstance(published, dict):
        return text_of(published, "publish_id", default="")
    sent = document.get("SubscribeMsgSentEvent")
    entries = sent.get("List") if isinstance(sent, dict) else None
    listed = entries if isinstance(entries, list) else [entries]
    return ",".join(text_of(entry, "MsgID", default="") for entry in listed if isinstance(entry, dict))


def _unknown_key(document: Document, target: str, sender: str) -> str:
    number = text_of(document, "MsgId", default="")
    if number:
        return identity_key("m", target, sender, number)
    return identity_key("e", target, sender, text_of(document, "CreateTime"), text_of(document, "MsgType"), "")


def _event(document: Document, text: str) -> InboundBody:
    name = text_of(document, "Event").lower()
    if name in TYPED_EVENTS:
        return TYPED_EVENTS[name](document)
    if name in KNOWN_EVENTS:
        return Event(kind=name, fields=event_fields(document, objects=_OBJECTS, texts=_TEXTS))
    return Event(kind=name[:MAX_KIND], fields=raw_fields(document, text))


def _under_its_holder(document: Document) -> Document:
    """Return a subscription event with its entries under the right element: see the module's docstring."""
    holder = _SUBSCRIPTION_HOLDERS.get(text_of(document, "Event").lower())
    if holder is None or holder in document:
        return document
    found = dict(document)
    entries: Node = {"List": found.pop("List")} if "List" in found else {}
    found[holder] = found.pop("SubscribeMsgPopupEvent", entries)
    return found


def _subscribe(document: Document) -> Follow:
    # wechatpy's parser strips the prefix and changes the class; a key without it (a follow from a payment or a product
    # page) is kept whole, so that where people come from is not lost.
    key = text_of(document, "EventKey", default="").removeprefix(_SCENE_PREFIX)
    event = EVENT_TYPES["subscribe_scan"]({**document, "EventKey": key})
    return Follow(scene=optional(event.scene_id, "EventKey"), ticket=optional(event.ticket, "Ticket"))


def _scan(document: Document) -> Scan:
    event = EVENT_TYPES["scan"](document)
    return Scan(scene=needed(event.scene_id, "EventKey"), ticket=optional(event.ticket, "Ticket"))


def _unfollow(_document: Document) -> Unfollow:
    return Unfollow()


def _click(document: Document) -> MenuClick:
    return MenuClick(key=needed(EVENT_TYPES["click"](document).key, "EventKey"))


def _view(document: Document) -> MenuView:
    return MenuView(url=needed(EVENT_TYPES["view"](document).url, "EventKey"))


def _menu_scan(document: Document) -> MenuScan:
    scanned = document.get("ScanCodeInfo")
    if not isinstance(scanned, dict):
        raise BadCallback("bad_types", "ScanCodeInfo is not an object")
    return MenuScan(
        key=needed(document.get("EventKey"), "EventKey"),
        result=optional(scanned.get("ScanResult"), "ScanResult") or "",
        code=optional(scanned.get("ScanType"), "ScanType"),
    )


TYPED_EVENTS: dict[str, Callable[[Document], InboundBody]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unfollow,
    "scan": _scan,
    "click": _click,
    "view": _view,
    "scancode_push": _menu_scan,
    "scancode_waitmsg": _menu_scan,
}
