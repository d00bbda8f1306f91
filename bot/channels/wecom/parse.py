"""WeCom application pushes to `content` messages; the fields are read by wechatpy's enterprise classes.

wechatpy.enterprise is given the dict of the decrypted document. What it does not do is done here: AgentID and MsgId are
checked instead of defaulting to 0, and the events it does not know (cards, approvals, address book, activity) become
`Event` with their fields. Event names are lower case here but for LOCATION; all are looked up in lower case.

Source: WeCom docs 90239 (messages), 90240 (events).
"""

from __future__ import annotations

from collections.abc import Callable

from wechatpy.enterprise.events import EVENT_TYPES
from wechatpy.enterprise.messages import MESSAGE_TYPES

from bot.channels.bodies import MESSAGE_BODIES, needed, sender_of, sent_at
from bot.channels.callback import BadCallback
from bot.channels.document import Document, digits_of, text_of
from bot.channels.events import MAX_KIND, event_fields, raw_fields
from bot.channels.keys import identity_key
from content.messages import Entered, Event, Follow, Inbound, InboundBody, MenuClick, MenuView, Unfollow

#: Events without behaviour of their own whose shape is known.
KNOWN_EVENTS = frozenset(
    {
        "location",
        "batch_job_result",
        "change_contact",
        "view_miniprogram",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
        "open_approval_change",
        "sys_approval_change",
        "share_agent_change",
        "share_chain_change",
        "taskcard_click",
        "template_card_event",
        "template_card_menu_event",
        "inactive_alert",
        "close_inactive_agent",
        "reopen_inactive_agent",
        "low_active_alert",
        "low_active",
        "active_restored",
    }
)
_OBJECTS = frozenset(
    {"ScanCodeInfo", "SendPicsInfo", "SendLocationInfo", "BatchJob", "ApprovalInfo", "SelectedItems", "ExtAttr"}
)
_TEXTS = frozenset(
    {
        "EventKey",
        "AgentID",
        "AgentId",
        "AppType",
        "Latitude",
        "Longitude",
        "Precision",
        "ChangeType",
        "UserID",
        "NewUserID",
        "Id",
        "ParentId",
        "TagId",
        "TaskId",
        "CardType",
        "ResponseCode",
        "EffectTime",
    }
)
#: What tells apart two events of one second with the same name and key: who or what they are about.
_IDENTITY = ("TaskId", "Id", "TagId")
#: The same for changes of people, which always have all three places.
_CHANGE = ("ChangeType", "UserID", "ExternalUserID")
#: The same where it stands inside an element.
_INNER_IDENTITY = (
    ("BatchJob", ("JobId",)),
    ("ApprovalInfo", ("ThirdNo", "SpNo", "OpenSpStatus", "SpStatus", "StatuChangeEvent")),
)


def parse(document: Document, text: str, *, account: str, corp_id: str, agent_id: int) -> Inbound:
    """Return the message in a verified document; `text` is what the document was read from.

    Raises BadCallback when it is not addressed to the corporation and application, or a field that is read has another
    shape. Events about the corporation (address book, jobs) have the sender `sys`.
    """
    _check_addressee(document, corp_id, str(agent_id))
    sender = sender_of(document)
    moment = sent_at(document)
    agent = str(agent_id)
    kind = text_of(document, "MsgType").lower()
    if kind == "event":
        key = _event_key(document, agent, sender)
        body = _event(document, text)
    elif kind in MESSAGE_BODIES:
        key = identity_key("m", agent, sender, digits_of(document, "MsgId", limit=20))
        body = MESSAGE_BODIES[kind](MESSAGE_TYPES[kind](document))
    else:
        key = _unknown_key(document, agent, sender)
        body = Event(kind=f"message:{kind[:MAX_KIND]}", fields=raw_fields(document, text))
    return Inbound(account=account, sender=sender, key=key, sent_at=moment, body=body)


def _check_addressee(document: Document, corp_id: str, agent_id: str) -> None:
    if text_of(document, "ToUserName") != corp_id:
        raise BadCallback("wrong_receiver", "ToUserName is not this corp id; check corp_id in the settings", status=403)
    # taskcard_click spells it AgentId; events about the corporation have none.
    agent = text_of(document, "AgentID", default="") or text_of(document, "AgentId", default="")
    if agent and agent != agent_id:
        raise BadCallback(
            "wrong_receiver",
            "AgentID is another application's; check agent_id, or the callback URL in the console",
            status=403,
        )


def _event_key(document: Document, agent: str, sender: str) -> str:
    named = [text_of(document, name, default="") for name in ("CreateTime", "Event", "EventKey")]
    changed = [text_of(document, name, default="") for name in _CHANGE] if "ChangeType" in document else []
    about = [text_of(document, name, default="") for name in _IDENTITY]
    for holder, names in _INNER_IDENTITY:
        inner = document.get(holder)
        if isinstance(inner, dict):
            about += [text_of(inner, name, default="") for name in names]
    return identity_key("e", agent, sender, *named, *changed, *filter(None, about))


def _unknown_key(document: Document, agent: str, sender: str) -> str:
    number = text_of(document, "MsgId", default="")
    if number:
        return identity_key("m", agent, sender, number)
    return identity_key("e", agent, sender, text_of(document, "CreateTime"), text_of(document, "MsgType"), "")


def _event(document: Document, text: str) -> InboundBody:
    name = text_of(document, "Event").lower()
    if name in TYPED_EVENTS:
        return TYPED_EVENTS[name](document)
    if name in KNOWN_EVENTS:
        return Event(kind=name, fields=event_fields(document, objects=_OBJECTS, texts=_TEXTS))
    return Event(kind=name[:MAX_KIND], fields=raw_fields(document, text))


def _follow(_document: Document) -> Follow:
    return Follow()


def _unfollow(_document: Document) -> Unfollow:
    return Unfollow()


def _entered(_document: Document) -> Entered:
    return Entered()


def _click(document: Document) -> MenuClick:
    return MenuClick(key=needed(EVENT_TYPES["click"](document).key, "EventKey"))


def _view(document: Document) -> MenuView:
    return MenuView(url=needed(EVENT_TYPES["view"](document).url, "EventKey"))


TYPED_EVENTS: dict[str, Callable[[Document], InboundBody]] = {
    "subscribe": _follow,
    "unsubscribe": _unfollow,
    "enter_agent": _entered,
    "click": _click,
    "view": _view,
}
