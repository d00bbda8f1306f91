"""Fetching from WeChat customer service over real HTTP: what is asked, what is read, what an expired token means."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.kf.feed import KfFeed
from bot.channels.tokens import TokenKeeper
from bot.channels.wecom.client import WecomTokens
from content.messages import Text
from handlers.conversation.ports import TokenExpired
from handlers.delivery.errors import AccountBlocked, ChannelError, OutcomeUnknown, QuotaExhausted
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_platform import Reply, ScriptedPlatform, serve
from tests.unit.bot.channels.token_shelf import TokenShelf

_ITEM = {
    "msgid": "m1",
    "open_kfid": "wkA",
    "external_userid": "wm" + "A" * 30,
    "send_time": 1777887000,
    "origin": 3,
    "msgtype": "text",
    "text": {"content": "您好"},
}


@pytest.fixture
def platform() -> ScriptedPlatform:
    return ScriptedPlatform()


@pytest.fixture
async def feed(platform: ScriptedPlatform) -> AsyncIterator[KfFeed]:
    clock = ManualClock()
    async with serve(platform) as address, aiohttp.ClientSession() as http:
        api = PlatformApi(http=http, base_url=address, clock=clock, connect_seconds=1, answer_seconds=0.3)
        fetch = WecomTokens(api=api, corp_id="ww1", secret="s").fetch
        keeper = TokenKeeper(key="ww1:x", store=TokenShelf(), fetch=fetch, clock=clock)
        yield KfFeed(api=api, tokens=keeper, account="counter", open_kfid="wkA")


async def test_a_page_is_asked_for_from_the_cursor_with_the_rings_token(
    feed: KfFeed, platform: ScriptedPlatform
) -> None:
    platform.script.extend(
        [
            Reply(fields={"errcode": 0, "next_cursor": "c1", "has_more": 1, "msg_list": [_ITEM, {"msgid": "broken"}]}),
            Reply(fields={"errcode": 0, "next_cursor": "c2", "has_more": 0, "msg_list": []}),
        ]
    )
    first = await feed.page(cursor=None, token="ENC")
    second = await feed.page(cursor=first.cursor, token=None)
    assert (first.cursor, first.more, [heard.inbound.body for heard in first.heard]) == (
        "c1",
        True,
        [Text(content="您好")],
    )
    assert (second.cursor, second.more, second.heard) == ("c2", False, ())
    common = {"open_kfid": "wkA", "limit": 200, "voice_format": 0}
    assert [call.payload for call in platform.calls] == [{**common, "token": "ENC"}, {**common, "cursor": "c1"}]


async def test_an_answer_without_a_cursor_stays_where_it_was(feed: KfFeed, platform: ScriptedPlatform) -> None:
    platform.script.append(Reply(fields={"errcode": 0, "has_more": 1}))
    page = await feed.page(cursor="c1", token=None)
    assert (page.cursor, page.more) == ("c1", True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"errcode": 95007}, TokenExpired),
        ({"errcode": 95012}, AccountBlocked),
        ({"errcode": 45009}, QuotaExhausted),
        ({"errcode": 0, "msg_list": "none"}, OutcomeUnknown),
        ({"errcode": 0, "next_cursor": "c" * 600}, OutcomeUnknown),
    ],
)
async def test_what_cannot_be_read_is_said_by_what_to_do(
    feed: KfFeed, platform: ScriptedPlatform, fields: dict[str, object], expected: type[ChannelError]
) -> None:
    platform.script.append(Reply(fields=fields))
    with pytest.raises(ChannelError) as caught:
        await feed.page(cursor=None, token="ENC")
    assert type(caught.value) is expected
