"""What can be seen to be wrong in the settings without trying anything: pure rules, each a sentence with its mend."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.settings import AccountSettings, KfAccount, LimitSettings, Settings, WechatAccount, WecomAccount

#: WeChat doc: the platform waits 5 s for the answer to a callback and asks three times, at 0, 5 and 10 s.
PLATFORM_WAIT_SECONDS = 5.0
LAST_ATTEMPT_SECONDS = 10.0
#: What the way there and back and a busy moment may cost before the platform's limit.
ANSWER_MARGIN_SECONDS = 0.2
#: A call to a platform may take so long before it is given up; a shorter lease lets a second process take the row over.
CALL_LIMIT_SECONDS = 25.0

#: The number of the demonstration: 400-000-0000.
_DEMO_HOTLINE = "4000000000"

_CALLBACK_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}\Z")
_HEX_16 = r"[0-9a-f]{16}\Z"
_APP_ID = re.compile("wx" + _HEX_16)
_CORP_ID = re.compile("w[wx]" + _HEX_16)
_OPEN_KFID = re.compile(r"wk[A-Za-z0-9_-]{8,62}\Z")
_ORIGINAL_ID = re.compile(r"gh_[0-9a-f]{12}\Z")


class Level(StrEnum):
    """How bad a finding is; with an error the bot cannot serve as it should."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, what was seen, and how to mend it (empty when it is well)."""

    level: Level
    subject: str
    sentence: str
    mend: str = ""

    @classmethod
    def ok(cls, subject: str, sentence: str) -> Finding:
        return cls(Level.OK, subject, sentence)

    @classmethod
    def warn(cls, subject: str, sentence: str, mend: str) -> Finding:
        return cls(Level.WARN, subject, sentence, mend)

    @classmethod
    def error(cls, subject: str, sentence: str, mend: str) -> Finding:
        return cls(Level.ERROR, subject, sentence, mend)


def check_settings(settings: Settings) -> list[Finding]:
    """Return what the settings alone show, one finding of level ok for each part without a flaw."""
    findings: list[Finding] = []
    for account in settings.accounts:
        subject = f"账号 {account.name}"
        flaws = list(_check_account(account, subject))
        findings += flaws or [Finding.ok(subject, f"设置没有问题，回调地址以 {account.callback_path} 结尾。")]
    if not settings.accounts:
        findings.append(Finding.error("账号", "没有设置任何账号。", "请在 zhike.toml 里至少写一段 [[accounts]]。"))
    findings += _check_hotline(settings)
    findings += _check_duplicates(settings)
    findings += _check_staff(settings)
    times = [*_check_times(settings), *_check_delivery(settings), *_check_limits(settings)]
    return findings + (times or [Finding.ok("时限与条数", "设置没有问题。")])


def _check_hotline(settings: Settings) -> Iterator[Finding]:
    if _DEMO_HOTLINE in re.sub(r"\D", "", settings.insurer.hotline):
        yield Finding.warn("insurer.hotline", "是演示用的号码，打不通。", "请改为公司的客服电话。")


def _check_account(account: AccountSettings, subject: str) -> Iterator[Finding]:
    aes_key = account.callback_aes_key.get_secret_value()
    yield from _check_pair(subject, "callback", account.callback_token.get_secret_value(), aes_key or None)
    yield from _check_previous_pair(account, subject)
    yield from _check_address(account.api_base_url, subject)
    if isinstance(account, WechatAccount):
        yield from _check_wechat(account, subject)
    else:
        yield from _check_corp_id(account, subject)
    if isinstance(account, KfAccount) and not _OPEN_KFID.match(account.open_kfid):
        yield Finding.warn(
            subject,
            f"open_kfid（{account.open_kfid}）不像客服账号 ID：应以 wk 开头。",
            "请从企业微信管理后台「微信客服」页或接口 kf/account/list 重新复制。",
        )
    if account.answers == "active" and not account.active_messages:
        yield Finding.error(
            subject,
            "answers 是 active，active_messages 却是 false：没有办法回复。",
            '请改为 answers = "passive"，或打开 active_messages。',
        )


def _check_pair(subject: str, prefix: str, token: str, aes_key: str | None) -> Iterator[Finding]:
    """Check a pair; `aes_key` None: an account in plain mode has none."""
    if not _CALLBACK_TOKEN.match(token):
        yield Finding.error(
            subject,
            f"{prefix}_token 不是 3 到 32 位的字母或数字。",
            "请与平台「服务器配置」里的令牌（Token）保持一致。",
        )
    if aes_key is not None and not _is_aes_key(aes_key):
        yield Finding.error(
            subject,
            f"{prefix}_aes_key 有 {len(aes_key)} 个字符，应为 43 位的字母或数字。",
            "请从平台完整复制消息加解密密钥（EncodingAESKey），不要带等号或空格。",
        )


def _is_aes_key(text: str) -> bool:
    try:
        return len(text) == 43 and len(base64.b64decode(text + "=", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _check_previous_pair(account: AccountSettings, subject: str) -> Iterator[Finding]:
    token = account.previous_callback_token.get_secret_value()
    aes_key = account.previous_callback_aes_key.get_secret_value()
    if not token and not aes_key:
        return
    # Plain callbacks are signed with the token and not encrypted: a token alone is rotated there.
    if not token or not (aes_key or account.is_plain):
        yield Finding.error(
            subject,
            "previous_callback_token 与 previous_callback_aes_key 只填了一个。",
            "请两个都填旧的那一对（只换了一个时，另一个填现在的），换完后都清空。",
        )
        return
    yield from _check_pair(subject, "previous_callback", token, aes_key or None)
    if (account.previous_callback_token, account.previous_callback_aes_key) == (
        account.callback_token,
        account.callback_aes_key,
    ):
        yield Finding.warn(
            subject, "新旧两对令牌与密钥相同。", "请清空 previous_callback_token 和 previous_callback_aes_key。"
        )


def _check_address(address: str, subject: str) -> Iterator[Finding]:
    parts = urlsplit(address)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        yield Finding.warn(
            subject,
            f"api_base_url（{address}）没有加密，secret 和访问凭证会明文经过网络。",
            "请改用 https://；只有本机的沙箱才用 http://。",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_wechat(account: WechatAccount, subject: str) -> Iterator[Finding]:
    if not _APP_ID.match(account.app_id):
        yield Finding.warn(
            subject, f"app_id（{account.app_id}）不像 AppID：应为 wx 加 16 位小写十六进制。", "请从平台重新复制。"
        )
    if not _ORIGINAL_ID.match(account.original_id):
        yield Finding.warn(
            subject,
            f"original_id（{account.original_id}）不像原始 ID：应为 gh_ 加 12 位小写十六进制。",
            "请从公众号资料页重新复制。",
        )
    if account.mode == "plain":
        yield Finding.warn(
            subject, "明文模式下客户的话不加密就经过网络。", '请在平台和这里都改为安全模式（mode = "safe"）。'
        )


def _check_corp_id(account: WecomAccount | KfAccount, subject: str) -> Iterator[Finding]:
    if not _CORP_ID.match(account.corp_id):
        yield Finding.warn(
            subject,
            f"corp_id（{account.corp_id}）不像企业 ID：应为 ww 加 16 位小写十六进制。",
            "请从企业微信管理后台「我的企业」页重新复制。",
        )


def _check_duplicates(settings: Settings) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], str] = {}
    for account in settings.accounts:
        identities: list[tuple[str, ...]]
        if isinstance(account, WechatAccount):
            identities = [("app_id", account.app_id), ("original_id", account.original_id)]
        elif isinstance(account, KfAccount):
            identities = [("corp_id + open_kfid", account.corp_id, account.open_kfid)]
        else:
            identities = [("corp_id + agent_id", account.corp_id, str(account.agent_id))]
        for identity in identities:
            first = seen.setdefault(identity, account.name)
            if first != account.name:
                yield Finding.error(
                    f"账号 {account.name}",
                    f"与账号 {first} 的 {identity[0]} 相同，消息会被记两次。",
                    "请改正，或删去其中一段。",
                )


def _check_staff(settings: Settings) -> Iterator[Finding]:
    realms = {account.realm for account in settings.accounts if isinstance(account, WecomAccount)}
    for person in settings.staff:
        if person.realm not in realms:
            yield Finding.warn(
                f"员工 {person.userid}",
                f"realm（{person.realm}）不是任何企业微信账号的 corp_id，认不出这名员工。",
                "请填写所属企业的 corp_id。",
            )
    for realm in sorted(realms - {person.realm for person in settings.staff}):
        yield Finding.warn("员工", f"企业 {realm} 没有登记员工，应用里谁都用不了帮助。", "请为员工各写一段 [[staff]]。")


def _check_times(settings: Settings) -> Iterator[Finding]:
    conversation = settings.conversation
    deadline, lease = conversation.deadline_seconds, conversation.lease_seconds
    if deadline >= PLATFORM_WAIT_SECONDS:
        yield Finding.error(
            "conversation.deadline_seconds",
            f"设为 {deadline:g} 秒，而平台只等 {PLATFORM_WAIT_SECONDS:g} 秒，回复会落空。",
            "请改为 4.5。",
        )
    elif deadline > PLATFORM_WAIT_SECONDS - ANSWER_MARGIN_SECONDS:
        yield Finding.warn("conversation.deadline_seconds", f"设为 {deadline:g} 秒，没有给网络留时间。", "请改为 4.5。")
    if lease <= deadline:
        yield Finding.error(
            "conversation.lease_seconds",
            f"设为 {lease:g} 秒，不比 deadline_seconds（{deadline:g} 秒）长，一个会话会被两个进程同时处理。",
            "请改为 6。",
        )
    elif lease >= LAST_ATTEMPT_SECONDS:
        yield Finding.warn(
            "conversation.lease_seconds",
            f"设为 {lease:g} 秒；进程意外退出后，平台最后一次重试（第 {LAST_ATTEMPT_SECONDS:g} 秒）也等不到接手。",
            "请改为 6。",
        )
    if settings.clock.sandbox_url:
        yield Finding.warn("clock.sandbox_url", "时间跟随沙箱，只适合试用。", '正式使用前请改为 sandbox_url = ""。')


def _check_limits(settings: Settings) -> Iterator[Finding]:
    """A figure above the published one is no mistake (an account may have been given more), but it must be known."""
    published = LimitSettings()
    for key, figure in settings.limits:
        if figure > getattr(published, key):
            yield Finding.warn(
                f"limits.{key}",
                f"设为 {figure:,.10g}，高于平台公布的 {getattr(published, key):,.10g}；多发的会被平台拒绝或丢弃。",
                f"若平台没有为贵公司放宽，请改为 {getattr(published, key):,.10g}。",
            )


def _check_delivery(settings: Settings) -> Iterator[Finding]:
    delivery = settings.delivery
    after_a_message = settings.limits.reply_messages
    after_a_tap = settings.limits.tap_messages
    if delivery.reply_reserve >= after_a_message:
        yield Finding.error(
            "delivery.reply_reserve",
            f"设为 {delivery.reply_reserve}，而客户发一条消息只允许回 {after_a_message} 条，机器人一条也发不了。",
            "请改为 1。",
        )
    elif delivery.reply_reserve >= after_a_tap:
        yield Finding.warn(
            "delivery.reply_reserve",
            f"设为 {delivery.reply_reserve}，客户点菜单后只允许回 {after_a_tap} 条，机器人此时发不了客服消息。",
            "请改为 1。",
        )
    if delivery.lease_seconds < CALL_LIMIT_SECONDS:
        yield Finding.warn(
            "delivery.lease_seconds",
            f"设为 {delivery.lease_seconds:g} 秒，平台答得慢时，消息可能被另一个进程当作结果不明。",
            "请改为 30。",
        )
