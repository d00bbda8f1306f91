"""Every recorded kind of push is read as the table beside the samples says; every malformed one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.channels.callback import BadCallback, CallbackKeys, CallbackReader
from bot.channels.wechat import parse as wechat_parse
from bot.channels.wechat.callbacks import WechatCallbacks
from bot.channels.wechat.crypto import Mode
from bot.channels.wecom import parse as wecom_parse
from bot.channels.wecom.callbacks import WecomCallbacks
from content.messages import encode_body
from tests.unit.bot.channels.platform_side import (
    AES_KEY,
    NOW,
    TOKEN,
    encrypt,
    json_envelope,
    plain_query,
    sealed_query,
    xml_envelope,
)

SAMPLES = Path(__file__).parents[3] / "samples"
#: More than the samples' own names may be: a sample without an expectation, or the reverse, fails the first test.
EXPECTED: dict[str, dict[str, Any]] = {
    platform: json.loads((SAMPLES / f"{platform}.expected.json").read_text("utf-8")) for platform in ("wechat", "wecom")
}
RECEIVERS = {"wechat": "wx0000000000000001", "wecom": "ww1a2b3c4d5e6f7a8b"}
SAFE: dict[str, CallbackReader] = {
    "wechat": WechatCallbacks(
        account="service",
        original_id="gh_5f1a2b3c4d5e",
        keys=[CallbackKeys(token=TOKEN, aes_key=AES_KEY, receiver=RECEIVERS["wechat"])],
        mode=Mode.SAFE,
    ),
    "wecom": WecomCallbacks(
        account="assistant",
        corp_id=RECEIVERS["wecom"],
        agent_id=1000002,
        keys=[CallbackKeys(token=TOKEN, aes_key=AES_KEY, receiver=RECEIVERS["wecom"])],
    ),
}
PLAIN = WechatCallbacks(
    account="service",
    original_id="gh_5f1a2b3c4d5e",
    keys=[CallbackKeys(token=TOKEN, aes_key="", receiver=RECEIVERS["wechat"])],
    mode=Mode.PLAIN,
)
_NAMES = [(platform, name) for platform, table in EXPECTED.items() for name in table]
_WECHAT_NAMES = list(EXPECTED["wechat"])
_MALFORMED = sorted(path.name for path in (SAMPLES / "malformed").iterdir())
#: The reason a refusal gives where it is not plain from the file's ending.
_REASONS = {
    "bad_types": "array content_is_an_array content_is_an_element content_is_an_object event_key_is_an_object "
    "event_without_name latitude_not_a_number latitude_not_finite list_of_numbers message_id_is_a_float "
    "message_id_not_a_number no_message_id no_sender no_type object_is_a_number time_far_away time_not_a_number "
    "two_contents type_is_a_number",
    "doctype": "entity_bomb external_dtd external_entity parameter_entity",
    "bad_utf8": "not_utf8 utf16",
    "wrong_receiver": "other_account",
}
_REASON_OF = {name: reason for reason, names in _REASONS.items() for name in names.split()}


@pytest.mark.parametrize("platform", EXPECTED)
def test_every_sample_has_an_expectation_and_every_expectation_a_sample(platform: str) -> None:
    assert sorted(EXPECTED[platform]) == sorted(path.name for path in (SAMPLES / platform).iterdir())


@pytest.mark.parametrize(
    ("platform", "event"),
    [
        (platform, event)
        for platform, module in (("wechat", wechat_parse), ("wecom", wecom_parse))
        for event in sorted({*module.KNOWN_EVENTS, *module.TYPED_EVENTS})
    ],
)
def test_every_event_the_parser_names_has_a_sample(platform: str, event: str) -> None:
    assert [name for name in EXPECTED[platform] if name.startswith(f"event_{event}")] != []


@pytest.mark.parametrize(("platform", "name"), _NAMES)
def test_an_encrypted_sample_is_read_as_expected(platform: str, name: str) -> None:
    text = (SAMPLES / platform / name).read_bytes()
    encrypted = encrypt(text, receiver=RECEIVERS[platform])
    envelope = json_envelope if name.endswith(".json") else xml_envelope
    received = SAFE[platform].read(sealed_query(encrypted), envelope(encrypted), content_type="", now=NOW)
    assert _as_table(received.inbound) == EXPECTED[platform][name]
    assert received.inbound.sent_at.timestamp() == 1777887000


@pytest.mark.parametrize("name", _WECHAT_NAMES)
def test_a_plain_sample_is_read_as_the_encrypted_one(name: str) -> None:
    text = (SAMPLES / "wechat" / name).read_bytes()
    received = PLAIN.read(plain_query(), text, content_type="", now=NOW)
    assert _as_table(received.inbound) == EXPECTED["wechat"][name]


@pytest.mark.parametrize(("platform", "name"), [pair for pair in _NAMES if "unknown" in pair[1]])
def test_an_unknown_kind_keeps_the_whole_text_it_came_as(platform: str, name: str) -> None:
    text = (SAMPLES / platform / name).read_text("utf-8")
    encrypted = encrypt(text, receiver=RECEIVERS[platform])
    received = SAFE[platform].read(sealed_query(encrypted), xml_envelope(encrypted), content_type="", now=NOW)
    _, fields = encode_body(received.inbound.body)
    assert fields["raw"] == text


@pytest.mark.parametrize("name", _MALFORMED)
def test_a_malformed_push_is_refused_with_its_reason(name: str) -> None:
    body = (SAMPLES / "malformed" / name).read_bytes()
    encrypted = encrypt(body, receiver=RECEIVERS["wechat"])
    stem, _, ending = name.partition(".")
    expected = _REASON_OF.get(stem, f"bad_{ending}")
    with pytest.raises(BadCallback) as plain:
        PLAIN.read(plain_query(), body, content_type="", now=NOW)
    with pytest.raises(BadCallback) as sealed:
        SAFE["wechat"].read(sealed_query(encrypted), xml_envelope(encrypted), content_type="", now=NOW)
    assert (expected, expected) == (plain.value.reason, sealed.value.reason)
    assert plain.value.status in (400, 403)


def _as_table(inbound: Any) -> dict[str, Any]:
    kind, fields = encode_body(inbound.body)
    known = {name: value for name, value in fields.items() if name != "raw"}
    return {"sender": inbound.sender, "key": inbound.key, "kind": kind, "fields": known}
