"""A channel against its scripted platform over real HTTP, as the contract of channels tries it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.kf.client import KfClient
from bot.channels.tokens import TokenKeeper
from bot.channels.wechat.client import WechatClient, WechatTokens
from bot.channels.wecom.client import WecomClient, WecomTokens
from content.messages import TextReply
from handlers.delivery.errors import ChannelError
from handlers.delivery.ports import Channel, Receipt
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_platform import ScriptedPlatform, serve
from tests.unit.bot.channels.token_shelf import TokenShelf


@dataclass(frozen=True, kw_only=True)
class Rig:
    """One channel against its scripted platform."""

    channel: Channel
    platform: ScriptedPlatform
    shelf: TokenShelf
    clock: ManualClock
    api: str

    async def send(self, words: str = "您好", *, to: str = "oPerson", key: str = "k1") -> Receipt:
        return await self.channel.send(
            api=self.api, recipient=to, content=TextReply(content=words), idempotency_key=key
        )

    async def failure(self) -> ChannelError:
        with pytest.raises(ChannelError) as caught:
            await self.send()
        return caught.value


def _wechat(api: PlatformApi, shelf: TokenShelf, clock: ManualClock) -> WechatClient:
    tokens = WechatTokens(api=api, app_id="wx1", secret="oa-secret")
    return WechatClient(api=api, tokens=TokenKeeper(key="wx1:x", store=shelf, fetch=tokens.fetch, clock=clock))


def _wecom(api: PlatformApi, shelf: TokenShelf, clock: ManualClock) -> WecomClient:
    tokens = WecomTokens(api=api, corp_id="ww1", secret="app-secret")
    keeper = TokenKeeper(key="ww1:x", store=shelf, fetch=tokens.fetch, clock=clock)
    return WecomClient(api=api, tokens=keeper, agent_id=1000002)


def _kf(api: PlatformApi, shelf: TokenShelf, clock: ManualClock) -> KfClient:
    tokens = WecomTokens(api=api, corp_id="ww1", secret="app-secret")
    keeper = TokenKeeper(key="ww1:x", store=shelf, fetch=tokens.fetch, clock=clock)
    return KfClient(api=api, tokens=keeper, open_kfid="wkA")


BUILDERS: dict[str, tuple[Callable[[PlatformApi, TokenShelf, ManualClock], Channel], str]] = {
    "wechat": (_wechat, "custom_send"),
    "wecom": (_wecom, "message_send"),
    "kf": (_kf, "kf_send"),
}


async def rigged(
    http: aiohttp.ClientSession, build: Callable[[PlatformApi, TokenShelf, ManualClock], Channel], api_name: str
) -> AsyncIterator[Rig]:
    """Yield one channel against a platform of its own."""
    platform, shelf, clock = ScriptedPlatform(), TokenShelf(), ManualClock()
    async with serve(platform) as address:
        api = PlatformApi(http=http, base_url=address, clock=clock, connect_seconds=1, answer_seconds=0.3)
        yield Rig(channel=build(api, shelf, clock), platform=platform, shelf=shelf, clock=clock, api=api_name)
