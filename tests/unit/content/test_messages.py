"""Messages to (kind, fields) and back, whatever the fields have become."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Event, Follow, Location, MenuClick, Text, decode_inbound, encode_body


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
