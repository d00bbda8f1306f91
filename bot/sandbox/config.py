"""What the sandbox simulates: accounts, corporations, people and the rules where the platforms' documents are silent.

The configuration is one JSON file; `load_config` names the field and the mend when something is wrong with it.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator


class ConfigError(Exception):
    """The configuration cannot be used; the text says which field and what to write instead."""


def _check_aes_key(value: str) -> str:
    try:
        key = base64.b64decode(value + "=", validate=True)
    except binascii.Error as error:
        raise ValueError("an EncodingAESKey is 43 characters of base64") from error
    if len(value) != 43 or len(key) != 32:
        raise ValueError("an EncodingAESKey is 43 characters of base64")
    return value


AesKey = Annotated[str, AfterValidator(_check_aes_key)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockConfig(_Model):
    """Whose time it is. A virtual clock stands still until it is advanced."""

    mode: Literal["real", "virtual"] = "real"
    start: datetime | None = None

    def start_epoch(self) -> float | None:
        """Return the configured start in epoch seconds; a start without a zone is UTC."""
        if self.start is None:
            return None
        return (self.start if self.start.tzinfo else self.start.replace(tzinfo=UTC)).timestamp()


class CallbackConfig(_Model):
    """Where an account's callbacks go and the pair of secrets that protects them."""

    callback_url: str
    token: str
    aes_key: AesKey


class SceneConfig(_Model):
    """A permanent QR code that hangs somewhere already when the sandbox starts: a poster, an agent's card."""

    scene: str = Field(min_length=1, max_length=64)
    #: What it is printed on, for whoever chooses a code to scan; the platform does not know it.
    title: str = ""


class OfficialAccountConfig(CallbackConfig):
    """One official account."""

    name: str
    title: str
    app_id: str
    original_id: str
    secret: str
    mode: Literal["safe", "compatible", "plain"] = "safe"
    format: Literal["xml", "json"] = "xml"
    kind: Literal["service", "subscription"] = "service"
    menu: list[dict[str, Any]] = Field(default_factory=list)
    scenes: list[SceneConfig] = Field(default_factory=list)
    #: Addresses that may fetch tokens (40164 otherwise); empty means every address may.
    ip_allow_list: list[str] = Field(default_factory=list)


class WecomAppConfig(CallbackConfig):
    """One self-built application of a corporation."""

    name: str
    title: str
    agent_id: int
    secret: str
    menu: list[dict[str, Any]] = Field(default_factory=list)
    #: 可信域名: the host (with its port, when it has one) that a sign-in may lead back to; empty means any.
    trusted_domain: str = ""
    #: Addresses that may call (60020 otherwise); empty means every address may.
    ip_allow_list: list[str] = Field(default_factory=list)


class KfAccountConfig(CallbackConfig):
    """One account of WeChat customer service (微信客服) of a corporation."""

    name: str
    title: str
    open_kfid: str
    #: Of the application that may call; accounts with the same secret belong to the same application.
    secret: str
    #: Userids of the members who serve customers.
    servicers: list[str] = Field(default_factory=list)
    #: Addresses that may call (60020 otherwise); empty means every address may.
    ip_allow_list: list[str] = Field(default_factory=list)


class MemberConfig(_Model):
    """A member of a corporation."""

    userid: str
    name: str
    parties: list[int] = Field(default_factory=lambda: [1])
    tags: list[int] = Field(default_factory=list)
    is_disabled: bool = False


class DepartmentConfig(_Model):
    """A department of a corporation; the root has the parent 0."""

    id: int = Field(ge=1)
    name: str
    parentid: int = Field(default=1, ge=0)


class CorpConfig(_Model):
    """One corporation on WeCom."""

    corp_id: str
    title: str
    apps: list[WecomAppConfig] = Field(default_factory=list)
    kf: list[KfAccountConfig] = Field(default_factory=list)
    members: list[MemberConfig] = Field(default_factory=list)
    #: Below the root, which is there by itself and bears the title.
    departments: list[DepartmentConfig] = Field(default_factory=list)
    #: Secret of the address book, which reads the ids of everybody; empty: there is none.
    contact_secret: str = ""


class PersonConfig(_Model):
    """A customer. `follows` names the official accounts this person follows from the start."""

    id: str
    name: str
    unionid: str = ""
    follows: list[str] = Field(default_factory=list)


class Rules(_Model):
    """One choice each where the platforms' documents are silent or disagree."""

    #: When the attempts of one push begin, in seconds after the first.
    attempt_offsets_seconds: tuple[float, ...] = (0.0, 5.0, 10.0)
    #: How long the platform waits for the answer to one attempt.
    attempt_seconds: float = 5.0
    #: How long the platform waits for the answer to WeCom's URL verification.
    wecom_verify_seconds: float = 1.0
    #: True: a status other than 200 ends the attempts like an empty answer.
    status_settles: bool = False
    #: True: the quotas of several triggers add up; False: the higher counts until the later end.
    quota_adds_up: bool = False
    #: What custom/send answers for somebody who does not follow: 45015 or 43004.
    unfollowed_errcode: Literal[45015, 43004] = 45015
    #: True: an account that receives JSON may answer in XML too.
    json_accepts_xml: bool = True
    #: How many articles a passive news reply and a customer-service news message may have.
    passive_articles: int = 8
    custom_send_articles: int = 1
    #: Bytes of a picture that the API of official accounts takes; over it 45001. Older documents say 2 MB.
    oa_image_bytes: int = 10 << 20
    #: Calls a day by API path, for example {"/cgi-bin/message/custom/send": 1000}; over it 45009. What is named here
    #: stands beside the limits of the token endpoints, or in their place.
    daily_limits: dict[str, int] = Field(default_factory=dict)
    #: The same a minute; over it 45011 (official accounts) or 45009 (WeCom).
    minute_limits: dict[str, int] = Field(default_factory=dict)
    #: So many wrong secrets within an hour bar an address from WeCom's gettoken for an hour (45009). The documents say
    #: "repeated" and give no number.
    wecom_wrong_secrets: int = 10
    #: How many forced refreshes of a stable token a day, and how far apart.
    forced_refreshes_a_day: int = 20
    forced_refresh_gap_seconds: float = 30.0
    #: What one WeCom member can get from one application; the rest is dropped without a word.
    wecom_messages_a_minute: int = 30
    wecom_messages_an_hour: int = 1000
    #: How long after the call a mass send stands in the chats, and how many of them a follower gets in a month.
    mass_seconds: float = Field(default=30.0, ge=0)
    mass_a_month: int = Field(default=4, ge=1)
    #: Followers, bearers of a tag, and userids that one answer lists.
    list_page: int = Field(default=10_000, ge=1, le=10_000)
    #: How often a minute sync_msg may be called without the token of a doorbell; over it 45009. The documents say
    #: "strictly limited" and give no number.
    kf_syncs_without_token_a_minute: int = 2
    #: What send_msg answers to a msgid that was sent before: 0 accepts and shows nothing, or an errcode.
    kf_repeated_msgid_errcode: int = 0
    #: True: a session can be ended from the bot (1) and the pool (2).
    kf_may_end_early: bool = False


class SandboxConfig(_Model):
    """The whole file."""

    clock: ClockConfig = Field(default_factory=ClockConfig)
    record: str = "record.jsonl"
    public_url: str = "http://127.0.0.1:9700"
    #: Seed of everything the sandbox draws by lot (faults with a probability).
    seed: int = 0
    #: How many messages of one chat are kept to be looked at; the record keeps all.
    chat_length: int = 500
    oa: list[OfficialAccountConfig] = Field(default_factory=list)
    wecom: list[CorpConfig] = Field(default_factory=list)
    people: list[PersonConfig] = Field(default_factory=list)
    rules: Rules = Field(default_factory=Rules)

    @model_validator(mode="after")
    def _check_names(self) -> SandboxConfig:
        names = [account.name for account in self.oa]
        names += [app.name for corp in self.wecom for app in corp.apps]
        names += [desk.name for corp in self.wecom for desk in corp.kf]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"account names must differ; used twice: {', '.join(sorted(twice))}")
        official = {account.name for account in self.oa}
        for person in self.people:
            unknown = set(person.follows) - official
            if unknown:
                raise ValueError(f"person {person.id} follows {', '.join(sorted(unknown))}, which is not in oa")
        return self


def load_config(path: Path) -> SandboxConfig:
    """Return the configuration in the JSON file `path`.

    Raises:
        ConfigError: The file is missing, is no JSON, or a field is wrong; the text says which.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; pass an existing file with --config") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    return parse_config(data, source=str(path))


def parse_config(data: object, *, source: str) -> SandboxConfig:
    """Return the configuration `data` that was read from `source`. Raises ConfigError with one line a problem."""
    try:
        return SandboxConfig.model_validate(data)
    except ValidationError as error:
        problems = [f"{'.'.join(str(part) for part in e['loc']) or 'the file'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{source} cannot be used:\n  " + "\n  ".join(problems)) from error
