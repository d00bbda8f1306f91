"""Whom a code stands for, as WeCom answers it, over real HTTP; and where browsers are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.tokens import TokenKeeper
from bot.channels.wecom.client import WecomTokens
from bot.channels.wecom.oauth import WecomOAuth
from handlers.delivery.errors import ChannelError, Misconfigured, OutcomeUnknown, Rejected, RetryLater
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_platform import Reply, ScriptedPlatform, serve
from tests.unit.bot.channels.token_shelf import TokenShelf

BACK = "https://bot.example.com/console/back"


@pytest.fixture
def platform() -> ScriptedPlatform:
    return ScriptedPlatform()


@pytest.fixture
async def oauth(platform: ScriptedPlatform) -> AsyncIterator[WecomOAuth]:
    clock = ManualClock()
    async with serve(platform) as address, aiohttp.ClientSession() as http:
        api = PlatformApi(http=http, base_url=address, clock=clock, connect_seconds=1, answer_seconds=0.3)
        fetch = WecomTokens(api=api, corp_id="ww1", secret="s").fetch
        tokens = TokenKeeper(key="ww1:s", store=TokenShelf(), fetch=fetch, clock=clock)
        yield WecomOAuth(api=api, tokens=tokens, corp_id="ww1", agent_id=1000002)


async def test_a_members_code_is_exchanged_with_the_applications_token(
    oauth: WecomOAuth, platform: ScriptedPlatform
) -> None:
    platform.script.append(Reply(fields={"errcode": 0, "errmsg": "ok", "userid": "ZhangWei", "user_ticket": "T"}))
    assert await oauth.user_of("C 1&") == "ZhangWei"
    (call,) = platform.calls
    assert (call.method, call.path) == ("GET", "/cgi-bin/auth/getuserinfo")
    assert call.query == {"access_token": "t1", "code": "C 1&"}


@pytest.mark.parametrize(
    "fields",
    [
        {"openid": "oABC", "external_userid": "wmABC"},
        {"openid": "oABC"},
        {"userid": "wwLinked/ZhangWei"},
        {"userid": ""},
        {"userid": ["ZhangWei"]},
    ],
)
async def test_who_is_not_a_member_of_this_enterprise_is_nobody(
    oauth: WecomOAuth, platform: ScriptedPlatform, fields: dict[str, object]
) -> None:
    platform.script.append(Reply(fields={"errcode": 0, **fields}))
    assert await oauth.user_of("C") is None


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (Reply(fields={"errcode": 40029}), Rejected, 40029),
        (Reply(fields={"errcode": 50001}), Misconfigured, 50001),
        (Reply(fields={"errcode": -1}), RetryLater, -1),
        (Reply(trouble="silence"), OutcomeUnknown, None),
    ],
)
async def test_what_goes_wrong_is_told_apart(
    oauth: WecomOAuth, platform: ScriptedPlatform, reply: Reply, error: type[ChannelError], code: int | None
) -> None:
    platform.script.append(reply)
    with pytest.raises(ChannelError) as caught:
        await oauth.user_of("C")
    assert (type(caught.value), caught.value.code) == (error, code)


async def test_a_refused_token_is_renewed_and_the_code_is_not_lost(
    oauth: WecomOAuth, platform: ScriptedPlatform
) -> None:
    platform.script.extend([Reply(fields={"errcode": 42001}), Reply(fields={"errcode": 0, "userid": "ZhangWei"})])
    assert await oauth.user_of("C") == "ZhangWei"
    assert [call.query["access_token"] for call in platform.calls] == ["t1", "t2"]


@pytest.mark.parametrize("code", ["", "x" * 513, "码" * 171])
async def test_what_cannot_be_a_code_is_not_asked_about(
    oauth: WecomOAuth, platform: ScriptedPlatform, code: str
) -> None:
    with pytest.raises(Rejected):
        await oauth.user_of(code)
    assert platform.calls == []


@pytest.mark.parametrize(
    ("agent", "page", "own"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) wxwork/4.1.30 WindowsWechat",
            "https://open.weixin.qq.com/connect/oauth2/authorize",
            {"response_type": ["code"], "scope": ["snsapi_base"]},
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36",
            "https://login.work.weixin.qq.com/wwlogin/sso/login",
            {"login_type": ["CorpApp"]},
        ),
    ],
)
def test_a_browser_is_sent_to_the_page_that_can_know_it(
    oauth: WecomOAuth, agent: str, page: str, own: dict[str, list[str]]
) -> None:
    address = urlsplit(oauth.address(redirect_uri=BACK, state="S1", user_agent=agent))
    common = {"appid": ["ww1"], "agentid": ["1000002"], "redirect_uri": [BACK], "state": ["S1"]}
    assert address._replace(query="", fragment="").geturl() == page
    assert parse_qs(address.query) == {**common, **own}
    assert address.fragment == ("wechat_redirect" if "scope" in own else "")
