"""What acts become in the platform's names, and the identity the platform gives them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.acts import Act, message_fields, message_key, missing_field, spoken
from bot.sandbox.menu_events import menu_event


def _act(act: str, **fields: Any) -> Act:
    return Act.model_validate({"account": "service", "person": "alice", "act": act, **fields})


def _fields(act: Act, *, wecom: bool = False) -> dict[str, Any]:
    return message_fields(act, media_id="m1", media_url="http://x/m1", wecom=wecom)


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (_act("text", text="你好"), {"MsgType": "text", "Content": "你好"}),
        (_act("text", text="是", option="yes"), {"MsgType": "text", "Content": "是", "bizmsgmenuid": "yes"}),
        (_act("image"), {"MsgType": "image", "PicUrl": "http://x/m1", "MediaId": "m1"}),
        (_act("voice"), {"MsgType": "voice", "MediaId": "m1", "Format": "amr"}),
        (
            _act("voice", recognition="理赔"),
            {"MsgType": "voice", "MediaId": "m1", "Format": "amr", "Recognition": "理赔"},
        ),
        (_act("video"), {"MsgType": "video", "MediaId": "m1", "ThumbMediaId": "m1"}),
        (_act("shortvideo"), {"MsgType": "shortvideo", "MediaId": "m1", "ThumbMediaId": "m1"}),
        (
            _act("location", latitude=1.5, longitude=2.5, label="外滩"),
            {"MsgType": "location", "Location_X": 1.5, "Location_Y": 2.5, "Scale": 15, "Label": "外滩"},
        ),
        (
            _act("link", title="t", description="d", url="http://u"),
            {"MsgType": "link", "Title": "t", "Description": "d", "Url": "http://u"},
        ),
        (_act("raw_message", msgtype="sticker", fields={"A": "1"}), {"MsgType": "sticker", "A": "1"}),
    ],
)
def test_a_message_has_the_fields_of_its_kind(act: Act, fields: dict[str, Any]) -> None:
    assert _fields(act) == fields


def test_wecom_recognises_no_speech_and_names_its_map() -> None:
    assert "Recognition" not in _fields(_act("voice", recognition="理赔"), wecom=True)
    assert _fields(_act("location"), wecom=True)["AppType"] == "wxwork"


def test_only_words_that_the_bot_got_are_told() -> None:
    act = _act("voice", recognition="理赔")
    assert (spoken(act, wecom=False), spoken(act, wecom=True)) == ("理赔", "")


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (
            _act("scancode_push", key="K", url="http://u"),
            {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "http://u"}},
        ),
        (
            _act("scancode_waitmsg", key="K", url="6901234567892"),
            {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "6901234567892"}},
        ),
        (
            _act("pic_weixin", key="K"),
            {"SendPicsInfo": {"Count": 1, "PicList": [{"PicMd5Sum": "900150983cd24fb0d6963f7d28e17f72"}]}},
        ),
        (
            _act("location_select", key="K", latitude=1.5, longitude=2.5, label="外滩 上海"),
            {
                "SendLocationInfo": {
                    "Location_X": 1.5,
                    "Location_Y": 2.5,
                    "Scale": 15,
                    "Label": "外滩 上海",
                    "Poiname": "外滩",
                }
            },
        ),
    ],
)
def test_a_special_button_sends_its_own_event(act: Act, fields: dict[str, Any]) -> None:
    assert menu_event(act, picture=b"abc", wecom=False) == {"Event": act.act, "EventKey": "K", **fields}


@pytest.mark.parametrize("act", ["text", "click", "view", "link", "raw_event", "raw_message"])
def test_an_act_without_what_it_needs_is_asked_for_it(act: str) -> None:
    assert missing_field(_act(act)) is not None


@pytest.mark.parametrize("act", ["follow", "unfollow", "image", "voice", "enter"])
def test_an_act_that_needs_nothing_is_complete(act: str) -> None:
    assert missing_field(_act(act)) is None


@pytest.mark.parametrize(
    ("fields", "wecom", "key"),
    [
        ({"MsgId": 7}, False, "m:gh_1:oA:7"),
        ({"Event": "subscribe", "EventKey": ""}, False, "e:gh_1:oA:9:subscribe:"),
        ({"Event": "LOCATION"}, False, "e:gh_1:oA:9:LOCATION:"),
        ({"Event": "TEMPLATESENDJOBFINISH", "MsgID": 3}, False, "e:gh_1:oA:9:TEMPLATESENDJOBFINISH::3"),
        ({"Event": "click", "EventKey": "k"}, True, "e:gh_1:oA:9:click:k"),
        (
            {"Event": "change_external_contact", "ChangeType": "add", "UserID": "u", "ExternalUserID": "x"},
            True,
            "e:gh_1:oA:9:change_external_contact::add:u:x",
        ),
        (
            {"Event": "template_card_event", "EventKey": "k", "TaskId": "t"},
            True,
            "e:gh_1:oA:9:template_card_event:k:t",
        ),
    ],
)
def test_the_key_holds_what_tells_two_messages_apart(fields: dict[str, Any], wecom: bool, key: str) -> None:
    assert message_key({"FromUserName": "oA", "CreateTime": 9, **fields}, owner="gh_1", wecom=wecom) == key
