"""What the demonstration consists of: three official accounts (one a mode), WeCom, people, staff.

Written out twice on purpose: once as the sandbox's configuration, once as the bot's zhike.toml, as two companies would.
"""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bot.settings_file import SETTINGS_FILE
from content.value import value

CORP_ID: Final = "ww0demo0anhe0life"
PEOPLE: Final = (
    {"id": "lin", "name": "林晓燕", "unionid": "union-lin"},
    {"id": "chen", "name": "陈国强", "unionid": "union-chen"},
    {"id": "zhao", "name": "赵敏", "unionid": "union-zhao"},
)
STAFF: Final = (
    {"userid": "ZhangWei", "name": "张伟", "role": "agent", "branch": "上海分公司", "team": "营销一部"},
    {"userid": "LiNa", "name": "李娜", "role": "supervisor", "branch": "上海分公司", "team": "营销一部"},
    {"userid": "ZhouMin", "name": "周敏", "role": "compliance", "branch": "总公司"},
    {"userid": "WangLi", "name": "王丽", "role": "administrator", "branch": "总公司"},
)
#: Of everybody in the demonstration; it opens nothing but this machine's own.
PASSWORD: Final = "anhe-demo-console"  # noqa: S105 - that is what it is for


@value
class DemoAccount:
    """One official account of the demonstration."""

    name: str
    title: str
    mode: str
    format: str

    @property
    def app_id(self) -> str:
        return f"wx{sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def original_id(self) -> str:
        return f"gh_{sha256(self.name.encode()).hexdigest()[16:28]}"


ACCOUNTS: Final = (
    DemoAccount(name="service", title="安和人寿（演示）", mode="safe", format="xml"),
    DemoAccount(name="club", title="安和会员俱乐部（演示）", mode="compatible", format="json"),
    DemoAccount(name="branch", title="安和上海分公司（演示）", mode="plain", format="xml"),
)
ASSISTANT: Final = "assistant"
#: The account of WeChat customer service.
COUNTER: Final = "counter"
COUNTER_TITLE: Final = "安和客服（演示）"
OPEN_KFID: Final = "wkDemoAnheLifeCounter00000000001"
#: Codes that hang in the branch already; content/zh/welcome.yaml greets each kind in its own words.
SCENES: Final = (
    {"scene": "hall", "title": "上海分公司营业厅台卡"},
    {"scene": "agent:zhangwei", "title": "服务顾问张伟的名片"},
    {"scene": "campaign:spring2026", "title": "春季客户节海报"},
)
#: As an administrator sets it in WeCom's console. content/zh/menu.yaml has the replies, for staff too;
#: `help` and `whoami` are the bot's own.
ASSISTANT_MENU: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "客户常问",
        "sub_button": [
            {"type": "click", "name": "产品介绍", "key": "products"},
            {"type": "click", "name": "投保须知", "key": "notice"},
            {"type": "click", "name": "保单查询", "key": "policy"},
            {"type": "click", "name": "保全变更", "key": "change"},
            {"type": "click", "name": "续期缴费", "key": "renewal"},
        ],
    },
    {"type": "click", "name": "理赔服务", "key": "claim"},
    {
        "name": "我的",
        "sub_button": [
            {"type": "click", "name": "今日待办", "key": "today"},
            {"type": "click", "name": "我是谁", "key": "whoami"},
            {"type": "click", "name": "使用帮助", "key": "help"},
            {"type": "click", "name": "上班", "key": "duty_on"},
            {"type": "click", "name": "下班", "key": "duty_off"},
        ],
    },
)


def write_world(home: Path, *, bot_url: str, sandbox_url: str, clock: dict[str, Any] | None = None) -> Path:
    """Write zhike.toml and sandbox.json into `home`; return the sandbox's configuration file."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = home / SETTINGS_FILE
    settings.write_text(_settings(bot_url, sandbox_url), encoding="utf-8")
    settings.chmod(0o600)
    sandbox = home / "sandbox.json"
    sandbox.write_text(json.dumps(_sandbox(bot_url, sandbox_url, clock), ensure_ascii=False, indent=1), "utf-8")
    return sandbox


def _secret(name: str, what: str) -> str:
    return sha256(f"{name}:{what}".encode()).hexdigest()[:32]


def _aes_key(name: str) -> str:
    return base64.b64encode(sha256(f"{name}:aes".encode()).digest()).decode().rstrip("=")


def _sandbox(bot_url: str, sandbox_url: str, clock: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "clock": clock or {"mode": "real"},
        "record": "record.jsonl",
        "public_url": sandbox_url,
        "oa": [
            {
                "name": account.name,
                "title": account.title,
                "app_id": account.app_id,
                "original_id": account.original_id,
                "secret": _secret(account.name, "secret"),
                "token": _secret(account.name, "token"),
                "aes_key": _aes_key(account.name),
                "mode": account.mode,
                "format": account.format,
                "callback_url": f"{bot_url}/callback/{account.name}",
                "scenes": SCENES,
            }
            for account in ACCOUNTS
        ],
        "wecom": [
            {
                "corp_id": CORP_ID,
                "title": "安和人寿（演示）",
                "apps": [
                    {
                        "name": ASSISTANT,
                        "title": "知客助手",
                        "agent_id": 1000002,
                        "secret": _secret(ASSISTANT, "secret"),
                        "token": _secret(ASSISTANT, "token"),
                        "aes_key": _aes_key(ASSISTANT),
                        "callback_url": f"{bot_url}/callback/{ASSISTANT}",
                        "menu": ASSISTANT_MENU,
                    }
                ],
                "kf": [
                    {
                        "name": COUNTER,
                        "title": COUNTER_TITLE,
                        "open_kfid": OPEN_KFID,
                        "secret": _secret(COUNTER, "secret"),
                        "token": _secret(COUNTER, "token"),
                        "aes_key": _aes_key(COUNTER),
                        "callback_url": f"{bot_url}/callback/{COUNTER}",
                        "servicers": ["ZhangWei", "LiNa"],
                    }
                ],
                "members": [{"userid": s["userid"], "name": s["name"]} for s in STAFF]
                + [{"userid": "NewHere", "name": "王新"}],
            }
        ],
        "people": list(PEOPLE),
    }


def _settings(bot_url: str, sandbox_url: str) -> str:
    host, port = bot_url.removeprefix("http://").split(":")
    blocks = [
        "# Written by `zhike demo`; secrets here open the sandbox only.",
        _block("[insurer]", {"hotline": "400-000-0000（演示号码）"}),
        _block("[web]", {"host": host, "port": int(port)}),
        _block("[clock]", {"sandbox_url": sandbox_url}),
        _block("[console]", {"public_url": bot_url}),
        _block("[tasks]", {"catch_all": "LiNa"}),
        _block(
            "[policies]",
            {
                "source": "csv",
                "folder": "policies",
                "codes_url": f"{sandbox_url}/sms",
                "codes_secret": _secret("sms", "secret"),
                "code_key": _secret("codes", "first") + _secret("codes", "second"),
            },
        ),
        _block("[log]", {"level": "info", "seal_seconds": 1}),
    ]
    for account in ACCOUNTS:
        blocks.append(
            _block(
                "[[accounts]]",
                {
                    "name": account.name,
                    "channel": "wechat",
                    "title": account.title,
                    "app_id": account.app_id,
                    "original_id": account.original_id,
                    "mode": account.mode,
                    "api_base_url": f"{sandbox_url}/oa",
                    **_secrets(account.name),
                },
            )
        )
    wecom = {"name": ASSISTANT, "channel": "wecom", "title": "知客助手", "corp_id": CORP_ID, "agent_id": 1000002}
    addresses = dict.fromkeys(("api_base_url", "client_base_url", "desk_base_url"), f"{sandbox_url}/wecom")
    blocks.append(_block("[[accounts]]", wecom | addresses | _secrets(ASSISTANT)))
    counter = {"name": COUNTER, "channel": "kf", "title": COUNTER_TITLE, "corp_id": CORP_ID, "open_kfid": OPEN_KFID}
    blocks.append(_block("[[accounts]]", counter | {"api_base_url": f"{sandbox_url}/wecom"} | _secrets(COUNTER)))
    blocks += [_block("[[staff]]", {"realm": CORP_ID} | person) for person in STAFF]
    return "\n".join(blocks)


def _secrets(name: str) -> dict[str, str]:
    return {
        "secret": _secret(name, "secret"),
        "callback_token": _secret(name, "token"),
        "callback_aes_key": _aes_key(name),
    }


def _block(title: str, values: dict[str, Any]) -> str:
    # A JSON string or number is a TOML string or number.
    return "\n".join(
        [title, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()), ""]
    )
