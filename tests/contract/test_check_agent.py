"""What asking WeCom about an application says of the account, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.wecom.client import check_agent
from handlers.delivery.errors import AccountBlocked, ChannelError, RetryLater
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_platform import Reply, ScriptedPlatform, serve


@pytest.fixture
def platform() -> ScriptedPlatform:
    return ScriptedPlatform()


@pytest.fixture
async def api(platform: ScriptedPlatform) -> AsyncIterator[PlatformApi]:
    async with serve(platform) as address, aiohttp.ClientSession() as http:
        yield PlatformApi(http=http, base_url=address, clock=ManualClock(), connect_seconds=1, answer_seconds=0.3)


async def test_an_application_is_asked_about_by_its_number_with_its_token(
    api: PlatformApi, platform: ScriptedPlatform
) -> None:
    platform.script.append(Reply(fields={"errcode": 0, "agentid": 1000002, "close": 0}))
    await check_agent(api, token="t1", agent_id=1000002)
    (call,) = platform.calls
    assert (call.method, call.path) == ("GET", "/cgi-bin/agent/get")
    assert call.query == {"access_token": "t1", "agentid": "1000002"}


@pytest.mark.parametrize(
    ("fields", "expected", "code"),
    [
        ({"errcode": 301002}, AccountBlocked, 301002),
        ({"errcode": 40056}, AccountBlocked, 40056),
        ({"errcode": 60020}, AccountBlocked, 60020),
        ({"errcode": 0, "close": 1}, AccountBlocked, None),
        ({"errcode": -1}, RetryLater, -1),
    ],
)
async def test_a_refusal_keeps_its_code(
    api: PlatformApi, platform: ScriptedPlatform, fields: dict[str, int], expected: type[ChannelError], code: int | None
) -> None:
    platform.script.append(Reply(fields=fields))
    with pytest.raises(ChannelError) as caught:
        await check_agent(api, token="t1", agent_id=1000002)
    assert (type(caught.value), caught.value.code) == (expected, code)
