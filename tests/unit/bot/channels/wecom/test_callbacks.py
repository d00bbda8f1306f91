"""WeCom callbacks: the published vector, whose messages are accepted, and what goes back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.channels.callback import BadCallback, CallbackKeys
from bot.channels.wecom.callbacks import WecomCallbacks
from content.messages import Article, Entered, MenuReply, NewsReply, Option, TextReply
from tests.unit.bot.channels.platform_side import (
    AES_KEY,
    NOW,
    STAMP,
    TOKEN,
    encrypt,
    open_answer,
    plain_query,
    sealed_query,
    sha1_of_sorted,
    xml_envelope,
)

CORP_ID = "ww1a2b3c4d5e6f7a8b"
READER = WecomCallbacks(
    account="assistant",
    corp_id=CORP_ID,
    agent_id=1000002,
    keys=[CallbackKeys(token=TOKEN, aes_key=AES_KEY, receiver=CORP_ID)],
)


def _push(*, to: str = CORP_ID, agent: str = "<AgentID>1000002</AgentID>") -> str:
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><FromUserName><![CDATA[ZhangWei]]></FromUserName>"
        f"<CreateTime>{STAMP}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event>enter_agent</Event>"
        f"<EventKey></EventKey>{agent}</xml>"
    )


def _refusal(push: str, *, receiver: str = CORP_ID) -> BadCallback:
    encrypted = encrypt(push, receiver=receiver)
    with pytest.raises(BadCallback) as caught:
        READER.read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    return caught.value


def test_the_published_url_verification_gives_the_published_echo() -> None:
    # The vector of the platform's own sample code, as kept in wechatpy's tests.
    corp = "wx49f0ab532d5d035a"
    aes_key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
    reader = WecomCallbacks(
        account="vector",
        corp_id=corp,
        agent_id=1,
        keys=[CallbackKeys(token="123456", aes_key=aes_key, receiver=corp)],
    )
    query = {
        "msg_signature": "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96",
        "timestamp": "1411443780",
        "nonce": "437374425",
        "echostr": "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==",
    }
    at = datetime.fromtimestamp(1411443780, UTC)
    assert reader.verify_url(query, now=at) == "5927782489442352469"
    with pytest.raises(BadCallback) as caught:
        reader.verify_url({**query, "nonce": "437374426"}, now=at)
    assert caught.value.reason == "bad_signature"


def test_url_verification_refuses_an_echo_that_is_not_text() -> None:
    encrypted = encrypt(b"\xff\xfe", receiver=CORP_ID)
    query = {**sealed_query(encrypted), "echostr": encrypted}
    with pytest.raises(BadCallback) as caught:
        READER.verify_url(query, now=NOW)
    assert caught.value.reason == "bad_utf8"


def test_a_member_entering_the_application_is_read() -> None:
    encrypted = encrypt(_push(), receiver=CORP_ID)
    received = READER.read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    assert (received.inbound.sender, received.inbound.body) == ("ZhangWei", Entered())


@pytest.mark.parametrize(
    "push",
    [_push(to="ww0"), _push(agent="<AgentID>1000003</AgentID>"), _push(agent="<AgentId>1000003</AgentId>")],
    ids=["other corporation", "other application", "other application in lower case"],
)
def test_a_message_for_somebody_else_is_refused(push: str) -> None:
    refusal = _refusal(push)
    assert (refusal.reason, refusal.status) == ("wrong_receiver", 403)


def test_a_message_sealed_for_another_corporation_is_refused() -> None:
    assert _refusal(_push(), receiver="ww0").reason == "wrong_receiver"


def test_the_agent_beside_the_encrypted_part_is_not_believed() -> None:
    encrypted = encrypt(_push(), receiver=CORP_ID)
    body = xml_envelope(encrypted, beside="<ToUserName>ww0</ToUserName><AgentID>9</AgentID>")
    received = READER.read(sealed_query(encrypted), body, content_type="text/xml", now=NOW)
    assert received.inbound.body == Entered()


def test_a_plain_push_is_refused() -> None:
    query = {**plain_query(), "msg_signature": sha1_of_sorted(TOKEN, STAMP, "437374425", "")}
    with pytest.raises(BadCallback) as caught:
        READER.read(query, _push().encode(), content_type="text/xml", now=NOW)
    assert caught.value.reason == "wrong_mode"


def test_no_reply_is_acknowledged_with_an_empty_body() -> None:
    encrypted = encrypt(_push(), receiver=CORP_ID)
    received = READER.read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    assert READER.answer(received, None, now=NOW).body == b""


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (TextReply(content="好 ]]>"), {"MsgType": "text", "Content": "好 ]]>"}),
        (
            MenuReply(head="问什么？", options=(Option(id="a", label="等待期"), Option(id="b", label="免赔额"))),
            {"MsgType": "text", "Content": "问什么？\n1. 等待期\n2. 免赔额"},
        ),
        (NewsReply(articles=(Article(title="t", url="u"),) * 9), {"MsgType": "news", "ArticleCount": "8"}),
    ],
)
def test_every_kind_of_reply_has_its_passive_form(
    reply: TextReply | MenuReply | NewsReply, expected: dict[str, str]
) -> None:
    encrypted = encrypt(_push(), receiver=CORP_ID)
    received = READER.read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)
    fields = open_answer(READER.answer(received, reply, now=NOW).body, receiver=CORP_ID)
    assert {name: fields[name] for name in expected} == expected
    assert (fields["ToUserName"], fields["FromUserName"], fields["AgentID"]) == ("ZhangWei", CORP_ID, "1000002")
