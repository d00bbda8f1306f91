"""`zhike check`: everything that would keep the bot from serving, each in a sentence with its mend.

What can be seen in the settings is judged by `bot.check_settings`; this module adds what must be tried: the data
folder, the database, each account's token and application, the clock. What tries is handed in, so that nothing here
knows HTTP or SQL.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bot.check_kf import check_desk
from bot.check_policies import check_drop, check_service
from bot.check_settings import Finding, Level, check_settings
from bot.settings import SETTINGS_FILE, Settings
from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, Misconfigured, QuotaExhausted, RetryLater
from storage.errors import DatabaseAbsent, SchemaTooNew, SchemaTooOld, StorageError
from storage.sqlite_file import sqlite_file

__all__ = ["Finding", "Level", "cause", "run_checks"]

#: A clock that is off by more makes callbacks look stale or forged sooner or later.
SKEW_WARNING = timedelta(seconds=30)

Probe = Callable[[], Awaitable[object]]
TimeProbe = Callable[[], Awaitable[datetime]]


async def run_checks(
    settings: Settings,
    *,
    clock: Clock,
    database: Probe | None = None,
    tokens: Mapping[str, Probe] | None = None,
    agents: Mapping[str, Probe] | None = None,
    desks: Mapping[str, Probe] | None = None,
    outside_time: TimeProbe | None = None,
    policies: Probe | None = None,
) -> list[Finding]:
    """Return what was found, the settings first; a subject without a flaw gives one finding of level ok.

    Args:
        database: returns when the database is reachable and migrated, otherwise raises StorageError or OSError.
        tokens: by account name; fetches an access token or raises ChannelError.
        agents: by the name of a WeCom account; asks about its application or raises ChannelError. Only tried when the
            account's token could be had: a wrong secret repeated bans this machine's address.
        desks: the same by the name of an account of WeChat customer service.
        policies: asks the insurer's service of policies after nobody, or raises SourceDown.
        outside_time: the time that somebody else keeps (the Date header of a platform), or raises ChannelError.
    """
    findings = [*check_settings(settings), *_check_home(settings)]
    if database is not None:
        findings.append(await _check_database(database))
    for name, probe in (tokens or {}).items():
        findings.append(await _check_token(name, probe))
        if agents is not None and name in agents and findings[-1].level is Level.OK:
            findings.append(await _check_agent(name, agents[name]))
        if desks is not None and name in desks and findings[-1].level is Level.OK:
            findings.append(await check_desk(name, desks[name]))
    if settings.policies.source == "csv":
        findings.append(check_drop(settings, settings.home / settings.policies.folder, now=clock.now()))
    if policies is not None:
        findings.append(await check_service(policies))
    if outside_time is not None:
        findings.append(await _check_time(settings, clock, outside_time))
    return findings


def _check_home(settings: Settings) -> list[Finding]:
    home, subject = settings.home, "数据目录"
    if not home.is_dir():
        return [Finding.error(subject, f"{home} 不存在或不是目录。", "请运行 zhike init，或改正 ZHIKE_HOME。")]
    if not os.access(home, os.W_OK | os.X_OK):
        return [Finding.error(subject, f"{home} 不可写。", "请把目录的属主改为运行知客的用户。")]
    flaws = []
    file = home / SETTINGS_FILE
    if file.is_file() and file.stat().st_mode & stat.S_IROTH:
        flaws.append(Finding.warn(subject, f"{file} 对所有用户可读，里面可能有密钥。", f"请运行 chmod 600 {file}。"))
    database = sqlite_file(settings.database_url, home=home)
    if database is not None and _is_open_to_others(database):
        flaws.append(
            Finding.warn(
                "数据库",
                f"{database} 对其他用户可读，里面有客户的话和访问凭证。",
                f"请运行 chmod 600 {database}*，并对所在的文件夹运行 chmod 700 {database.parent}。",
            )
        )
    return flaws or [Finding.ok(subject, f"{home} 可写。")]


def _is_open_to_others(file: Path) -> bool:
    """Return whether somebody else can read a file: by its own mode, through a folder that lets them in."""
    return (
        file.is_file()
        and bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
        and bool(file.parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH))
    )


async def _check_database(probe: Probe) -> Finding:
    subject = "数据库"
    try:
        await probe()
    except SchemaTooOld as error:
        return Finding.error(subject, f"表结构比程序旧（{cause(error)}）。", "请运行 zhike migrate。")
    except SchemaTooNew as error:
        return Finding.error(subject, f"表结构比程序新（{cause(error)}）。", "请升级知客，或恢复升级前的备份。")
    except DatabaseAbsent as error:
        return Finding.error(subject, f"还没有数据库（{error}）。", "请运行 zhike migrate。")
    except (StorageError, OSError) as error:
        return Finding.error(
            subject, f"连不上（{cause(error)}）。", "请检查 database.url，并确认数据库已启动、可以登录。"
        )
    return Finding.ok(subject, "可以连接，表结构是最新的。")


def cause(error: Exception) -> str:
    """Return what an error of the storage says without the mend at its end; the finding has its own."""
    sentence = str(error)
    return sentence.rpartition("; ")[0] or sentence


async def _check_token(name: str, probe: Probe) -> Finding:
    subject = f"账号 {name} 的接口"
    try:
        await probe()
    except Misconfigured as error:
        mend = "请核对 AppID（企业 ID）与 secret；是公众号时，还要把本机出口 IP 加入平台的 IP 白名单。"
        return Finding.error(subject, f"平台拒绝发给访问凭证（{error}）。", mend)
    except RetryLater as error:
        mend = "请检查网络、代理和 api_base_url；平台繁忙时稍后再试。"
        return Finding.warn(subject, f"现在取不到访问凭证（{error}）。", mend)
    except QuotaExhausted as error:
        mend = "请改正 secret，过一小时再试，其间不要反复重启：多半是 secret 错了多次，平台暂时封了本机的 IP。"
        return Finding.error(subject, f"取访问凭证的次数用完了（{error}）。", mend)
    except ChannelError as error:
        return Finding.error(
            subject, f"取访问凭证时出错（{error}）。", "请核对 api_base_url、AppID（企业 ID）与 secret。"
        )
    return Finding.ok(subject, "取得了访问凭证。")


#: What a refusal of agent/get means and its mend, by code. WeCom doc 90313: global error codes.
_WRONG_AGENT = (
    "agent_id 与 secret 不是同一个应用的（{error}），消息发不出去。",
    f"请在 {SETTINGS_FILE} 里把账号 {{name}} 的 agent_id 改为应用详情页的 AgentId，secret 也取自同一页。",
)
_AGENT_REFUSALS = {
    40056: _WRONG_AGENT,
    301002: _WRONG_AGENT,
    60020: (
        "本机的出口 IP 不在应用的企业可信 IP 里（{error}）：取得到访问凭证，但消息发不出去。",
        "请在企业微信管理后台的应用详情页，把本机的出口 IP 加入「企业可信 IP」，约一分钟后生效。",
    ),
}
_AGENT_BLOCKED = (
    "平台不让这个应用调用接口（{error}）。",
    "请在企业微信管理后台启用这个应用，并核对账号 {name} 的 corp_id、agent_id 与 secret。",
)


async def _check_agent(name: str, probe: Probe) -> Finding:
    subject = f"账号 {name} 的应用"
    try:
        await probe()
    except Misconfigured as error:
        sentence, mend = _AGENT_REFUSALS.get(error.code or 0, _AGENT_BLOCKED)
        return Finding.error(subject, sentence.format(error=error), mend.format(name=name))
    except ChannelError as error:
        mend = "请检查网络、代理和 api_base_url；平台繁忙时稍后再试。"
        return Finding.warn(subject, f"现在查不到应用，agent_id 与企业可信 IP 没有核对（{error}）。", mend)
    return Finding.ok(subject, "agent_id 与 secret 相符，本机的 IP 可以调用。")


async def _check_time(settings: Settings, clock: Clock, probe: TimeProbe) -> Finding:
    subject = "本机时间"
    try:
        outside = await probe()
    except (ChannelError, OSError) as error:
        return Finding.warn(subject, f"没有可对照的时间（{error}）。", "请确认本机已启用网络对时（NTP）。")
    skew = abs(clock.now() - outside)
    said = f"与平台相差 {skew.total_seconds():.0f} 秒"
    if skew >= timedelta(seconds=settings.callbacks.max_skew_seconds):
        return Finding.error(subject, f"{said}，回调会全部被当作过期而拒绝。", "请启用网络对时（NTP）。")
    if skew > SKEW_WARNING:
        return Finding.warn(subject, f"{said}。", "请启用网络对时（NTP）。")
    return Finding.ok(subject, f"{said}。")
