"""Official account callbacks: what is believed in each mode, what is refused, and what goes back."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.callback import BadCallback, CallbackKeys
from bot.channels.wechat.callbacks import WechatCallbacks
from bot.channels.wechat.crypto import Mode
from content.messages import Article, ImageReply, MenuReply, NewsReply, Option, Text, TextReply
from tests.unit.bot.channels.platform_side import (
    AES_KEY,
    NOW,
    OTHER_AES_KEY,
    STAMP,
    TOKEN,
    encrypt,
    json_envelope,
    open_answer,
    plain_query,
    sealed_query,
    xml_envelope,
)

APP_ID = "wx0000000000000001"
KEYS = CallbackKeys(token=TOKEN, aes_key=AES_KEY, receiver=APP_ID)


def _push(content: str = "你好", *, to: str = "gh_1") -> str:
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><FromUserName><![CDATA[oPerson]]></FromUserName>"
        f"<CreateTime>{STAMP}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content><MsgId>42</MsgId></xml>"
    )


def _reader(mode: Mode = Mode.SAFE, *keys: CallbackKeys) -> WechatCallbacks:
    return WechatCallbacks(account="service", original_id="gh_1", keys=keys or [KEYS], mode=mode)


def _refusal(reader: WechatCallbacks, query: dict[str, str], body: bytes) -> BadCallback:
    with pytest.raises(BadCallback) as caught:
        reader.read(query, body, content_type="text/xml", now=NOW)
    return caught.value


def test_the_worked_example_of_the_signature_in_the_documentation_matches() -> None:
    # WeChat doc, "message encryption": the sorted strings join to "1714037059486452656AAAAA".
    reader = _reader(Mode.PLAIN, CallbackKeys(token="AAAAA", aes_key="", receiver=APP_ID))
    query = {
        "signature": hashlib.sha1(b"1714037059486452656AAAAA").hexdigest(),
        "timestamp": "1714037059",
        "nonce": "486452656",
        "echostr": "4375120948345356249",
    }
    at = NOW.fromtimestamp(1714037059, tz=NOW.tzinfo)
    assert reader.verify_url(query, now=at) == "4375120948345356249"


def test_url_verification_echoes_unchanged_also_in_safe_mode() -> None:
    assert _reader().verify_url({**plain_query(), "echostr": "a+b/=="}, now=NOW) == "a+b/=="


def test_url_verification_with_another_token_is_refused() -> None:
    with pytest.raises(BadCallback) as caught:
        _reader().verify_url({**plain_query(token="another"), "echostr": "1"}, now=NOW)
    assert (caught.value.reason, caught.value.status) == ("bad_signature", 403)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200).filter(lambda text: "]]>" not in text))
def test_words_arrive_exactly_as_they_were_written(words: str) -> None:
    encrypted = encrypt(_push(words), receiver=APP_ID)
    received = _reader().read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    assert received.inbound.body == Text(content=words)


def test_compatible_mode_believes_the_encrypted_part_only() -> None:
    encrypted = encrypt(_push("真的"), receiver=APP_ID)
    body = xml_envelope(encrypted, beside=_push("假的").removeprefix("<xml>").removesuffix("</xml>"))
    received = _reader(Mode.COMPATIBLE).read(sealed_query(encrypted), body, content_type="text/xml", now=NOW)
    assert received.inbound.body == Text(content="真的")


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.COMPATIBLE])
def test_a_plain_push_to_an_encrypted_account_is_refused(mode: Mode) -> None:
    assert _refusal(_reader(mode), plain_query(), _push().encode()).reason == "wrong_mode"


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.COMPATIBLE])
def test_an_encrypted_push_without_its_own_signature_is_refused(mode: Mode) -> None:
    encrypted = encrypt(_push(), receiver=APP_ID)
    query = {name: value for name, value in sealed_query(encrypted).items() if name != "msg_signature"}
    assert _refusal(_reader(mode), query, xml_envelope(encrypted)).reason == "wrong_mode"


def test_an_encrypted_push_to_a_plain_account_is_refused() -> None:
    encrypted = encrypt(_push(), receiver=APP_ID)
    assert _refusal(_reader(Mode.PLAIN), sealed_query(encrypted), xml_envelope(encrypted)).reason == "wrong_mode"


def test_the_signature_of_the_query_does_not_vouch_for_an_encrypted_body() -> None:
    encrypted, other = encrypt(_push(), receiver=APP_ID), encrypt(_push("anders"), receiver=APP_ID)
    refusal = _refusal(_reader(), sealed_query(other), xml_envelope(encrypted))
    assert (refusal.reason, refusal.status) == ("bad_signature", 403)


def test_a_message_for_another_app_id_is_refused() -> None:
    encrypted = encrypt(_push(), receiver="wx0000000000000002")
    refusal = _refusal(_reader(), sealed_query(encrypted), xml_envelope(encrypted))
    assert (refusal.reason, refusal.status) == ("wrong_receiver", 403)


def test_a_message_for_another_original_id_is_refused() -> None:
    encrypted = encrypt(_push(to="gh_2"), receiver=APP_ID)
    assert _refusal(_reader(), sealed_query(encrypted), xml_envelope(encrypted)).reason == "wrong_receiver"


@pytest.mark.parametrize(("seconds", "status"), [(301, 403), (-301, 403)])
def test_a_time_stamp_beyond_the_skew_is_refused(seconds: int, status: int) -> None:
    stamp = str(int(STAMP) + seconds)
    refusal = _refusal(_reader(Mode.PLAIN), plain_query(stamp=stamp), _push().encode())
    assert (refusal.reason, refusal.status) == ("stale_timestamp", status)


@pytest.mark.parametrize("seconds", [300, -300])
def test_a_time_stamp_within_the_skew_is_accepted(seconds: int) -> None:
    query = plain_query(stamp=str(int(STAMP) + seconds))
    received = _reader(Mode.PLAIN).read(query, _push().encode(), content_type="text/xml", now=NOW)
    assert received.inbound.key == "m:gh_1:oPerson:42"


def test_the_skew_is_a_setting() -> None:
    reader = WechatCallbacks(
        account="service", original_id="gh_1", keys=[KEYS], mode=Mode.PLAIN, max_skew=timedelta(seconds=10)
    )
    assert _refusal(reader, plain_query(stamp=str(int(STAMP) - 11)), _push().encode()).reason == "stale_timestamp"


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce"])
def test_a_missing_parameter_is_named(name: str) -> None:
    query = {key: value for key, value in plain_query().items() if key != name}
    refusal = _refusal(_reader(Mode.PLAIN), query, _push().encode())
    assert refusal.reason == "missing_parameter"
    assert name in str(refusal)


def test_a_body_over_the_limit_is_refused_before_anything_is_parsed() -> None:
    refusal = _refusal(_reader(), plain_query(), b"<" * 262_145)
    assert (refusal.reason, refusal.status) == ("too_large", 413)


@pytest.mark.parametrize(
    "old", [CallbackKeys(token=TOKEN, aes_key=OTHER_AES_KEY, receiver=APP_ID), KEYS], ids=["same token", "other token"]
)
def test_during_a_rotation_both_key_sets_open_and_answer(old: CallbackKeys) -> None:
    new_token = TOKEN if old is not KEYS else "new-token"
    new_aes = AES_KEY if old is not KEYS else OTHER_AES_KEY
    reader = _reader(Mode.SAFE, CallbackKeys(token=new_token, aes_key=new_aes, receiver=APP_ID), old)
    for token, aes_key in ((new_token, new_aes), (old.token, old.aes_key)):
        encrypted = encrypt(_push(), receiver=APP_ID, aes_key=aes_key)
        query = sealed_query(encrypted, token=token)
        received = reader.read(query, xml_envelope(encrypted), content_type="text/xml", now=NOW)
        answer = reader.answer(received, TextReply(content="好"), now=NOW)
        assert open_answer(answer.body, receiver=APP_ID, token=token, aes_key=aes_key)["Content"] == "好"


def test_a_bad_key_is_refused_with_its_mend() -> None:
    with pytest.raises(ValueError, match="43 characters"):
        _reader(Mode.SAFE, CallbackKeys(token=TOKEN, aes_key="short", receiver=APP_ID))


def test_safe_mode_without_a_key_is_refused_with_its_mend() -> None:
    with pytest.raises(ValueError, match="callback_aes_key"):
        _reader(Mode.SAFE, CallbackKeys(token=TOKEN, aes_key="", receiver=APP_ID))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("is_json", [False, True])
def test_a_reply_goes_back_in_the_pushs_mode_and_format(mode: Mode, *, is_json: bool) -> None:
    push = json.dumps(xmltodict.parse(_push())["xml"]) if is_json else _push()
    encrypted = encrypt(push, receiver=APP_ID)
    body = push.encode() if mode is Mode.PLAIN else (json_envelope if is_json else xml_envelope)(encrypted)
    reader = _reader(mode)
    received = reader.read(sealed_query(encrypted), body, content_type="", now=NOW)
    answer = reader.answer(received, TextReply(content="您好 ]]> <b>&"), now=NOW)
    if mode is Mode.PLAIN:
        fields = json.loads(answer.body) if is_json else xmltodict.parse(answer.body)["xml"]
    else:
        fields = open_answer(answer.body, receiver=APP_ID)
    assert {name: str(value) for name, value in fields.items()} == {
        "ToUserName": "oPerson",
        "FromUserName": "gh_1",
        "CreateTime": STAMP,
        "MsgType": "text",
        "Content": "您好 ]]> <b>&",
    }
    assert answer.content_type == ("application/json" if is_json else "application/xml")
    assert answer.body.startswith(b"{") == is_json


@pytest.mark.parametrize("mode", list(Mode))
def test_no_reply_is_acknowledged_with_success(mode: Mode) -> None:
    encrypted = encrypt(_push(), receiver=APP_ID)
    body = _push().encode() if mode is Mode.PLAIN else xml_envelope(encrypted)
    received = _reader(mode).read(sealed_query(encrypted), body, content_type="text/xml", now=NOW)
    assert _reader(mode).answer(received, None, now=NOW).body == b"success"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ImageReply(media_id="m1"), {"MsgType": "image", "Image": {"MediaId": "m1"}}),
        (
            NewsReply(
                articles=(Article(title="标题", url="https://example.com/{x}", description="述", picture_url="p"),)
            ),
            {
                "MsgType": "news",
                "ArticleCount": "1",
                "Articles": {
                    "item": {
                        "Title": "标题",
                        "Description": "述",
                        "PicUrl": "p",
                        "Url": "https://example.com/{x}",
                    }
                },
            },
        ),
        (
            MenuReply(head="请选择", options=(Option(id="1", label="重疾险 & 医疗险"),), tail="谢谢"),
            {
                "MsgType": "text",
                "Content": "请选择\n"
                '<a href="weixin://bizmsgmenu?msgmenucontent=重疾险%20%26%20医疗险&msgmenuid=1">'
                "重疾险 & 医疗险</a>\n谢谢",
            },
        ),
    ],
)
def test_every_kind_of_reply_has_its_passive_form(
    reply: ImageReply | NewsReply | MenuReply, expected: dict[str, object]
) -> None:
    encrypted = encrypt(_push(), receiver=APP_ID)
    received = _reader().read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    fields = open_answer(_reader().answer(received, reply, now=NOW).body, receiver=APP_ID)
    assert {name: fields[name] for name in expected} == expected


def test_words_too_long_for_the_platform_are_cut_and_the_answer_says_so() -> None:
    encrypted = encrypt(_push(), receiver=APP_ID)
    received = _reader().read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    answer = _reader().answer(received, TextReply(content="险" * 1000), now=NOW)
    content = open_answer(answer.body, receiver=APP_ID)["Content"]
    assert answer.truncated
    assert content == "险" * 681 + "…"
    assert len(content.encode()) <= 2048
