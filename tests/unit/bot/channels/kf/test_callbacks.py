"""Doorbells of WeChat customer service: which account rang, and nothing that nobody signed."""

from __future__ import annotations

import pytest

from bot.channels.callback import BadCallback, CallbackKeys
from bot.channels.kf.callbacks import KfCallbacks
from content.messages import Event, TextReply
from tests.unit.bot.channels.platform_side import AES_KEY, NOW, STAMP, TOKEN, encrypt, sealed_query, xml_envelope

CORP_ID = "ww1a2b3c4d5e6f7a8b"
READER = KfCallbacks(
    account="counter", corp_id=CORP_ID, keys=[CallbackKeys(token=TOKEN, aes_key=AES_KEY, receiver=CORP_ID)]
)


def _bell(event: str = "kf_msg_or_event", *, token: str = "ENC", open_kfid: str = "wkA") -> str:
    return (
        f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><CreateTime>{STAMP}</CreateTime>"
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event><Token><![CDATA[{token}]]></Token>"
        f"<OpenKfId><![CDATA[{open_kfid}]]></OpenKfId></xml>"
    )


def _read(message: str, *, receiver: str = CORP_ID):  # type: ignore[no-untyped-def]
    encrypted = encrypt(message, receiver=receiver)
    return READER.read(sealed_query(encrypted), xml_envelope(encrypted), content_type="text/xml", now=NOW)


def test_a_ring_names_the_account_and_what_fetches_its_messages() -> None:
    inbound = _read(_bell()).inbound
    assert (inbound.sender, inbound.body) == ("wkA", Event(kind="kf_msg_or_event", fields={"token": "ENC"}))


def test_another_event_at_the_same_address_names_nobody() -> None:
    inbound = _read(_bell("change_external_contact")).inbound
    assert (inbound.sender, inbound.body) == ("", Event(kind="change_external_contact"))


@pytest.mark.parametrize("bell", [_bell(open_kfid=""), _bell(open_kfid="w" * 65), _bell(token="t" * 129)])
def test_a_ring_that_cannot_be_one_is_refused(bell: str) -> None:
    with pytest.raises(BadCallback) as caught:
        _read(bell)
    assert caught.value.reason == "bad_types"


def test_a_ring_for_another_corporation_is_refused() -> None:
    with pytest.raises(BadCallback) as caught:
        _read(_bell(), receiver="ww0")
    assert (caught.value.reason, caught.value.status) == ("wrong_receiver", 403)


def test_a_plain_ring_is_refused() -> None:
    with pytest.raises(BadCallback) as caught:
        READER.read(sealed_query("x"), _bell().encode(), content_type="text/xml", now=NOW)
    assert caught.value.reason == "wrong_mode"


def test_it_is_acknowledged_without_words_whatever_there_is_to_say() -> None:
    received = _read(_bell())
    assert READER.answer(received, TextReply(content="您好"), now=NOW).body == b""


def test_the_address_is_proved_by_the_decrypted_echo() -> None:
    encrypted = encrypt("5927782489442352469", receiver=CORP_ID)
    query = {**sealed_query(encrypted), "echostr": encrypted}
    assert READER.verify_url(query, now=NOW) == "5927782489442352469"


def test_keys_without_an_aes_key_are_no_keys() -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        KfCallbacks(account="c", corp_id=CORP_ID, keys=[CallbackKeys(token=TOKEN, aes_key="", receiver=CORP_ID)])
