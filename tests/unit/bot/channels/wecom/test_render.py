"""Payloads of message/send and their duplicate check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.replies import compact_json
from bot.channels.wecom.render import message_send, passive
from content.messages import (
    Article,
    CardLine,
    CardReply,
    ImageReply,
    MenuReply,
    NewsReply,
    Option,
    Outgoing,
    TextReply,
    decode_outgoing,
    encode_body,
)

SAMPLES = Path(__file__).parents[4] / "samples"


def _send(reply: Outgoing, key: str = "k") -> dict[str, object]:
    return message_send(reply, to="ZhangWei", agent_id=1000002, idempotency_key=key).fields


@pytest.mark.parametrize(
    ("reply", "kind", "body"),
    [
        (TextReply(content="您好"), "text", {"content": "您好"}),
        (ImageReply(media_id="m1"), "image", {"media_id": "m1"}),
        (
            MenuReply(
                head="问什么？", options=(Option(id="a", label="甲"), Option(id="b", label="乙")), tail="回复数字"
            ),
            "text",
            {"content": "问什么？\n1. 甲\n2. 乙\n回复数字"},
        ),
        (
            NewsReply(articles=(Article(title="t", url="u"),) * 9),
            "news",
            {"articles": [{"title": "t", "description": "", "url": "u", "picurl": ""}] * 8},
        ),
    ],
)
def test_every_kind_of_message_has_its_payload(reply: Outgoing, kind: str, body: dict[str, object]) -> None:
    fields = _send(reply)
    assert (fields["touser"], fields["agentid"], fields["msgtype"]) == ("ZhangWei", 1000002, kind)
    assert fields[kind] == body
    assert fields["enable_duplicate_check"] == 1


CARD = CardReply(
    title="客户 #12 找人工",
    description="安和人寿，已等 2 分钟。",
    lines=(CardLine(name="#12", text="怎么报案"),),
    buttons=(Option(id="handover.take.12", label="接待"), Option(id="handover.pass.12", label="转给同事")),
)


def test_a_card_is_sent_as_the_recorded_sample() -> None:
    sample = SAMPLES / "sends" / "wecom" / "template_card.json"
    sent = message_send(CARD, to="LiNa", agent_id=1000002, idempotency_key="handover:12:offer:3:1").fields
    assert sent == json.loads(sample.read_text("utf-8"))


def test_a_card_is_cut_to_what_the_platform_shows_and_its_task_is_its_own() -> None:
    long = CardReply(
        title="长" * 99,
        description="述" * 99,
        lines=(CardLine(name="名" * 20, text="字" * 99),) * 9,
        buttons=tuple(Option(id=f"b{n}", label="钮" * 20) for n in range(9)),
    )
    first, second = _send(long, "a")["template_card"], _send(long, "b")["template_card"]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (len(first["main_title"]["title"]), len(first["sub_title_text"])) == (36, 99)
    assert (len(first["button_list"]), len(first["horizontal_content_list"])) == (6, 6)
    assert len(first["button_list"][0]["text"]) == 10
    assert first["task_id"] != second["task_id"]
    assert decode_outgoing(*encode_body(long)) == long


def test_where_there_is_no_card_it_is_lines_of_text() -> None:
    assert passive(CARD).fields["Content"] == (
        "客户 #12 找人工\n安和人寿，已等 2 分钟。\n#12 怎么报案\n1. 接待\n2. 转给同事"
    )


@given(st.text(max_size=40))
def test_the_same_delivery_is_the_same_request_and_its_check_is_within_bounds(key: str) -> None:
    first, second = _send(TextReply(content="您好"), key), _send(TextReply(content="您好"), key)
    assert compact_json(first, sort_keys=True) == compact_json(second, sort_keys=True)
    interval = first["duplicate_check_interval"]
    assert isinstance(interval, int)
    assert 1800 <= interval <= 14400


def test_two_deliveries_of_equal_words_are_different_requests() -> None:
    requests = {compact_json(_send(TextReply(content="您好"), f"delivery-{number}")) for number in range(50)}
    assert len(requests) >= 49
