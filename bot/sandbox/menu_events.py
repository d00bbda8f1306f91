"""What buttons tell the bot: the special ones of a menu, once the person has scanned, chosen or opened something, and
those of WeCom's template cards.

WeChat doc: events of custom menus; WeCom doc: the same of applications, template card events. Pictures and places also
arrive as messages of their own, after the event: those are acts of their own here.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from bot.sandbox.acts import Act
from bot.sandbox.errors import ControlError

SCANS = frozenset({"scancode_push", "scancode_waitmsg"})
PICTURES = frozenset({"pic_sysphoto", "pic_photo_or_album", "pic_weixin"})
CARDS = frozenset({"template_card_event", "template_card_menu_event"})
MENU_EVENTS = SCANS | PICTURES | CARDS | {"location_select", "view_miniprogram"}


def menu_event(act: Act, *, picture: bytes, wecom: bool) -> dict[str, Any]:
    """Return the event of `act`, which is one of MENU_EVENTS; `picture` is the file that was chosen.

    Raises:
        ControlError: 409 an official account sends no template cards.
    """
    head = {"Event": act.act, "EventKey": act.key}
    if act.act in SCANS:
        return {**head, "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": act.url}}
    if act.act in PICTURES:
        digest = hashlib.md5(picture).hexdigest()
        return {**head, "SendPicsInfo": {"Count": 1, "PicList": [{"PicMd5Sum": digest}]}}
    if act.act in CARDS:
        return {**head, **_card(act, wecom=wecom)}
    if act.act == "view_miniprogram":
        opened = {"AppID": act.appid, "AppType": "wxwork"} if wecom else {"MenuId": act.menu_id}
        return {**head, "EventKey": act.pagepath, **opened}
    place = {"Location_X": act.latitude, "Location_Y": act.longitude, "Scale": act.scale, "Label": act.label}
    poi = {"Poiname": act.label.partition(" ")[0]}
    return {**head, "SendLocationInfo": {**place, **poi}, **({"AppType": "wxwork"} if wecom else {})}


def _card(act: Act, *, wecom: bool) -> dict[str, Any]:
    if not wecom:
        raise ControlError(409, "公众号没有模板卡片，请改用企业微信应用")
    # Every press has a code of its own, good for one update of the card.
    code = secrets.token_urlsafe(32)
    fields: dict[str, Any] = {"TaskId": act.task_id, "CardType": act.card_type, "ResponseCode": code}
    if act.act == "template_card_event" and act.selected:
        fields["SelectedItems"] = {
            _Element("SelectedItem"): {
                "QuestionKey": question,
                "OptionIds": {_Element("OptionId"): option for option in options},
            }
            for question, options in act.selected.items()
        }
    return fields


class _Element(str):
    """An element's name that can stand in one mapping several times: no two of them are the same key.

    WeCom lists what was chosen as elements of one name, one after another; WeChat's lists are of `item` elements.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)
