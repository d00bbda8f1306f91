"""Who there is: official accounts, WeCom applications, people, and what stands between them. No HTTP here."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.config import (
    CorpConfig,
    DepartmentConfig,
    MemberConfig,
    OfficialAccountConfig,
    PersonConfig,
    Rules,
    SandboxConfig,
    WecomAppConfig,
)
from bot.sandbox.crypto import Sealer
from bot.sandbox.drafts import DraftBox
from bot.sandbox.errors import ApiError, ControlError
from bot.sandbox.kf_account import KfAccount
from bot.sandbox.mass_book import A_DAY, A_MINUTE, MassBook
from bot.sandbox.media import MediaStore
from bot.sandbox.openid import MessageIds, openid_of
from bot.sandbox.quota import QuotaLedger

_DAY_SECONDS = 86400
#: The platforms' days begin in Beijing.
_DAY_OFFSET_SECONDS = 8 * 3600
#: Calls of the token endpoints of one official account. WeChat doc: get access token, get stable access token.
_TOKENS_A_DAY = {"/cgi-bin/token": 2000, "/cgi-bin/stable_token": 500_000}
_TOKENS_A_MINUTE = {"/cgi-bin/stable_token": 10_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Since when (epoch seconds) and by which QR scene (empty: none) somebody follows."""

    since: float
    scene: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What is to stand between a person and an official account; None leaves it as it is."""

    following: bool | None = None
    blacklisted: bool | None = None
    refusing: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCode:
    """A parametric QR code; `ends` is None for a permanent one."""

    ticket: str
    scene: str
    url: str
    ends: float | None


@dataclass(slots=True, kw_only=True)
class UserTag:
    """One tag of an account and the people who bear it."""

    name: str
    people: list[str]


@dataclass(slots=True)
class CallCounts:
    """How often each API was called today and in this minute."""

    a_day: dict[str, int]
    a_minute: dict[str, int]
    #: The errcode of one call too many in a minute; of a day it is 45009.
    too_fast: int
    _day: int = 0
    _minute: int = 0
    _calls: Counter[str] = field(default_factory=Counter)
    _calls_of_minute: Counter[str] = field(default_factory=Counter)

    def take(self, path: str, *, now: float) -> bool:
        """Count a call of `path` and return whether its calls are limited.

        Raises ApiError when those of the day or the minute are used up.
        """
        self._roll(now)
        if path in self.a_day and self._calls[path] >= self.a_day[path]:
            raise ApiError(45009)
        if path in self.a_minute and self._calls_of_minute[path] >= self.a_minute[path]:
            raise ApiError(self.too_fast)
        self.count(path, now=now)
        return path in self.a_day or path in self.a_minute

    def count(self, path: str, *, now: float) -> None:
        """Count a call of `path` that was taken at `now`."""
        self._roll(now)
        self._calls[path] += 1
        self._calls_of_minute[path] += 1

    def clear(self) -> None:
        """Begin the day anew, as clear_quota does."""
        self._calls.clear()

    def _roll(self, now: float) -> None:
        day, minute = int((now + _DAY_OFFSET_SECONDS) // _DAY_SECONDS), int(now // 60)
        if day != self._day:
            self._day = day
            self._calls.clear()
        if minute != self._minute:
            self._minute = minute
            self._calls_of_minute.clear()


class OfficialAccount:
    """One official account: its settings, its followers, its menu and its QR codes."""

    channel = "wechat"

    def __init__(self, config: OfficialAccountConfig, *, rules: Rules) -> None:
        self.configure(config)
        self.menu: list[dict[str, Any]] = [dict(button) for button in config.menu]
        self.followers: dict[str, Follower] = {}
        self.blacklist: set[str] = set()
        #: People who do not want to get messages (48002).
        self.refusing: set[str] = set()
        self.codes: dict[str, QrCode] = {}
        self.tags: dict[int, UserTag] = {}
        self.quota = QuotaLedger(adds_up=rules.quota_adds_up)
        self.calls = CallCounts(
            {**_TOKENS_A_DAY, **A_DAY, **rules.daily_limits},
            {**_TOKENS_A_MINUTE, **A_MINUTE, **rules.minute_limits},
            too_fast=45011,
        )
        self.mass = MassBook(a_month=rules.mass_a_month)
        self.drafts = DraftBox()
        self.media = MediaStore()
        #: When each openid last did something and last saw the bot type, epoch seconds.
        self.last_act: dict[str, float] = {}
        self.typing_since: dict[str, float] = {}
        self._openids: dict[str, str] = {}
        self._people: dict[str, str] = {}

    def configure(self, config: OfficialAccountConfig) -> None:
        """Take other settings from now on: a mode, a format, a callback key."""
        self.config = config
        self.sealer = Sealer.of(config.aes_key, config.app_id)

    @property
    def name(self) -> str:
        """The account's name in the control API."""
        return self.config.name

    def openid(self, person: str) -> str:
        """Return the openid of `person` here, and remember whose it is."""
        openid = self._openids.get(person)
        if openid is None:
            openid = self._openids[person] = openid_of(self.config.app_id, person)
            self._people[openid] = person
        return openid

    def person_of(self, openid: str) -> str | None:
        """Return the person with this openid, or None when it is of another account or of nobody."""
        return self._people.get(openid)

    def relate(self, person: str, relation: Relation, *, now: float) -> None:
        """Let `relation` stand between the account and the person, without telling the bot."""
        _set_member(self.blacklist, person, relation.blacklisted)
        _set_member(self.refusing, person, relation.refusing)
        if relation.following:
            self.followers.setdefault(person, Follower(since=now))
        elif relation.following is False:
            self.followers.pop(person, None)
            self.quota.close(self.openid(person))

    def gather(self, prefix: str, count: int, *, now: float) -> None:
        """Let so many people follow who do nothing else, without telling the bot."""
        for number in range(1, count + 1):
            person = f"{prefix}{number:08}"
            self.openid(person)
            self.followers.setdefault(person, Follower(since=now))

    def tag(self, name: str, people: list[str]) -> int:
        """Let these people, and nobody else, bear the tag of that name; return its id. The first one is 100."""
        for tag_id, tag in self.tags.items():
            if tag.name == name:
                tag.people = people
                return tag_id
        tag_id = 100 + len(self.tags)
        self.tags[tag_id] = UserTag(name=name, people=people)
        return tag_id

    def tags_of(self, person: str) -> list[int]:
        """Return the ids of the tags that somebody bears."""
        return [tag_id for tag_id, tag in self.tags.items() if person in tag.people]

    def code(self, scene: str, *, ends: float | None) -> QrCode:
        """Return a new QR code for `scene`."""
        ticket = "gQ" + secrets.token_urlsafe(70)
        url = f"http://weixin.qq.com/q/02{secrets.token_urlsafe(18)}"
        code = QrCode(ticket=ticket, scene=scene, url=url, ends=ends)
        self.codes[ticket] = code
        return code


def _set_member(people: set[str], person: str, present: bool | None) -> None:
    if present:
        people.add(person)
    elif present is False:
        people.discard(person)


class WecomApp:
    """One WeCom application."""

    channel = "wecom"

    def __init__(self, config: WecomAppConfig, corp: Corp, *, rules: Rules, is_contacts: bool = False) -> None:
        """`is_contacts`: the address book's secret, which has tokens and limits like an application and is none."""
        self.corp = corp
        self.is_contacts = is_contacts
        self.configure(config)
        self.menu: list[dict[str, Any]] = [dict(button) for button in config.menu]
        self.calls = CallCounts(rules.daily_limits, rules.minute_limits, too_fast=45009)
        #: Members who have left the application's scope.
        self.left: set[str] = set()

    def configure(self, config: WecomAppConfig) -> None:
        """Take other settings from now on: a callback address or key."""
        self.config = config
        self.sealer = Sealer.of(config.aes_key, self.corp.config.corp_id)

    @property
    def name(self) -> str:
        """The application's name in the control API."""
        return self.config.name


class Corp:
    """One corporation with its members and applications."""

    def __init__(self, config: CorpConfig, *, rules: Rules) -> None:
        self.config = config
        self.media = MediaStore()
        self._members: dict[str, MemberConfig] = {}
        for member in config.members:
            self.add_member(member)
        self.apps = [WecomApp(app, self, rules=rules) for app in config.apps]
        root = DepartmentConfig(id=1, name=config.title, parentid=0)
        self.departments: dict[int, DepartmentConfig] = {1: root, **{each.id: each for each in config.departments}}
        self.contacts = self._contacts(rules)
        #: The accounts of WeChat customer service.
        self.desks = [
            KfAccount(kf, self, rules=rules, calls=CallCounts(rules.daily_limits, rules.minute_limits, too_fast=45009))
            for kf in config.kf
        ]

    @property
    def members(self) -> list[MemberConfig]:
        """All members, in the order in which they came."""
        return list(self._members.values())

    def add_member(self, member: MemberConfig) -> None:
        """Add a member or take other data for a known one."""
        self._members[member.userid.lower()] = member

    def remove_member(self, userid: str) -> bool:
        """Let a member leave the corporation; False when there is none with this userid."""
        return self._members.pop(userid.lower(), None) is not None

    def _contacts(self, rules: Rules) -> WecomApp | None:
        if not self.config.contact_secret:
            return None
        config = WecomAppConfig(
            name=f"{self.config.corp_id}-contacts",
            title="通讯录同步",
            agent_id=0,
            secret=self.config.contact_secret,
            callback_url="",
            token="contacts",
            aes_key="A" * 43,
        )
        return WecomApp(config, self, rules=rules, is_contacts=True)

    def member(self, userid: str) -> MemberConfig | None:
        """Return the member; userids are the same in upper and lower case."""
        return self._members.get(userid.lower())


Account = OfficialAccount | WecomApp | KfAccount


class World:
    """All of it, by name."""

    def __init__(self, config: SandboxConfig, *, now: float, lines_on_record: int) -> None:
        self.rules = config.rules
        self.public_url = config.public_url.rstrip("/")
        self.message_ids = MessageIds(lines_on_record=lines_on_record)
        self.official = {a.name: OfficialAccount(a, rules=config.rules) for a in config.oa}
        self.corps = {c.corp_id: Corp(c, rules=config.rules) for c in config.wecom}
        self.apps = {app.name: app for corp in self.corps.values() for app in corp.apps}
        self.desks = {desk.name: desk for corp in self.corps.values() for desk in corp.desks}
        self.people: dict[str, PersonConfig] = {}
        for person in config.people:
            self.add_person(person)
            for name in person.follows:
                self.official[name].followers[person.id] = Follower(since=now)

    def account(self, name: str) -> Account:
        """Return the account called `name`. Raises ControlError 404 with the names that exist."""
        account = self.official.get(name) or self.apps.get(name) or self.desks.get(name)
        if account is None:
            known = "、".join([*self.official, *self.apps, *self.desks])
            raise ControlError(404, f"沙箱里没有账号 {name}，现有：{known}")
        return account

    def kf_account(self, name: str) -> KfAccount:
        """Return the account of WeChat customer service called `name`. Raises ControlError 404 with those there are."""
        account = self.desks.get(name)
        if account is None:
            raise ControlError(404, f"沙箱里没有微信客服账号 {name}，现有：{'、'.join(self.desks) or '（无）'}")
        return account

    def contacts(self, name: str) -> WecomApp | None:
        """Return the holder of an address book's tokens by its name."""
        found = (corp.contacts for corp in self.corps.values())
        return next((each for each in found if each is not None and each.name == name), None)

    def add_person(self, person: PersonConfig) -> None:
        """Add a customer, known by an openid on every official account."""
        self.people[person.id] = person
        for account in self.official.values():
            account.openid(person.id)
        for desk in self.desks.values():
            desk.external_userid(person.id)

    def person(self, identifier: str) -> PersonConfig:
        """Return the customer; somebody new is welcome and gets their id as name."""
        if identifier not in self.people:
            self.add_person(PersonConfig(id=identifier, name=identifier))
        return self.people[identifier]

    def member(self, app: WecomApp, userid: str) -> MemberConfig:
        """Return the member of the application's corporation. Raises ControlError 404."""
        member = app.corp.member(userid)
        if member is None:
            raise ControlError(404, f"企业 {app.corp.config.title} 里没有成员 {userid}，请在配置的 members 里加上")
        return member

    def official_by_app_id(self, app_id: str) -> OfficialAccount | None:
        """Return the official account with this AppID."""
        return next((a for a in self.official.values() if a.config.app_id == app_id), None)
