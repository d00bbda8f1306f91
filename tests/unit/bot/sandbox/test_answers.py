"""How strictly passive replies are read: encryption, signature, addresses, length."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from wechatpy.crypto import WeChatCrypto

from bot.sandbox.answers import Answer, Reader, Result
from bot.sandbox.crypto import Sealer, sign
from bot.sandbox.envelope import Format, Mode

TOKEN = "token"
AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
APP_ID = "wx49f0ab532d5d035a"
SEALER = Sealer.of(AES_KEY, APP_ID)
HEAD = {"ToUserName": "oA", "FromUserName": "gh_1", "CreateTime": "1714037059"}


def _reader(mode: Mode = "plain", format: Format = "xml", *, channel: str = "wechat", **changes: Any) -> Reader:
    return Reader(
        channel=channel,
        mode=mode,
        format=format,
        token=TOKEN,
        sealer=SEALER,
        account_id="gh_1",
        person_id="oA",
        has_media=lambda media_id: media_id == "m1",
        **changes,
    )


def _xml(**fields: str) -> bytes:
    return ("<xml>" + "".join(f"<{k}>{v}</{k}>" for k, v in {**HEAD, **fields}.items()) + "</xml>").encode()


def _text(content: str = "您好") -> bytes:
    return _xml(MsgType="text", Content=content)


def _sealed(plain: bytes, *, signature: str | None = None, sealer: Sealer = SEALER, stamp: str = "1714037059") -> bytes:
    encrypted = sealer.encrypt(plain)
    signed = sign(TOKEN, stamp, "n", encrypted) if signature is None else signature
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature>{signed}</MsgSignature>"
        f"<TimeStamp>{stamp}</TimeStamp><Nonce>n</Nonce></xml>"
    ).encode()


def _shown(answer: Answer) -> dict[str, Any]:
    assert answer.shown is not None, answer.problem
    return answer.shown.described()


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("format", get_args(Format))
@pytest.mark.parametrize("body", [b"", b"success"])
def test_success_and_nothing_are_empty_answers_in_every_mode(mode: Mode, format: Format, body: bytes) -> None:
    assert _reader(mode, format).read(200, body).result is Result.EMPTY


@pytest.mark.parametrize("status", [201, 204, 302, 400, 403, 500, 503])
def test_any_status_but_200_is_no_answer(status: int) -> None:
    assert _reader().read(status, b"success").result is Result.STATUS


def test_a_plain_text_reply_is_shown() -> None:
    assert _shown(_reader().read(200, _text())) == {"kind": "text", "text": "您好"}


def test_a_reply_encrypted_by_wechatpy_is_shown_in_safe_mode() -> None:
    body = WeChatCrypto(TOKEN, AES_KEY, APP_ID).encrypt_message(_text().decode(), "n", "1714037059")
    assert _shown(_reader("safe").read(200, body.encode()))["text"] == "您好"


@pytest.mark.parametrize("body", [_text(), _sealed(_text())])
def test_compatible_mode_takes_plain_and_encrypted_replies(body: bytes) -> None:
    assert _reader("compatible").read(200, body).result is Result.REPLY


@pytest.mark.parametrize(
    ("mode", "body", "complaint"),
    [
        ("safe", _text(), "not encrypted"),
        ("plain", _sealed(_text()), "plaintext mode"),
        ("safe", _sealed(_text(), signature="0" * 40), "MsgSignature"),
        ("safe", _sealed(_text(), signature="签名"), "MsgSignature"),
        ("safe", _sealed(_text(), sealer=Sealer.of(AES_KEY, "wxother")), "receiver id"),
        ("safe", _sealed(_text(), stamp="soon"), "TimeStamp"),
        ("safe", b"<xml><Encrypt>abc</Encrypt></xml>", "lacks MsgSignature, TimeStamp, Nonce"),
        ("safe", _sealed(b"success"), "not XML"),
        ("plain", b"ok", "not XML"),
        ("plain", b"SUCCESS", "not XML"),
        ("plain", b"<reply><a>1</a></reply>", "root element"),
        ("plain", b"<xml></xml>", "no elements"),
        ("plain", b'<!DOCTYPE x [<!ENTITY a "b">]><xml><a>&a;</a></xml>', "not XML"),
        ("plain", _xml(ToUserName="oB", MsgType="text", Content="x"), "ToUserName"),
        ("plain", _xml(FromUserName="oA", MsgType="text", Content="x"), "FromUserName"),
        ("plain", _xml(CreateTime="now", MsgType="text", Content="x"), "CreateTime"),
        ("plain", _xml(MsgType="carrier-pigeon"), "MsgType"),
        ("plain", _xml(MsgType="text"), "Content"),
        ("plain", _text(""), "Content"),
        ("plain", _text("险" * 683), "2048 bytes"),
        ("plain", _xml(MsgType="image"), "Image"),
        ("plain", _xml(MsgType="news", ArticleCount="2", Articles="<item><Title>a</Title></item>"), "ArticleCount"),
        ("plain", _xml(MsgType="news", ArticleCount="9", Articles="<item><Title>a</Title></item>" * 9), "more than 8"),
    ],
)
def test_a_reply_that_breaks_a_rule_is_no_answer_and_says_which(mode: Mode, body: bytes, complaint: str) -> None:
    answer = _reader(mode).read(200, body)
    assert answer.result is Result.INVALID
    assert complaint in answer.problem


def test_a_text_of_exactly_2048_bytes_is_shown() -> None:
    content = "险" * 682 + "ab"
    assert _shown(_reader().read(200, _text(content)))["text"] == content


def test_wecom_cuts_a_longer_text_at_a_whole_character() -> None:
    answer = _reader("safe", channel="wecom").read(200, _sealed(_text("险" * 700)))
    assert _shown(answer)["text"] == "险" * 682


def test_news_are_shown_as_articles() -> None:
    item = "<item><Title>重疾险</Title><Description>d</Description><PicUrl>p</PicUrl><Url>u</Url></item>"
    answer = _reader().read(200, _xml(MsgType="news", ArticleCount="2", Articles=item * 2))
    assert _shown(answer)["articles"][1] == {"title": "重疾险", "description": "d", "picurl": "p", "url": "u"}


def test_one_article_is_a_list_of_one() -> None:
    answer = _reader().read(200, _xml(MsgType="news", ArticleCount="1", Articles="<item><Title>重疾险</Title></item>"))
    assert _shown(answer) == {"kind": "news", "text": "重疾险", "articles": [{"title": "重疾险"}]}


def test_a_transfer_to_a_person_settles_and_shows_nothing() -> None:
    answer = _reader().read(200, _xml(MsgType="transfer_customer_service"))
    assert (answer.result, answer.shown) == (Result.REPLY, None)


def test_a_json_account_takes_json_with_a_number_as_time() -> None:
    body = json.dumps({**HEAD, "CreateTime": 1714037059, "MsgType": "text", "Content": "您好"}).encode()
    assert _shown(_reader("plain", "json").read(200, body))["text"] == "您好"


def test_a_safe_json_account_takes_an_encrypted_json_reply() -> None:
    encrypted = SEALER.encrypt(json.dumps({**HEAD, "MsgType": "image", "Image": {"MediaId": "m1"}}).encode())
    signature = sign(TOKEN, "1714037059", "n", encrypted)
    body = {"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": 1714037059, "Nonce": "n"}
    answer = _reader("safe", "json").read(200, json.dumps(body).encode())
    assert _shown(answer)["media_id"] == "m1"


@pytest.mark.parametrize(
    ("kind", "part", "name"),
    [
        ("image", "Image", "MediaId"),
        ("voice", "Voice", "MediaId"),
        ("video", "Video", "MediaId"),
        ("music", "Music", "ThumbMediaId"),
    ],
)
def test_a_reply_with_a_file_that_the_platform_does_not_have_is_no_answer(kind: str, part: str, name: str) -> None:
    known, unknown = (
        _reader().read(200, _xml(MsgType=kind, **{part: f"<{name}>{media}</{name}>"})) for media in ("m1", "m2")
    )
    assert known.result is Result.REPLY
    assert (unknown.result, unknown.problem) == (
        Result.INVALID,
        "there is no media m2; upload it again, it is kept for three days",
    )


def test_a_json_account_takes_xml_unless_the_rule_forbids_it() -> None:
    assert _reader("plain", "json").read(200, _text()).result is Result.REPLY
    assert _reader("plain", "json", xml_for_json=False).read(200, _text()).result is Result.INVALID


def test_an_xml_account_does_not_take_json() -> None:
    body = json.dumps({**HEAD, "MsgType": "text", "Content": "x"}).encode()
    assert _reader().read(200, body).result is Result.INVALID


@pytest.mark.parametrize("body", [b"{", b"{]", b'{"a": 1', b"\xff\xfe{"])
def test_broken_json_is_no_answer(body: bytes) -> None:
    assert _reader("plain", "json").read(200, body).result is Result.INVALID
