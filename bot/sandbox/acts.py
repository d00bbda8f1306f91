"""What a person can do on the phone, turned into what the platform tells the bot about it.

WeChat doc: receiving messages and events; WeCom doc: the same of applications. Doing something also changes the world:
who follows, and how many messages the account may send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ActKind = Literal[
    "follow",
    "unfollow",
    "scan",
    "text",
    "image",
    "voice",
    "video",
    "shortvideo",
    "location",
    "link",
    "click",
    "view",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "view_miniprogram",
    "template_card_event",
    "template_card_menu_event",
    "enter",
    "file",
    "recall",
    "reject",
    "accept",
    "raw_event",
    "raw_message",
]


class Act(BaseModel):
    """One act, as the control API takes it; which fields count depends on `act`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str
    person: str
    act: ActKind
    #: True: answer when the push is settled.
    wait: bool | None = None
    text: str = ""
    #: Identifier of the tapped option of a menu message.
    option: str | None = None
    recognition: str | None = None
    media_id: str | None = None
    #: The still of a video; without it the video stands for its own.
    thumb_media_id: str | None = None
    format: str = "amr"
    latitude: float = Field(default=31.2304, ge=-90, le=90)
    longitude: float = Field(default=121.4737, ge=-180, le=180)
    scale: int = 15
    label: str = ""
    title: str = ""
    description: str = ""
    url: str = ""
    picurl: str = ""
    #: Menu key of a click or of a special button, or key of a card's button; what was scanned stands in `url`.
    key: str = ""
    menu_id: str = ""
    #: The mini program that a button opens, and the page in it.
    appid: str = ""
    pagepath: str = ""
    #: The template card that a button belongs to, and what was chosen on it: ids of options by the question's key.
    task_id: str = ""
    card_type: str = ""
    selected: dict[str, list[str]] = Field(default_factory=dict)
    #: The scanned code: its scene, its ticket, or the address inside of it (`url`).
    scene: str | None = None
    ticket: str | None = None
    #: `raw_event`: the event's name; `raw_message`: the MsgType; `fields` are added as they are.
    event: str = ""
    msgtype: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    #: Forced MsgId and CreateTime (epoch seconds), for the platform's stranger days.
    msg_id: int | None = None
    create_time: int | None = None


#: Acts of WeChat customer service alone.
OF_CUSTOMER_SERVICE = frozenset({"file", "recall", "reject", "accept"})
#: Acts that are messages; all others are events.
MESSAGES = frozenset(
    {"text", "image", "voice", "video", "shortvideo", "location", "link", "raw_message"},
)
_NEEDED = {
    "text": ("text", "请写上要说的话（text）"),
    "click": ("key", "请写上菜单的 key"),
    "view": ("url", "请写上网页地址（url）"),
    "scancode_push": ("url", "请写上扫到的内容（url）"),
    "scancode_waitmsg": ("url", "请写上扫到的内容（url）"),
    "view_miniprogram": ("pagepath", "请写上小程序的页面（pagepath）"),
    "template_card_event": ("key", "请写上卡片按钮的 key"),
    "template_card_menu_event": ("key", "请写上卡片菜单的 key"),
    "link": ("url", "请写上网页地址（url）"),
    "raw_event": ("event", "请写上事件名（event）"),
    "raw_message": ("msgtype", "请写上消息类型（msgtype）"),
}


def missing_field(act: Act) -> str | None:
    """Return the sentence that asks for what this act lacks, or None when it is complete."""
    name, sentence = _NEEDED.get(act.act, ("act", ""))
    return None if getattr(act, name) else sentence


def message_fields(act: Act, *, media_id: str, media_url: str, wecom: bool) -> dict[str, Any]:
    """Return MsgType and content of a message act, in the platform's names.

    WeChat doc: receiving ordinary messages; WeCom doc: message formats (which has no speech recognition).
    """
    match act.act:
        case "text":
            tapped = {"bizmsgmenuid": act.option} if act.option is not None and not wecom else {}
            return {"MsgType": "text", "Content": act.text, **tapped}
        case "image":
            return {"MsgType": "image", "PicUrl": media_url, "MediaId": media_id}
        case "voice":
            heard = {} if wecom or act.recognition is None else {"Recognition": act.recognition}
            return {"MsgType": "voice", "MediaId": media_id, "Format": act.format, **heard}
        case "video" | "shortvideo":
            return {"MsgType": act.act, "MediaId": media_id, "ThumbMediaId": act.thumb_media_id or media_id}
        case "location":
            place = {"Location_X": act.latitude, "Location_Y": act.longitude, "Scale": act.scale, "Label": act.label}
            return {"MsgType": "location", **place, **({"AppType": "wxwork"} if wecom else {})}
        case "link":
            pic = {"PicUrl": act.picurl} if wecom else {}
            return {"MsgType": "link", "Title": act.title, "Description": act.description, "Url": act.url, **pic}
        case _:
            return {"MsgType": act.msgtype, **act.fields}


def spoken(act: Act, *, wecom: bool) -> str:
    """Return what the act tells the bot in words, for the record and the chat."""
    match act.act:
        case "text" | "raw_message":
            return act.text
        case "voice":
            return "" if wecom else act.recognition or ""
        case "location" | "location_select":
            return act.label
        case "link":
            return act.title
        case "click" | "template_card_event" | "template_card_menu_event":
            return act.key
        case "view_miniprogram":
            return act.pagepath
        case "view" | "scancode_push" | "scancode_waitmsg":
            return act.url
        case "scan" | "follow":
            return act.scene or ""
        case "raw_event":
            return act.event
        case _:
            return ""


def message_key(fields: Mapping[str, Any], *, owner: str, wecom: bool) -> str:
    """Return the platform's own identity of a message or event; `owner` is the original id or the AgentID.

    Messages: MsgId within owner and sender, because MsgIds alone collide. Events have none: time, event and key, and
    for job-finished and contact events what else tells two of one second apart.
    """
    sender = fields["FromUserName"]
    if "MsgId" in fields:
        return f"m:{owner}:{sender}:{fields['MsgId']}"
    parts = [f"e:{owner}:{sender}:{fields['CreateTime']}:{fields.get('Event', '')}:{fields.get('EventKey', '')}"]
    if not wecom:
        return ":".join([*parts, str(fields["MsgID"])] if "MsgID" in fields else parts)
    if "ChangeType" in fields:
        parts += [str(fields.get(name, "")) for name in ("ChangeType", "UserID", "ExternalUserID")]
    elif "TaskId" in fields:
        parts.append(str(fields["TaskId"]))
    return ":".join(parts)
