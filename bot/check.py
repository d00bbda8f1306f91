"""`zhike check`: everything that would keep the bot from serving, each in a sentence with its mend.

What can be seen in the settings is judged by `bot.check_settings`; this module adds what must be tried: the data
folder, the database, each account's token, the clock. What tries is handed in, so that nothing here knows a platform
or SQL.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from bot.check_settings import Finding, Level, check_settings
from bot.settings import SETTINGS_FILE, Settings
from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, Misconfigured, RetryLater
from storage.errors import SchemaTooNew, SchemaTooOld, StorageError

__all__ = ["Finding", "Level", "run_checks"]

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
    outside_time: TimeProbe | None = None,
) -> list[Finding]:
    """Return what was found, the settings first; a subject without a flaw gives one finding of level ok.

    Args:
        database: returns when the database is reachable and migrated, otherwise raises StorageError or OSError.
        tokens: by account name; fetches an access token or raises ChannelError.
        outside_time: the time that somebody else keeps (the Date header of a platform), or raises ChannelError.
    """
    findings = [*check_settings(settings), *_check_home(settings)]
    if database is not None:
        findings.append(await _check_database(database))
    for name, probe in (tokens or {}).items():
        findings.append(await _check_token(name, probe))
    if outside_time is not None:
        findings.append(await _check_time(settings, clock, outside_time))
    return findings


def _check_home(settings: Settings) -> list[Finding]:
    home, subject = settings.home, "数据目录"
    if not home.is_dir():
        return [Finding.error(subject, f"{home} 不存在或不是目录。", "请运行 zhike init，或改正 ZHIKE_HOME。")]
    if not os.access(home, os.W_OK | os.X_OK):
        return [Finding.error(subject, f"{home} 不可写。", "请把目录的属主改为运行知客的用户。")]
    file = home / SETTINGS_FILE
    if file.is_file() and file.stat().st_mode & stat.S_IROTH:
        return [Finding.warn(subject, f"{file} 对所有用户可读，里面可能有密钥。", f"请运行 chmod 600 {file}。")]
    return [Finding.ok(subject, f"{home} 可写。")]


async def _check_database(probe: Probe) -> Finding:
    subject = "数据库"
    try:
        await probe()
    except SchemaTooOld as error:
        return Finding.error(subject, f"表结构比程序旧（{error}）。", "请运行 zhike migrate。")
    except SchemaTooNew as error:
        return Finding.error(subject, f"表结构比程序新（{error}）。", "请升级知客，或恢复升级前的备份。")
    except (StorageError, OSError) as error:
        return Finding.error(subject, f"连不上（{error}）。", "请检查 database.url，并确认数据库已启动、可以登录。")
    return Finding.ok(subject, "可以连接，表结构是最新的。")


async def _check_token(name: str, probe: Probe) -> Finding:
    subject = f"账号 {name} 的接口"
    try:
        await probe()
    except Misconfigured as error:
        mend = "请核对 AppID（企业 ID）与 secret，并把本机出口 IP 加入平台的 IP 白名单（企业可信 IP）。"
        return Finding.error(subject, f"平台拒绝发给访问凭证（{error}）。", mend)
    except RetryLater as error:
        mend = "请检查网络、代理和 api_base_url；平台繁忙时稍后再试。"
        return Finding.warn(subject, f"现在取不到访问凭证（{error}）。", mend)
    except ChannelError as error:
        return Finding.error(
            subject, f"取访问凭证时出错（{error}）。", "请核对 api_base_url、AppID（企业 ID）与 secret。"
        )
    return Finding.ok(subject, "取得了访问凭证。")


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
