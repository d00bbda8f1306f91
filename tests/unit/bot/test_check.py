"""`zhike check`: each misconfiguration is found, and has its sentence and its mend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.check import Finding, Level, run_checks
from bot.settings import Settings
from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    Misconfigured,
    OutcomeUnknown,
    QuotaExhausted,
    RetryLater,
)
from storage.errors import DatabaseUnreachable, SchemaTooNew, SchemaTooOld
from tests.fakes.clock import START, ManualClock

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
SERVICE: dict[str, Any] = {
    "name": "service",
    "channel": "wechat",
    "title": "示例人寿",
    "app_id": "wx1234567890abcdef",
    "original_id": "gh_1234567890ab",
    "secret": "0123456789abcdef0123456789abcdef",
    "callback_token": "token4service",
    "callback_aes_key": AES_KEY,
}
ASSISTANT: dict[str, Any] = {
    "name": "assistant",
    "channel": "wecom",
    "title": "业务员助手",
    "corp_id": "ww1234567890abcdef",
    "agent_id": 1000002,
    "secret": "wecom-secret",
    "callback_token": "token4assistant",
    "callback_aes_key": AES_KEY,
}
ZHANG_WEI: dict[str, Any] = {"realm": "ww1234567890abcdef", "userid": "zhangwei", "name": "张伟"}


def settings_of(home: Path, **changes: Any) -> Settings:
    parts: dict[str, Any] = {"accounts": [SERVICE, ASSISTANT], "staff": [ZHANG_WEI]}
    return Settings.model_validate({"home": home, **parts, **changes})


async def flaws(settings: Settings) -> list[tuple[str, str]]:
    """What is not well, as (level, subject); each with a sentence and a mend."""
    findings = [finding for finding in await run_checks(settings, clock=ManualClock()) if finding.level != "ok"]
    assert all(finding.sentence.endswith("。") and finding.mend.endswith("。") for finding in findings)
    return [(finding.level.value, finding.subject) for finding in findings]


async def test_settings_without_a_flaw_are_said_to_be_well(tmp_path: Path) -> None:
    findings = await run_checks(settings_of(tmp_path), clock=ManualClock())
    assert {finding.level for finding in findings} == {Level.OK}
    assert [finding.subject for finding in findings] == ["账号 service", "账号 assistant", "时限与条数", "数据目录"]
    assert "/callback/service" in findings[0].sentence


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"callback_aes_key": AES_KEY[:-1]}, "error", "callback_aes_key 有 42 个字符"),
        ({"callback_aes_key": AES_KEY[:-1] + "!"}, "error", "应为 43 位的字母或数字"),
        ({"callback_token": "ab"}, "error", "callback_token 不是 3 到 32 位"),
        ({"callback_token": "with space"}, "error", "callback_token 不是 3 到 32 位"),
        ({"callback_token": "t" * 33}, "error", "callback_token 不是 3 到 32 位"),
        ({"previous_callback_token": "former"}, "error", "只填了一个"),
        ({"previous_callback_token": "former", "previous_callback_aes_key": "short"}, "error", "有 5 个字符"),
        (
            {"previous_callback_token": "token4service", "previous_callback_aes_key": AES_KEY},
            "warn",
            "新旧两对令牌与密钥相同",
        ),
        ({"app_id": "gh_1234567890ab"}, "warn", "不像 AppID"),
        ({"original_id": "wx1234567890abcdef"}, "warn", "不像原始 ID"),
        ({"mode": "plain"}, "warn", "明文模式"),
        ({"api_base_url": "http://proxy.example.com"}, "warn", "没有加密"),
        ({"api_base_url": "http://10.0.0.8:8080"}, "warn", "没有加密"),
        ({"answers": "active", "active_messages": False}, "error", "没有办法回复"),
    ],
)
async def test_a_flaw_of_an_official_account(tmp_path: Path, change: dict[str, Any], level: str, words: str) -> None:
    settings = settings_of(tmp_path, accounts=[SERVICE | change], staff=[])
    found = [finding for finding in await run_checks(settings, clock=ManualClock()) if finding.level != "ok"]
    assert [(finding.level.value, finding.subject) for finding in found] == [(level, "账号 service")]
    assert words in found[0].sentence
    assert found[0].mend.endswith("。")


@pytest.mark.parametrize(
    "change",
    [
        {"api_base_url": "http://127.0.0.1:9700/oa"},
        {"api_base_url": "http://localhost:9700"},
        {"api_base_url": "http://[::1]:9700"},
        {"previous_callback_token": "former", "previous_callback_aes_key": AES_KEY},
        {"mode": "compatible"},
        {"mode": "compatible", "previous_callback_token": "former", "previous_callback_aes_key": AES_KEY},
        {"answers": "none", "active_messages": False},
    ],
)
async def test_what_is_unusual_but_right_is_not_blamed(tmp_path: Path, change: dict[str, Any]) -> None:
    assert await flaws(settings_of(tmp_path, accounts=[SERVICE | change], staff=[])) == []


async def test_in_plain_mode_a_rotation_needs_the_former_token_alone(tmp_path: Path) -> None:
    rotating = SERVICE | {"mode": "plain", "callback_aes_key": "", "previous_callback_token": "former"}
    halved = SERVICE | {"mode": "plain", "previous_callback_aes_key": AES_KEY}
    about_plain = [("warn", "账号 service")]
    assert await flaws(settings_of(tmp_path, accounts=[rotating], staff=[])) == about_plain
    assert await flaws(settings_of(tmp_path, accounts=[halved], staff=[])) == [("error", "账号 service"), *about_plain]


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "found"),
    [(0o644, 0o755, True), (0o640, 0o750, True), (0o600, 0o755, False), (0o644, 0o700, False)],
)
async def test_a_database_file_that_others_can_read_is_warned_of(
    tmp_path: Path, file_mode: int, folder_mode: int, found: bool
) -> None:
    (tmp_path / "zhike.db").touch()
    (tmp_path / "zhike.db").chmod(file_mode)
    tmp_path.chmod(folder_mode)
    assert await flaws(settings_of(tmp_path)) == ([("warn", "数据库")] if found else [])


async def test_a_corp_id_that_does_not_look_like_one(tmp_path: Path) -> None:
    assistant, person = ASSISTANT | {"corp_id": "1000002"}, ZHANG_WEI | {"realm": "1000002"}
    assert await flaws(settings_of(tmp_path, accounts=[assistant], staff=[person])) == [("warn", "账号 assistant")]


async def test_one_account_written_twice_is_found_by_what_it_is_not_by_its_name(tmp_path: Path) -> None:
    twice = [SERVICE, SERVICE | {"name": "again"}, ASSISTANT, ASSISTANT | {"name": "helper"}]
    assert await flaws(settings_of(tmp_path, accounts=twice)) == [
        ("error", "账号 again"),
        ("error", "账号 again"),
        ("error", "账号 helper"),
    ]


async def test_two_applications_of_one_corporation_are_two_accounts(tmp_path: Path) -> None:
    second = ASSISTANT | {"name": "second", "agent_id": 1000003}
    assert await flaws(settings_of(tmp_path, accounts=[ASSISTANT, second])) == []


async def test_without_accounts_there_is_nothing_to_serve(tmp_path: Path) -> None:
    assert await flaws(settings_of(tmp_path, accounts=[], staff=[])) == [("error", "账号")]


async def test_staff_must_belong_to_a_corporation_that_is_served(tmp_path: Path) -> None:
    assert await flaws(settings_of(tmp_path, staff=[ZHANG_WEI | {"realm": "ww9"}])) == [
        ("warn", "员工 zhangwei"),
        ("warn", "员工"),
    ]


@pytest.mark.parametrize(
    ("section", "level", "subject"),
    [
        ({"conversation": {"deadline_seconds": 5}}, "error", "conversation.deadline_seconds"),
        ({"conversation": {"deadline_seconds": 4.9}}, "warn", "conversation.deadline_seconds"),
        ({"conversation": {"lease_seconds": 4.5}}, "error", "conversation.lease_seconds"),
        ({"conversation": {"lease_seconds": 10}}, "warn", "conversation.lease_seconds"),
        ({"delivery": {"reply_reserve": 5}}, "error", "delivery.reply_reserve"),
        ({"delivery": {"reply_reserve": 3}}, "warn", "delivery.reply_reserve"),
        ({"delivery": {"lease_seconds": 5}}, "warn", "delivery.lease_seconds"),
        ({"clock": {"sandbox_url": "http://127.0.0.1:9700"}}, "warn", "clock.sandbox_url"),
    ],
)
async def test_limits_that_do_not_fit(tmp_path: Path, section: dict[str, Any], level: str, subject: str) -> None:
    assert await flaws(settings_of(tmp_path, **section)) == [(level, subject)]


async def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    assert await flaws(settings_of(tmp_path / "absent")) == [("error", "数据目录")]


async def test_settings_that_everybody_may_read(tmp_path: Path) -> None:
    file = tmp_path / "zhike.toml"
    file.write_text("", encoding="utf-8")
    file.chmod(0o644)
    assert await flaws(settings_of(tmp_path)) == [("warn", "数据目录")]
    file.chmod(0o640)
    assert await flaws(settings_of(tmp_path)) == []


# --- what must be tried --------------------------------------------------------------------------


def raising(error: Exception) -> Callable[[], Awaitable[None]]:
    async def probe() -> None:
        raise error

    return probe


async def well() -> None:
    return None


def telling(moment: datetime) -> Callable[[], Awaitable[datetime]]:
    async def probe() -> datetime:
        return moment

    return probe


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (SchemaTooOld("revision none"), "zhike migrate"),
        (SchemaTooNew("revision 0099"), "升级知客"),
        (DatabaseUnreachable("connection refused"), "database.url"),
        (ConnectionRefusedError("connection refused"), "database.url"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_database_that_cannot_be_used(tmp_path: Path, error: Exception, mend: str) -> None:
    found = (await run_checks(settings_of(tmp_path), clock=ManualClock(), database=raising(error)))[-1]
    assert (found.level, found.subject) == (Level.ERROR, "数据库")
    assert str(error) in found.sentence
    assert mend in found.mend


@pytest.mark.parametrize(
    ("error", "level", "mend"),
    [
        (Misconfigured("40164"), Level.ERROR, "IP 白名单"),
        (RetryLater("no connection"), Level.WARN, "网络"),
        (QuotaExhausted("45009"), Level.ERROR, "不要反复重启"),
        (OutcomeUnknown("no readable answer"), Level.ERROR, "api_base_url"),
        (ChannelError("something else"), Level.ERROR, "api_base_url"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_token_that_cannot_be_had(tmp_path: Path, error: ChannelError, level: Level, mend: str) -> None:
    probes = {"service": raising(error), "assistant": well}
    service, assistant = (await run_checks(settings_of(tmp_path), clock=ManualClock(), tokens=probes))[-2:]
    assert (service.level, service.subject) == (level, "账号 service 的接口")
    assert mend in service.mend
    assert assistant == Finding.ok("账号 assistant 的接口", "取得了访问凭证。")


@pytest.mark.parametrize(
    ("error", "level", "mend"),
    [
        (AccountBlocked("refused", code=301002), Level.ERROR, "zhike.toml 里把账号 assistant 的 agent_id"),
        (AccountBlocked("refused", code=40056), Level.ERROR, "zhike.toml 里把账号 assistant 的 agent_id"),
        (AccountBlocked("refused", code=60020), Level.ERROR, "企业可信 IP"),
        (AccountBlocked("refused", code=48001), Level.ERROR, "启用这个应用"),
        (AccountBlocked("refused"), Level.ERROR, "启用这个应用"),
        (RetryLater("refused"), Level.WARN, "网络"),
        (OutcomeUnknown("refused"), Level.WARN, "网络"),
    ],
)
async def test_an_application_that_cannot_be_called(
    tmp_path: Path, error: ChannelError, level: Level, mend: str
) -> None:
    findings = await run_checks(
        settings_of(tmp_path), clock=ManualClock(), tokens={"assistant": well}, agents={"assistant": raising(error)}
    )
    token, found = findings[-2:]
    assert (token.level, found.level, found.subject) == (Level.OK, level, "账号 assistant 的应用")
    assert "refused" in found.sentence
    assert mend in found.mend


async def test_an_application_whose_token_cannot_be_had_is_not_asked_about(tmp_path: Path) -> None:
    findings = await run_checks(
        settings_of(tmp_path),
        clock=ManualClock(),
        tokens={"assistant": raising(Misconfigured("40001"))},
        agents={"assistant": raising(AssertionError("asked"))},
    )
    assert findings[-1].subject == "账号 assistant 的接口"


async def test_what_was_tried_and_worked_is_said_to_be_well(tmp_path: Path) -> None:
    findings = await run_checks(
        settings_of(tmp_path), clock=ManualClock(), database=well, tokens={"service": well}, outside_time=telling(START)
    )
    assert {finding.level for finding in findings} == {Level.OK}
    assert [finding.subject for finding in findings[-3:]] == ["数据库", "账号 service 的接口", "本机时间"]


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.OK), (30, Level.OK), (-31, Level.WARN), (299, Level.WARN), (300, Level.ERROR), (-300, Level.ERROR)],
)
async def test_a_clock_that_is_off(tmp_path: Path, seconds: int, level: Level) -> None:
    outside = telling(START + timedelta(seconds=seconds))
    found = (await run_checks(settings_of(tmp_path), clock=ManualClock(), outside_time=outside))[-1]
    assert (found.level, found.subject) == (level, "本机时间")


async def test_without_anybody_to_ask_the_time_the_operator_is_told_to_look(tmp_path: Path) -> None:
    async def nobody() -> datetime:
        raise RetryLater("no connection")

    found = (await run_checks(settings_of(tmp_path), clock=ManualClock(), outside_time=nobody))[-1]
    assert (found.level, found.subject) == (Level.WARN, "本机时间")


async def test_no_finding_shows_a_secret(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, accounts=[SERVICE | {"callback_token": "bad token!", "callback_aes_key": "s3cr3t"}]
    )
    shown = repr(await run_checks(settings, clock=ManualClock()))
    assert isinstance(settings.accounts[0].secret, SecretStr)
    assert [secret for secret in settings.secret_values() if secret in shown] == []


async def test_the_number_of_the_demonstration_is_no_hotline(tmp_path: Path) -> None:
    demo = settings_of(tmp_path, insurer={"hotline": "400-000-0000（演示号码）"})
    assert await flaws(demo) == [("warn", "insurer.hotline")]
