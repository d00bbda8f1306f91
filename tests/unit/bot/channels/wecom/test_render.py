"""Payloads of message/send and their duplicate check."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.replies import compact_json
from bot.channels.wecom.render import message_send
from content.messages import Article, ImageReply, MenuReply, NewsReply, Option, Outgoing, TextReply


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
