"""The whole list: which route takes what, and what every reply carries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.messages import (
    Entered,
    Event,
    Follow,
    Image,
    Link,
    Location,
    MenuClick,
    MenuView,
    Purpose,
    Scan,
    Text,
    Unfollow,
    Video,
    Voice,
)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("follow", Follow()),
        ("unfollow", Unfollow()),
        ("scan", Scan(scene="hall")),
        ("menu.click", MenuClick(key="claim")),
        ("menu.option", Text(content="怎么报案", option="claim_report")),
        ("consent.marketing", Text(content="退订")),
        ("answers", Text(content="理赔怎么报案")),
        ("answers", Voice(media_id="v", recognition="理赔怎么报案？")),
        ("media.voice_unknown", Voice(media_id="v")),
        ("media.received", Image(media_id="i")),
        ("media.received", Video(media_id="v")),
        ("media.received", Location(latitude=1, longitude=2)),
        ("media.received", Link(title="t", url="https://example.com")),
        ("fallback", Text(content="今天天气怎么样")),
        ("fallback", Text(content="？")),
        ("quiet", MenuView(url="https://example.com")),
        ("quiet", Event(kind="user_info_modified")),
    ],
)
async def test_a_customers_message_takes_its_route(desk: Any, route: Any, body: Any) -> None:
    assert (await desk.hears(body)).route == route


@pytest.mark.parametrize("body", [Entered(), Event(kind="LOCATION"), MenuView(url="https://example.com"), Unfollow()])
async def test_events_without_words_get_no_reply(desk: Any, body: Any) -> None:
    assert (await desk.hears(body, channel="wecom")).contents == []


async def test_a_reply_is_a_service_message_and_carries_the_version_of_the_content(desk: Any) -> None:
    (reply,) = (await desk.hears(Text(content="你好"))).outcome.replies
    assert (reply.purpose, reply.content_version) == (Purpose.SERVICE, desk.content.version)


async def test_the_account_is_called_by_its_title(desk: Any) -> None:
    assert "我是安和人寿（演示）的智能客服" in (await desk.hears(Text(content="你好"))).texts[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.text(max_size=600), channel=st.sampled_from(["wechat", "wecom"]))
async def test_whatever_is_written_comes_to_an_end_with_at_most_two_replies(
    desk: Any, words: Any, channel: Any
) -> None:
    assert len((await desk.hears(Text(content=words), channel=channel)).contents) <= 2
