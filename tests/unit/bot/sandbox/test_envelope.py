"""Callbacks as they leave the platform, read by parsers that are not the sandbox's."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise.crypto import WeChatCrypto as WecomCrypto
from wechatpy.utils import check_signature

from bot.sandbox.crypto import Sealer
from bot.sandbox.envelope import (
    Callback,
    Format,
    Mode,
    Stamp,
    official_callback,
    render_xml,
    sendable,
    wecom_callback,
)

TOKEN = "token"
AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
APP_ID = "wx49f0ab532d5d035a"
STAMP = Stamp(timestamp=1714037059, nonce="486452656")
FIELDS: dict[str, Any] = {
    "ToUserName": "gh_1",
    "FromUserName": "oA",
    "CreateTime": 1714037059,
    "MsgType": "text",
    "Content": "怎么理赔]]>？<b>&",
    "MsgId": 2**62 + 7,
}


def _official(mode: Mode, format: Format, *, stamp: Stamp = STAMP) -> Callback:
    sealer = Sealer.of(AES_KEY, APP_ID)
    return official_callback(FIELDS, mode=mode, format=format, token=TOKEN, sealer=sealer, stamp=stamp, openid="oA")


def _query(callback: Callback) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(callback.query).items()}


def _tags(body: bytes) -> list[str]:
    root: Element = fromstring(body)
    return [child.tag for child in root]


def test_a_plain_push_is_bare_xml_with_a_signature_over_the_token() -> None:
    callback = _official("plain", "xml")
    query = _query(callback)
    check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
    message = parse_message(callback.body)
    assert (message.content, message.id, message.source) == (FIELDS["Content"], FIELDS["MsgId"], "oA")
    assert set(query) == {"signature", "timestamp", "nonce", "openid"}
    assert callback.content_type == "text/xml"


def test_a_safe_push_shows_only_the_receiver_and_opens_with_wechatpy() -> None:
    callback = _official("safe", "xml")
    query = _query(callback)
    opened = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(
        callback.body, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    assert parse_message(opened).content == FIELDS["Content"]
    assert _tags(callback.body) == ["ToUserName", "Encrypt"]
    assert query["encrypt_type"] == "aes"


def test_a_compatible_push_carries_both_the_fields_and_the_ciphertext() -> None:
    callback = _official("compatible", "xml")
    query = _query(callback)
    opened = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(
        callback.body, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    assert parse_message(callback.body).content == parse_message(opened).content == FIELDS["Content"]
    assert _tags(callback.body) == [*FIELDS, "Encrypt"]


def test_a_plain_json_push_keeps_the_names_and_the_64_bit_number() -> None:
    callback = _official("plain", "json")
    assert json.loads(callback.body) == FIELDS
    assert "怎么理赔".encode() in callback.body
    assert callback.content_type == "application/json"


def test_a_safe_json_push_encrypts_a_json_object() -> None:
    callback = _official("safe", "json")
    document = json.loads(callback.body)
    assert set(document) == {"ToUserName", "Encrypt"}
    assert json.loads(Sealer.of(AES_KEY, APP_ID).decrypt(document["Encrypt"])) == FIELDS


def test_a_compatible_json_push_carries_both() -> None:
    document = json.loads(_official("compatible", "json").body)
    opened = json.loads(Sealer.of(AES_KEY, APP_ID).decrypt(document.pop("Encrypt")))
    assert document == opened == FIELDS


@pytest.mark.parametrize("mode", ["safe", "compatible", "plain"])
def test_a_wrong_signature_differs_in_every_signature_of_the_query(mode: Mode) -> None:
    wrong = _query(_official(mode, "xml", stamp=Stamp(timestamp=1714037059, nonce="486452656", wrong_signature=True)))
    right = _query(_official(mode, "xml"))
    names = [name for name in right if name.endswith("signature")]
    assert all(wrong[name] != right[name] for name in names)


def test_a_wecom_push_names_the_agent_and_opens_with_wechatpy() -> None:
    callback = wecom_callback(
        FIELDS, corp_id="ww1", agent_id=1000002, token=TOKEN, sealer=Sealer.of(AES_KEY, "ww1"), stamp=STAMP
    )
    query = _query(callback)
    opened = WecomCrypto(TOKEN, AES_KEY, "ww1").decrypt_message(
        callback.body, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    assert fromstring(opened).findtext("Content") == FIELDS["Content"]
    assert _tags(callback.body) == ["ToUserName", "AgentID", "Encrypt"]
    assert set(query) == {"msg_signature", "timestamp", "nonce"}


def test_nested_fields_and_lists_become_elements_and_items() -> None:
    xml = render_xml({"SendPicsInfo": {"Count": 2, "PicList": [{"PicMd5Sum": "a"}, {"PicMd5Sum": "b"}]}})
    root = fromstring(xml)
    assert [item.findtext("PicMd5Sum") for item in root.iterfind("SendPicsInfo/PicList/item")] == ["a", "b"]


@given(st.text())
def test_every_text_a_phone_can_send_comes_back_from_the_xml_unchanged(text: str) -> None:
    sent = sendable(text)
    assert (fromstring(render_xml({"Content": sent})).findtext("Content") or "") == sent


def test_what_no_callback_can_carry_is_left_out() -> None:
    assert sendable("a\x00b\ud800c\r\nd\re\tf😀") == "abc\nd\ne\tf😀"
