"""Who takes part in a crash run: accounts, people and staff, written for the sandbox and for the bot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.derived_account import DerivedAccount
from tests.fakes.echo import write_echo

CORP_ID: Final = "ww0crash0anhe000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(DerivedAccount):
    """One served account; `people` write to it, `share` is its part of the load."""

    channel: str
    people: int
    share: float
    answers: str = "passive"
    active_messages: bool = True
    mode: str = "safe"
    format: str = "xml"

    def person(self, number: int) -> str:
        """Return the id of the account's n-th person."""
        return f"{self.name}-{number:03d}"


SERVICE: Final = Account(name="service", channel="wechat", people=40, share=0.6)
CLUB: Final = Account(
    name="club",
    channel="wechat",
    people=12,
    share=0.12,
    active_messages=False,
    mode="compatible",
    format="json",
)
DESK: Final = Account(name="desk", channel="wechat", people=15, share=0.13, answers="active")
ASSISTANT: Final = Account(name="assistant", channel="wecom", people=10, share=0.15)
ACCOUNTS: Final = (SERVICE, CLUB, DESK, ASSISTANT)
_AGENT_ID: Final = 1000002


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the sandbox is, and where its callbacks go."""

    sandbox: str
    callbacks: str


def write_home(home: Path, *, addresses: Addresses, database_url: str) -> Path:
    """Write zhike.toml and sandbox.json into `home`; return the sandbox's configuration file."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "zhike.toml").write_text(_settings(addresses, database_url), encoding="utf-8")
    write_echo(home)
    config = home / "sandbox.json"
    config.write_text(json.dumps(_sandbox(addresses), ensure_ascii=False, indent=1), encoding="utf-8")
    return config


def _sandbox(addresses: Addresses) -> dict[str, Any]:
    official = [account for account in ACCOUNTS if account.channel == "wechat"]
    return {
        "clock": {"mode": "real"},
        "record": "record.jsonl",
        "public_url": addresses.sandbox,
        "oa": [
            {
                "app_id": account.app_id,
                "original_id": account.original_id,
                "mode": account.mode,
                "format": account.format,
                **_of_callback(account, addresses),
            }
            for account in official
        ],
        "wecom": [
            {
                "corp_id": CORP_ID,
                "title": "安和人寿（演练）",
                "apps": [{"agent_id": _AGENT_ID, **_of_callback(ASSISTANT, addresses)}],
                "members": [{"userid": userid, "name": f"员工 {userid}"} for userid in _staff()],
            }
        ],
        "people": [
            {"id": account.person(n), "name": f"客户 {n}", "follows": [account.name]}
            for account in official
            for n in range(account.people)
        ],
    }


def _of_callback(account: Account, addresses: Addresses) -> dict[str, Any]:
    return {
        "name": account.name,
        "title": f"安和人寿 {account.name}",
        "secret": account.secret("secret"),
        "token": account.secret("token"),
        "aes_key": account.aes_key,
        "callback_url": f"{addresses.callbacks}/callback/{account.name}",
    }


def _settings(addresses: Addresses, database_url: str) -> str:
    blocks = [
        _block("[insurer]", {"hotline": "95500"}),
        _block("[database]", {"url": database_url}),
        _block("[log]", {"level": "info", "seal_seconds": 1}),
        _block("[consent]", {"ask": False}),
        *(_block("[[accounts]]", _account_settings(account, addresses)) for account in ACCOUNTS),
        *(
            _block("[[staff]]", {"realm": CORP_ID, "userid": u, "name": f"员工 {u}", "role": "agent", "branch": "总部"})
            for u in _staff()
        ),
    ]
    return "\n".join(blocks)


def _account_settings(account: Account, addresses: Addresses) -> dict[str, Any]:
    shared = {
        "name": account.name,
        "channel": account.channel,
        "title": f"安和人寿 {account.name}",
        "secret": account.secret("secret"),
        "callback_token": account.secret("token"),
        "callback_aes_key": account.aes_key,
        "answers": account.answers,
        "active_messages": account.active_messages,
    }
    if account.channel == "wecom":
        return shared | {
            "corp_id": CORP_ID,
            "agent_id": _AGENT_ID,
            "api_base_url": f"{addresses.sandbox}/wecom",
        }
    return shared | {
        "app_id": account.app_id,
        "original_id": account.original_id,
        "mode": account.mode,
        "api_base_url": f"{addresses.sandbox}/oa",
    }


def _staff() -> list[str]:
    return [ASSISTANT.person(n) for n in range(ASSISTANT.people)]


def _block(title: str, values: dict[str, Any]) -> str:
    # A JSON string, number or truth value is a TOML one.
    return "\n".join([title, *(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in values.items()), ""])
