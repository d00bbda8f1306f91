"""The companies of the scenarios: their accounts, written once as the bot's zhike.toml and once as the sandbox's JSON.

Each account is there for what it can show: the six official accounts of every mode and format, one that answers
through the outbox, one that only logs, one that may not write by itself, one in the middle of a key rotation, and
those whose ids the recorded samples carry. On WeCom one application answers in the callback, another by itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

CORP_ID: Final = "ww00112233445566aa"
HOTLINE: Final = "95500"
SAMPLE_CORP_ID: Final = "ww1a2b3c4d5e6f7a8b"
SAMPLE_ORIGINAL_ID: Final = "gh_5f1a2b3c4d5e"
#: The platform's time when a town begins; the samples were recorded at this moment.
START: Final = 1777887000
START_TEXT: Final = "2026-05-04T09:30:00Z"


def secret_of(name: str, what: str) -> str:
    """Return a secret that nobody else has."""
    return sha256(f"{name}/{what}".encode()).hexdigest()[:32]


def aes_key_of(name: str) -> str:
    """Return an EncodingAESKey."""
    return base64.b64encode(sha256(f"{name}/aes".encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One account; `settings` are further lines of its block in zhike.toml."""

    name: str
    channel: str = "wechat"
    mode: str = "safe"
    format: str = "xml"
    corp_id: str = CORP_ID
    agent_id: int = 1000002
    #: Of an account of WeChat customer service: the account whose secret it shares, none its own.
    own_secret: str = ""
    own_original_id: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call it."""
        return f"安和人寿 {self.name}"

    @property
    def realm(self) -> str:
        """App id or corp id: the receiver inside every encrypted message."""
        return self.corp_id if self.channel in ("wecom", "kf") else f"wx{sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def original_id(self) -> str:
        """ToUserName of its pushes."""
        if self.channel in ("wecom", "kf"):
            return self.corp_id
        return self.own_original_id or f"gh_{sha256(self.name.encode()).hexdigest()[16:28]}"

    @property
    def secret(self) -> str:
        return secret_of(self.own_secret or self.name, "secret")

    @property
    def open_kfid(self) -> str:
        """Of an account of WeChat customer service."""
        return f"wk{sha256(self.name.encode()).hexdigest()[:30]}"

    @property
    def token(self) -> str:
        return secret_of(self.name, "token")

    @property
    def aes_key(self) -> str:
        return aes_key_of(self.name)

    def openid(self, person: str) -> str:
        """Return the openid or external_userid of a sandbox person here (the sandbox derives it the same way)."""
        digest = sha256(f"{self.realm}:{person}".encode()).digest()
        if self.channel == "kf":
            return "wm" + base64.urlsafe_b64encode(digest).decode()[:30]
        return "o" + base64.urlsafe_b64encode(digest).decode()[:27]

    def block(self, sandbox_url: str) -> str:
        """Return its [[accounts]] block."""
        if self.channel == "wecom":
            own: dict[str, Any] = {"corp_id": self.corp_id, "agent_id": self.agent_id}
            own["api_base_url"] = f"{sandbox_url}/wecom"
        elif self.channel == "kf":
            own = {"corp_id": self.corp_id, "open_kfid": self.open_kfid, "api_base_url": f"{sandbox_url}/wecom"}
        else:
            own = {"app_id": self.realm, "original_id": self.original_id, "mode": self.mode}
            own["api_base_url"] = f"{sandbox_url}/oa"
        common = {"name": self.name, "channel": self.channel, "title": self.title, "secret": self.secret}
        keys = {"callback_token": self.token, "callback_aes_key": self.aes_key}
        return block("[[accounts]]", {**common, **keys, **own, **self.settings})

    def simulated(self) -> dict[str, Any]:
        """Return it as the sandbox's configuration; the callback address follows when the bot listens."""
        common = {"name": self.name, "title": self.title, "secret": self.secret, "token": self.token}
        keys = {"aes_key": self.aes_key, "callback_url": "http://127.0.0.1:1/"}
        if self.channel == "wecom":
            return {**common, **keys, "agent_id": self.agent_id}
        if self.channel == "kf":
            return {**common, **keys, "open_kfid": self.open_kfid, "servicers": ["ZhangWei", "LiNa"]}
        ids = {"app_id": self.realm, "original_id": self.original_id}
        return {**common, **keys, **ids, "mode": self.mode, "format": self.format}


#: Modes and formats of the official accounts that answer passively.
ACCOUNTS: Final = tuple(
    Place(name=f"{mode}-{written}", mode=mode, format=written)
    for mode in ("safe", "compatible", "plain")
    for written in ("xml", "json")
)
SERVICE: Final = ACCOUNTS[0]
ACTIVE: Final = Place(name="active", settings={"answers": "active"})
SILENT: Final = Place(name="silent", settings={"answers": "none"})
PASSIVE_ONLY: Final = Place(name="passive-only", settings={"active_messages": False})
#: The console still signs with the previous pair; the bot knows both.
ROTATING: Final = Place(
    name="rotating",
    settings={
        "previous_callback_token": secret_of("rotating", "previous token"),
        "previous_callback_aes_key": aes_key_of("rotating, previous"),
    },
)
SAMPLES: Final = Place(name="samples", own_original_id=SAMPLE_ORIGINAL_ID)
ASSISTANT: Final = Place(name="assistant", channel="wecom")
#: Answers its members through message/send.
DESK: Final = Place(name="desk", channel="wecom", agent_id=1000003, settings={"answers": "active"})
SAMPLE_DESK: Final = Place(name="samples-desk", channel="wecom", corp_id=SAMPLE_CORP_ID)
#: WeChat customer service. Two accounts of one corporation, whose application has one secret.
COUNTER: Final = Place(name="counter", channel="kf")
SECOND_COUNTER: Final = Place(name="second-counter", channel="kf", own_secret="counter")
PLACES: Final = (*ACCOUNTS, ACTIVE, SILENT, PASSIVE_ONLY, ROTATING, SAMPLES, ASSISTANT, DESK, SAMPLE_DESK)
STAFF: Final = (
    {"realm": CORP_ID, "userid": "ZhangWei", "name": "张伟", "role": "agent", "branch": "上海分公司"},
    {"realm": CORP_ID, "userid": "QianYi", "name": "钱一", "role": "compliance"},
    {"realm": CORP_ID, "userid": "LiNa", "name": "李娜", "role": "supervisor", "branch": "上海分公司"},
)
_MEMBERS: Final = ("QianYi", "ZhangWei", "LiNa", "NewHere", "WangFang", "ChenJie", "SunLei", "ZhouMin")


def settings_text(sandbox_url: str, *, places: Iterable[Place] = PLACES, **sections: Mapping[str, Any]) -> str:
    """Return a zhike.toml that serves `places` on a port of the system's choice.

    In the values of `sections` {sandbox} stands for the sandbox's address.
    """
    chosen: dict[str, Mapping[str, Any]] = {
        "insurer": {"hotline": HOTLINE},
        "web": {"host": "127.0.0.1", "port": 0},
        "clock": {"sandbox_url": sandbox_url},
        "log": {"level": "info", "seal_seconds": 1},
        # Whoever writes first is asked for consents; the scenarios that are about it switch it on.
        "consent": {"ask": False},
        **sections,
    }
    blocks = [block(f"[{name}]", values) for name, values in chosen.items()]
    blocks += [place.block(sandbox_url) for place in places]
    blocks += [block("[[staff]]", person) for person in STAFF]
    return "\n".join(blocks).replace("{sandbox}", sandbox_url)


def sandbox_configuration(
    *,
    clock: str = "virtual",
    places: Iterable[Place] = PLACES,
    people: Iterable[Mapping[str, Any]] = (),
    rules: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the sandbox's configuration with the same accounts; people who are not named come as they act."""
    chosen = list(places)
    corps = {place.corp_id for place in chosen if place.channel in ("wecom", "kf")}
    return {
        "clock": {"mode": "virtual", "start": START_TEXT} if clock == "virtual" else {"mode": "real"},
        "record": "record.jsonl",
        "oa": [place.simulated() for place in chosen if place.channel == "wechat"],
        "wecom": [
            {
                "corp_id": corp_id,
                "title": "安和人寿",
                "apps": [place.simulated() for place in chosen if (place.channel, place.corp_id) == ("wecom", corp_id)],
                "kf": [place.simulated() for place in chosen if (place.channel, place.corp_id) == ("kf", corp_id)],
                "members": [{"userid": userid, "name": userid} for userid in _MEMBERS],
                "contact_secret": secret_of(corp_id, "contacts"),
            }
            for corp_id in sorted(corps)
        ],
        "people": [dict(person) for person in people],
        "rules": dict(rules or {}),
    }


def block(title: str, values: Mapping[str, Any]) -> str:
    """Return one block of TOML; a JSON text, number or truth value is the same in TOML."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([title, *lines, ""])
