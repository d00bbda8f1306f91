"""`zhike menu publish`: bring the authored menu to the official accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bot.accounts import AccountKit, UnknownAccount, build_kits
from bot.app import open_stores
from bot.channels.wechat.client import WechatClient
from bot.channels.wechat.menu import platform_buttons
from bot.clock import open_clock
from bot.outbound import open_http
from bot.settings import Settings, WechatAccount
from content.loader import load_content
from storage.accounts import Accounts
from storage.migrate import check_schema


async def publish(settings: Settings, *, account: str | None = None) -> list[str]:
    """Give every official account (or the one named) the authored menu; return their names.

    Raises UnknownAccount when no official account has the name, and ChannelError.
    """
    known = [each.name for each in settings.accounts if isinstance(each, WechatAccount)]
    if account is not None and account not in known:
        raise UnknownAccount(account, known, where="zhike.toml 里的公众号")
    buttons = platform_buttons(load_content(settings.home).menu)
    published = []
    async with open_kits(settings) as kits:
        for kit in kits.values():
            name = kit.served.info.name
            if isinstance(kit.directory, WechatClient) and account in (None, name):
                await kit.directory.create_menu(buttons)
                published.append(name)
    return published


@asynccontextmanager
async def open_kits(settings: Settings) -> AsyncIterator[Mapping[int, AccountKit]]:
    """Yield the accounts' kits for a command that calls the platforms, with the stored tokens."""
    stores = open_stores(settings)
    try:
        await check_schema(stores.database)
        accounts = Accounts(stores.database)
        rows = await accounts.bring_in([(a.name, a.channel, a.realm, a.title) for a in settings.accounts])
        async with open_http(settings) as http:
            # A command is short: under a sandbox's virtual time the moment that is learnt here is its time.
            clock = await open_clock(settings.clock.sandbox_url, http)
            yield build_kits(settings, rows, http=http, clock=clock, tokens=stores.tokens)
    finally:
        await stores.database.close()
