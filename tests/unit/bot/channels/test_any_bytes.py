"""Whatever arrives, a reader gives a Received or a BadCallback and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.callback import BadCallback, CallbackKeys, CallbackReader, Received
from bot.channels.wechat.callbacks import WechatCallbacks
from bot.channels.wechat.crypto import Mode
from bot.channels.wecom.callbacks import WecomCallbacks
from tests.unit.bot.channels.platform_side import (
    AES_KEY,
    NOW,
    STAMP,
    TOKEN,
    encrypt,
    plain_query,
    sealed_query,
    xml_envelope,
)

_KEYS = [CallbackKeys(token=TOKEN, aes_key=AES_KEY, receiver="wx1")]
READERS: dict[str, CallbackReader] = {
    "safe": WechatCallbacks(account="a", original_id="gh_1", keys=_KEYS, mode=Mode.SAFE),
    "plain": WechatCallbacks(account="a", original_id="gh_1", keys=_KEYS, mode=Mode.PLAIN),
    "wecom": WecomCallbacks(account="a", corp_id="gh_1", agent_id=7, keys=_KEYS),
}
_NAMES = st.sampled_from(
    [
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "MsgId",
        "Content",
        "Event",
        "EventKey",
        "MediaId",
        "Location_X",
        "Location_Y",
        "Scale",
        "ScanCodeInfo",
        "SendPicsInfo",
        "SubscribeMsgPopupEvent",
        "SubscribeMsgChangeEvent",
        "SubscribeMsgSentEvent",
        "List",
        "item",
        "MsgID",
        "PublishEventInfo",
        "AgentID",
        "BatchJob",
        "SelectedItems",
        "ApprovalInfo",
        "Ticket",
        "bizmsgmenuid",
        "Recognition",
    ]
)
_WORDS = st.sampled_from(
    [
        "text",
        "image",
        "voice",
        "video",
        "shortvideo",
        "location",
        "link",
        "event",
        "subscribe",
        "SCAN",
        "CLICK",
        "VIEW",
        "click",
        "enter_agent",
        "TEMPLATESENDJOBFINISH",
        "subscribe_msg_popup_event",
        "subscribe_msg_change_event",
        "subscribe_msg_sent_event",
        "PUBLISHJOBFINISH",
        "scancode_push",
        "change_contact",
        "template_card_event",
        "gh_1",
        "7",
        "qrscene_x",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
#: Objects that often pass the first checks and fail, or not, in the later ones.
_PUSHES = st.builds(
    lambda base, more: {**base, **more},
    st.fixed_dictionaries(
        {
            "ToUserName": st.just("gh_1"),
            "FromUserName": st.just("oPerson") | _JSON,
            "CreateTime": st.just(STAMP) | _JSON,
            "MsgType": _WORDS | _JSON,
            "Event": _WORDS | _JSON,
        }
    ),
    st.dictionaries(_NAMES, _JSON, max_size=5),
)


def _outcome(reader: CallbackReader, query: dict[str, str], body: bytes) -> Received | BadCallback:
    try:
        return reader.read(query, body, content_type="", now=NOW)
    except BadCallback as error:
        return error


def _is_clear(outcome: Received | BadCallback) -> bool:
    if isinstance(outcome, BadCallback):
        return 400 <= outcome.status < 500 and bool(outcome.reason) and bool(str(outcome))
    json.dumps([outcome.inbound.key, outcome.inbound.sender], ensure_ascii=False).encode("utf-8")
    return True


@pytest.mark.parametrize("name", READERS)
@given(body=st.binary(max_size=300), query=st.dictionaries(st.sampled_from(sorted(plain_query())), st.text()))
def test_any_bytes_under_any_query_are_read_or_refused(name: str, body: bytes, query: dict[str, str]) -> None:
    assert _is_clear(_outcome(READERS[name], query, body))


@pytest.mark.parametrize("name", READERS)
@given(body=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"<xml>{text}</xml>".encode()))
def test_any_body_under_a_good_signature_is_read_or_refused(name: str, body: bytes) -> None:
    assert _is_clear(_outcome(READERS[name], plain_query(), body))
    encrypted = encrypt(body, receiver="wx1")
    assert _is_clear(_outcome(READERS[name], sealed_query(encrypted), xml_envelope(encrypted)))


@pytest.mark.parametrize("name", READERS)
@given(push=_PUSHES | _JSON)
@settings(max_examples=400)
def test_any_json_value_inside_a_genuine_envelope_is_read_or_refused(name: str, push: Any) -> None:
    text = json.dumps(push)
    encrypted = encrypt(text, receiver="wx1")
    assert _is_clear(_outcome(READERS[name], sealed_query(encrypted), xml_envelope(encrypted)))
    assert _is_clear(_outcome(READERS[name], plain_query(), text.encode()))


@pytest.mark.parametrize("name", ["safe", "wecom"])
@given(encrypted=st.text(max_size=80) | st.binary(max_size=96).map(lambda data: data.hex()))
def test_any_text_as_encrypt_under_its_own_signature_is_refused(name: str, encrypted: str) -> None:
    body = json.dumps({"Encrypt": encrypted}).encode()
    outcome = _outcome(READERS[name], sealed_query(encrypted), body)
    assert isinstance(outcome, BadCallback)
    assert _is_clear(outcome)
