"""What the special buttons of a menu tell the bot, once the person has scanned, chosen pictures or picked a place.

WeChat doc: events of custom menus; WeCom doc: the same of applications. Pictures and places also arrive as messages of
their own, after the event: those are acts of their own here.
"""

from __future__ import annotations

import hashlib
from typing import Any

from bot.sandbox.acts import Act

SCANS = frozenset({"scancode_push", "scancode_waitmsg"})
PICTURES = frozenset({"pic_sysphoto", "pic_photo_or_album", "pic_weixin"})
MENU_EVENTS = SCANS | PICTURES | {"location_select"}


def menu_event(act: Act, *, picture: bytes, wecom: bool) -> dict[str, Any]:
    """Return the event of `act`, which is one of MENU_EVENTS; `picture` is the file that was chosen."""
    head = {"Event": act.act, "EventKey": act.key}
    if act.act in SCANS:
        return {**head, "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": act.url}}
    if act.act in PICTURES:
        digest = hashlib.md5(picture).hexdigest()
        return {**head, "SendPicsInfo": {"Count": 1, "PicList": [{"PicMd5Sum": digest}]}}
    place = {"Location_X": act.latitude, "Location_Y": act.longitude, "Scale": act.scale, "Label": act.label}
    poi = {"Poiname": act.label.partition(" ")[0]}
    return {**head, "SendLocationInfo": {**place, **poi}, **({"AppType": "wxwork"} if wecom else {})}
