"""Messages to (kind, fields) and back, whatever the fields have become."""

from __future__ import annotations

from typing import Any

import pytest

from content.customer_service import File, Rejecting, Served, Shared, Undelivered
from content.messages import (
    Entered,
    Event,
    Follow,
    InboundBody,
    Location,
    MenuClick,
    MenuReply,
    Option,
    Outgoing,
    Text,
    TextReply,
    decode_inbound,
    decode_outgoing,
    encode_body,
)


@pytest.mark.parametrize(
    "body",
    [
        Text(content="你好"),
        Text(content="怎么报案", option="claim_report"),
        Location(latitude=31.2, longitude=121.5, label="外滩"),
        Follow(),
        MenuClick(key="policy"),
        Event(kind="view_miniprogram", fields={"MenuId": "1"}),
    ],
)
def test_a_body_comes_back_as_it_was(body: Any) -> None:
    assert decode_inbound(*encode_body(body)) == body


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("text", {}),  # its content was destroyed
        ("menu_click", {}),
        ("location", {"latitude": 31.2}),
        ("text", {"content": "你好", "mood": "cheerful"}),  # a newer version's field
        ("sticker", {"media_id": "m"}),  # a newer version's kind
    ],
)
def test_what_no_class_fits_becomes_an_event_that_keeps_it(kind: str, fields: dict[str, Any]) -> None:
    assert decode_inbound(kind, fields) == Event(kind=kind, fields=fields)


def test_words_of_a_person_are_read_without_who_it_was() -> None:
    assert decode_outgoing("text", {"content": "您好", "staff": "ZhangWei"}) == TextReply(content="您好")


@pytest.mark.parametrize(
    "body",
    [
        File(media_id="m"),
        Shared(what="business_card", details={"userid": "ZhangWei"}),
        Served(by="ZhangWei", change="taken", code="c"),
        Rejecting(on=False),
        Undelivered(message="m", reason="platform_unknown"),
        Entered(scene="s", code="c"),
    ],
)
def test_what_customer_service_adds_comes_back_as_it_was(body: InboundBody) -> None:
    assert decode_inbound(*encode_body(body)) == body


@pytest.mark.parametrize(
    "body", [TextReply(content="您好", code="c"), MenuReply(head="?", options=(Option(id="a", label="甲"),), code="c")]
)
def test_the_code_of_an_event_stays_with_the_words_that_answer_it(body: Outgoing) -> None:
    assert decode_outgoing(*encode_body(body)) == body
