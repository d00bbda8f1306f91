"""Every recorded item of sync_msg is read as the table beside the samples says; nothing can stop a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels.kf.parse import FAILURES, is_external, parse_item
from content.messages import Event, encode_body

SAMPLES = Path(__file__).parents[4] / "samples"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "kf.expected.json").read_text("utf-8"))
KFID = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q"
CUSTOMER = "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"


def _sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "kf" / name).read_text("utf-8"))
    return found


def test_every_sample_has_an_expectation_and_every_expectation_a_sample() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in (SAMPLES / "kf").iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_read_as_expected(name: str) -> None:
    heard = parse_item(_sample(name), account="counter", open_kfid=KFID)
    assert heard is not None
    kind, fields = encode_body(heard.inbound.body)
    read = {"sender": heard.inbound.sender, "key": heard.inbound.key, "staff": heard.staff}
    assert {**read, "kind": kind, "fields": fields} == EXPECTED[name]
    assert heard.inbound.sent_at.timestamp() == 1777887000


@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_every_failure_has_a_word(kind: int) -> None:
    item = _sample("event_msg_send_fail.json")
    item["event"]["fail_type"] = kind
    heard = parse_item(item, account="counter", open_kfid=KFID)
    assert heard is not None
    assert encode_body(heard.inbound.body)[1]["reason"] == FAILURES[kind]


@pytest.mark.parametrize(
    "change",
    [
        {"msgid": None},
        {"msgid": ""},
        {"external_userid": None},
        {"external_userid": "ZhangWei"},
        {"send_time": "soon"},
        {"send_time": 10**20},
        {"msgtype": 3},
    ],
)
def test_an_item_that_can_be_nobodys_is_left_out_and_said(change: dict[str, Any]) -> None:
    with capture_logs() as logs:
        assert parse_item({**_sample("text.json"), **change}, account="counter", open_kfid=KFID) is None
    assert [line["event"] for line in logs] == ["feed_item_skipped"]


@pytest.mark.parametrize("item", [None, 3, "text", [], {}])
def test_what_is_no_item_at_all_is_left_out(item: Any) -> None:
    assert parse_item(item, account="counter", open_kfid=KFID) is None


def test_words_that_no_database_holds_are_made_sound() -> None:
    item = _sample("text.json")
    item["text"]["content"] = "甲\0乙\ud800丙"
    heard = parse_item(item, account="counter", open_kfid=KFID)
    assert heard is not None
    assert encode_body(heard.inbound.body) == ("text", {"content": "甲乙丙"})


def test_an_event_without_its_fields_is_kept_as_it_came() -> None:
    item = _sample("event_msg_send_fail.json")
    del item["event"]["fail_msgid"]
    heard = parse_item(item, account="counter", open_kfid=KFID)
    assert heard is not None
    assert isinstance(heard.inbound.body, Event)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [(CUSTOMER, True), (CUSTOMER.replace("wm", "wo"), True), ("wmj", False), ("ZhangWei", False), ("w" * 32, False)],
)
def test_a_customer_is_told_from_a_member_by_the_id(identifier: str, expected: bool) -> None:
    assert is_external(identifier) is expected
