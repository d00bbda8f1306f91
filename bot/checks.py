"""What `zhike check` tries: settings, content, database, each account's interface, the clock against the platform's."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from bot.accounts import AccountKit, build_kit
from bot.app import Stores, open_stores
from bot.channels.api import PlatformApi
from bot.channels.kf.client import check_kf_account
from bot.channels.wecom.client import check_agent
from bot.check import Finding, Probe, TimeProbe, cause, run_checks
from bot.clock import SandboxUnavailable, open_clock
from bot.outbound import open_http
from bot.policies.rest import RestSource
from bot.settings import KfAccount, Settings, SettingsError, WecomAccount, load_settings
from content.errors import ContentError
from content.loader import load_content
from handlers.clock import Clock
from handlers.delivery.errors import RetryLater
from handlers.policies.ports import SourceDown
from storage.errors import DatabaseAbsent, StorageError
from storage.migrate import check_schema
from storage.records import AccountRow
from storage.sqlite_file import sqlite_file

_SECONDS = aiohttp.ClientTimeout(total=15)


async def run(home: Path, env: Mapping[str, str]) -> list[Finding]:
    """Return everything that was found; nothing is written anywhere."""
    try:
        settings = load_settings(home, env)
    except SettingsError as error:
        return [Finding.error("设置", str(problem), "") for problem in error.problems]
    findings = _check_content(settings)
    async with open_http(settings, timeout=_SECONDS) as http:
        try:
            clock = await open_clock(settings.clock.sandbox_url, http)
        except SandboxUnavailable as error:
            return [*findings, _sandbox_away(settings, error)]
        try:
            stores = open_stores(settings)
        except StorageError as error:
            return [*findings, _bad_url(error)]

        async def database() -> None:
            # Opening a SQLite file that is not there would make it.
            file = sqlite_file(settings.database_url, home=settings.home)
            if file is not None and not file.exists():
                raise DatabaseAbsent(f"there is no file {file}")
            await stores.database.check()
            await check_schema(stores.database)

        kits = _kits(settings, stores, http=http, clock=clock)
        try:
            findings += await run_checks(
                settings,
                clock=clock,
                database=database,
                tokens={name: kit.fetch_token for name, kit in kits.items()},
                agents=_agent_probes(settings, kits, http=http, clock=clock),
                desks=_desk_probes(settings, kits, http=http, clock=clock),
                policies=policy_probe(settings, http=http),
                outside_time=None if settings.clock.sandbox_url else _platform_time(settings, http),
            )
        finally:
            await stores.database.close()
    return findings


def _sandbox_away(settings: Settings, error: SandboxUnavailable) -> Finding:
    sentence = f"{settings.clock.sandbox_url} 没有答复时间（{error.__cause__}）。"
    return Finding.error("沙箱时钟", sentence, "请启动沙箱，或清空 clock.sandbox_url。")


def _bad_url(error: StorageError) -> Finding:
    mend = (
        "请把 database.url 或 ZHIKE_DATABASE_URL 写成 sqlite+aiosqlite:///文件，"
        "或 postgresql+asyncpg://用户:密码@主机/库名。"
    )
    return Finding.error("数据库", f"{cause(error)}。", mend)


def _kits(settings: Settings, stores: Stores, *, http: aiohttp.ClientSession, clock: Clock) -> dict[str, AccountKit]:
    """Return the kit of each account by its name; an account whose keys cannot be keys has its finding."""
    kits: dict[str, AccountKit] = {}
    for number, account in enumerate(settings.accounts):
        row = AccountRow(
            id=number, name=account.name, channel=account.channel, realm=account.realm, title=account.title
        )
        with suppress(ValueError):
            kits[account.name] = build_kit(
                account, row, settings=settings, http=http, clock=clock, tokens=stores.tokens
            )
    return kits


def _agent_probes(
    settings: Settings, kits: Mapping[str, AccountKit], *, http: aiohttp.ClientSession, clock: Clock
) -> dict[str, Probe]:
    """Return, by account, what asks WeCom about the account's application."""

    def probe_of(account: WecomAccount) -> Probe:
        api = PlatformApi(http=http, base_url=account.api_base_url, clock=clock)

        async def probe() -> None:
            # The second token request of a check is given the first one's token; nothing is stored.
            fresh = await kits[account.name].fetch_token()
            await check_agent(api, token=fresh.value, agent_id=account.agent_id)

        return probe

    wecom = [a for a in settings.accounts if isinstance(a, WecomAccount) and a.name in kits]
    return {account.name: probe_of(account) for account in wecom}


def _desk_probes(
    settings: Settings, kits: Mapping[str, AccountKit], *, http: aiohttp.ClientSession, clock: Clock
) -> dict[str, Probe]:
    """Return, by account, what asks WeCom about the account of WeChat customer service."""

    def probe_of(account: KfAccount) -> Probe:
        api = PlatformApi(http=http, base_url=account.api_base_url, clock=clock)

        async def probe() -> None:
            fresh = await kits[account.name].fetch_token()
            await check_kf_account(api, token=fresh.value, open_kfid=account.open_kfid)

        return probe

    return {
        account.name: probe_of(account)
        for account in settings.accounts
        if isinstance(account, KfAccount) and account.name in kits
    }


def policy_probe(settings: Settings, *, http: aiohttp.ClientSession) -> Probe | None:
    """Return what asks the insurer's service after somebody who is nobody: 404 by the contract."""
    policies = settings.policies
    if policies.source != "rest":
        return None
    source = RestSource(http=http, url=policies.url, secret=policies.secret)

    async def probe() -> None:
        if await source.find(name="知客自检", policy="ZHIKE-CHECK", id_tail="000000") is not None:
            raise SourceDown("POST /holders/find: it knows a holder who is nobody")

    return probe


def _check_content(settings: Settings) -> list[Finding]:
    try:
        content = load_content(settings.home)
    except ContentError as error:
        return [Finding.error("内容", f"{p.path}:{p.line}: {p.what}", p.mend) for p in error.problems]
    return [Finding.ok("内容", f"可以使用，版本 {content.version}。")]


def _platform_time(settings: Settings, http: aiohttp.ClientSession) -> TimeProbe | None:
    if not settings.accounts:
        return None
    address = settings.accounts[0].api_base_url

    async def probe() -> datetime:
        try:
            async with http.get(address) as response:
                return parsedate_to_datetime(response.headers["Date"])
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
            raise RetryLater(f"{address} gave no time ({error})") from error

    return probe
