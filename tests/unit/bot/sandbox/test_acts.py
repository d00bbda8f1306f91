"""What acts become in the platform's names, and the identity the platform gives them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.acts import Act, message_fields, message_key, missing_field, spoken
from bot.sandbox.envelope import render_xml
from bot.sandbox.errors import ControlError
from bot.sandbox.menu_events import menu_event

_SAMPLES = Path(__file__).parents[3] / "samples"


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
        (_act("video", thumb_media_id="t1"), {"MsgType": "video", "MediaId": "m1", "ThumbMediaId": "t1"}),
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


def test_a_mini_program_that_was_opened_is_told_as_each_platform_tells_it() -> None:
    act = _act("view_miniprogram", appid="wx0000000000000001", pagepath="pages/index", menu_id="7")
    told = {"Event": "view_miniprogram", "EventKey": "pages/index"}

    assert menu_event(act, picture=b"", wecom=False) == {**told, "MenuId": "7"}
    assert menu_event(act, picture=b"", wecom=True) == {**told, "AppID": "wx0000000000000001", "AppType": "wxwork"}
    assert spoken(act, wecom=False) == "pages/index"


@pytest.mark.parametrize(
    ("sample", "act"),
    [
        (
            "event_template_card_event.xml",
            _act(
                "template_card_event",
                key="submit",
                task_id="task-2",
                card_type="multiple_interaction",
                selected={"q1": ["a", "b"], "q2": ["c"]},
            ),
        ),
        (
            "event_template_card_event_single.xml",
            _act(
                "template_card_event",
                key="submit",
                task_id="task-3",
                card_type="vote_interaction",
                selected={"q1": ["a"]},
            ),
        ),
        (
            "event_template_card_menu_event.xml",
            _act(
                "template_card_menu_event",
                key="more",
                task_id="task-4",
                card_type="text_notice",
                selected={"q1": ["a"]},
            ),
        ),
    ],
)
def test_a_press_on_a_card_is_told_in_the_words_of_the_platform_s_sample(sample: str, act: Act) -> None:
    told = menu_event(act, picture=b"", wecom=True)
    xml = (_SAMPLES / "wecom" / sample).read_text("utf-8").replace("\n", "")
    code = re.search("<ResponseCode><!\\[CDATA\\[(.*?)]]>", xml)

    assert code is not None
    assert (
        render_xml({**told, "ResponseCode": code[1]}, root="told").removeprefix("<told>").removesuffix("</told>") in xml
    )
    assert told["ResponseCode"] != menu_event(act, picture=b"", wecom=True)["ResponseCode"]


def test_official_accounts_have_no_template_cards() -> None:
    with pytest.raises(ControlError, match="公众号没有模板卡片"):
        menu_event(_act("template_card_event", key="k"), picture=b"", wecom=False)


@pytest.mark.parametrize(
    "act",
    [
        *("text", "click", "view", "link", "raw_event", "raw_message"),
        *("view_miniprogram", "template_card_event", "template_card_menu_event"),
    ],
)
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
