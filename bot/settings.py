"""The settings tree: `$ZHIKE_HOME/zhike.toml`, overridden by a few environment variables, checked when it is loaded.

`load_settings` is the only way in from outside; it collects every problem before it gives up, each with file, key and
mend. Every text may be "env:NAME" or "file:PATH" (relative to the home), so that secrets can live elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings_accounts import (
    AccountSettings,
    BranchSettings,
    DepartmentSettings,
    KfAccount,
    StaffSettings,
    WechatAccount,
    WecomAccount,
)
from bot.settings_fields import OptionalAddress, Positive, Section, filled
from bot.settings_file import SETTINGS_FILE, Problem, SettingsError, explain, read_sources
from bot.settings_policies import PolicySettings
from handlers.delivery.gates import Unasked
from handlers.delivery.limits import Limits, Rate
from storage.records import Grant

__all__ = [
    "SETTINGS_FILE",
    "AccountSettings",
    "KfAccount",
    "Problem",
    "Settings",
    "SettingsError",
    "StaffSettings",
    "WechatAccount",
    "WecomAccount",
    "find_home",
    "load_settings",
]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class InsurerSettings(Section):
    #: What customers call; fills {hotline} in texts. Without it nothing that answers is served.
    hotline: Annotated[str, Field(max_length=60), AfterValidator(lambda text: filled(text) if text else "")] = ""


class DatabaseSettings(Section):
    url: Annotated[str, AfterValidator(filled), Field(repr=False)] = "sqlite+aiosqlite:///zhike.db"


class WebSettings(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9800


class CallbackSettings(Section):
    max_skew_seconds: Positive = 300
    max_body_bytes: Annotated[int, Field(gt=0)] = 262144


class ConversationSettings(Section):
    deadline_seconds: Positive = 4.5
    lease_seconds: Positive = 6
    idle_close_hours: Positive = 6


class DeliverySettings(Section):
    #: Of the replies a trigger grants, this many are kept for a person.
    reply_reserve: Annotated[int, Field(ge=0)] = 1
    #: What a customer may be sent who was never asked for the consent that marketing needs.
    unasked_marketing: Unasked = Unasked.REFUSE
    claim_size: Annotated[int, Field(ge=1, le=1000)] = 20
    lease_seconds: Positive = 30


class ConsentSettings(Section):
    """Asking customers for their consents."""

    #: Show the notice and ask at the first chat; what customers say by themselves counts either way.
    ask: bool = True


class LimitSettings(Section):
    """What the platforms let an account send to one person; the defaults are the published figures."""

    reply_messages: Count = 5
    reply_hours: Positive = 48
    tap_messages: Count = 3
    tap_seconds: Positive = 60
    kf_messages: Count = 5
    kf_hours: Positive = 48
    member_per_minute: Count = 30
    member_per_hour: Count = 1000

    def figures(self) -> Limits:
        """Return them as the sending table takes them."""
        return Limits(
            after_message=Grant(messages=self.reply_messages, window=timedelta(hours=self.reply_hours)),
            after_tap=Grant(messages=self.tap_messages, window=timedelta(seconds=self.tap_seconds)),
            after_kf_message=Grant(messages=self.kf_messages, window=timedelta(hours=self.kf_hours)),
            member_rates=(
                Rate(messages=self.member_per_minute, per=timedelta(minutes=1)),
                Rate(messages=self.member_per_hour, per=timedelta(hours=1)),
            ),
        )


class KfSettings(Section):
    """Fetching the messages of WeChat customer service."""

    #: An account that has not been rung is fetched all the same after so long.
    poll_seconds: Annotated[float, Field(ge=60, le=86_400)] = 300
    #: One process fetches an account; another may take over after so long without a page.
    lease_seconds: Annotated[float, Field(ge=30, le=3_600)] = 60


class ConsoleSettings(Section):
    """The staff console and the API; both are served by the role web."""

    #: The address staff open it at; https makes the cookie one that never travels in the clear.
    public_url: OptionalAddress = ""
    #: Wrong passwords after which a log-in is locked, and for how long.
    failures: Annotated[int, Field(ge=1, le=100)] = 5
    locked_minutes: Positive = 15
    #: A session ends after so long without a page, and after so long in any case.
    idle_minutes: Positive = 60
    longest_hours: Positive = 12


class TaskSettings(Section):
    """Tasks for people."""

    #: Userid of who gets the tasks of customers who are nobody's; empty: they stay open until somebody takes them.
    catch_all: str = ""


class SyncSettings(Section):
    """Reconciling followers, tags, departments and members with the platforms."""

    #: Whether the leader does it by itself every night.
    nightly: bool = False
    #: When it begins, China's time; each account some minutes later than the other.
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "02:05"
    #: A list on which so large a share of those known is missing changes nothing; fewer than `least` may always go.
    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    least: Annotated[int, Field(ge=1)] = 3


class PrivacySettings(Section):
    """What customers may ask of their own data."""

    #: An erasure is confirmed within so many days; normally at once.
    erase_days: Positive = 15
    #: A larger database is written anew only at night, as the last step of an erasure; megabytes.
    scrub_at_once_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 256
    #: How long a link to one's own data is good.
    export_hours: Positive = 24
    #: The https address under which customers reach the bot's web edge; empty: that of the console.
    public_url: OptionalAddress = ""


class HandoverSettings(Section):
    """Handovers to a person; words, hours and times are content (content/zh/handover.yaml)."""

    #: Customers whom one member of staff has at once; a card that asks whose a reply is has six buttons at most.
    parallel: Annotated[int, Field(ge=1, le=6)] = 5


class ContentSettings(Section):
    """Content with review; the rules of the machine's check are content (content/zh/precheck.yaml)."""

    #: Hosts that links may lead to: www.example.com, or *.example.com for all below it.
    link_hosts: tuple[Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$")], ...] = ()
    #: Who gets what is tried out: ACCOUNT:OPENID, each a follower who is one of the staff.
    testers: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+:[!-~]{1,128}$")], ...] = ()
    #: The https address under which the platforms reach the bot's web edge, for pictures; empty: that of the console.
    public_url: OptionalAddress = ""


class LogSettings(Section):
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lambda v: str(v).lower())] = "info"
    seal_seconds: Positive = 10


class ClockSettings(Section):
    #: Address of a sandbox whose clock is followed; empty for real time.
    sandbox_url: OptionalAddress = ""


class Settings(BaseSettings):
    """Everything that is set. Construct it directly in tests; no environment and no file is read by that."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path
    insurer: InsurerSettings = InsurerSettings()
    database: DatabaseSettings = DatabaseSettings()
    web: WebSettings = WebSettings()
    callbacks: CallbackSettings = CallbackSettings()
    conversation: ConversationSettings = ConversationSettings()
    delivery: DeliverySettings = DeliverySettings()
    consent: ConsentSettings = ConsentSettings()
    limits: LimitSettings = LimitSettings()
    kf: KfSettings = KfSettings()
    console: ConsoleSettings = ConsoleSettings()
    tasks: TaskSettings = TaskSettings()
    policies: PolicySettings = PolicySettings()
    sync: SyncSettings = SyncSettings()
    privacy: PrivacySettings = PrivacySettings()
    handover: HandoverSettings = HandoverSettings()
    contents: ContentSettings = ContentSettings()
    log: LogSettings = LogSettings()
    clock: ClockSettings = ClockSettings()
    accounts: tuple[AccountSettings, ...] = ()
    branches: tuple[BranchSettings, ...] = ()
    departments: tuple[DepartmentSettings, ...] = ()
    staff: tuple[StaffSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @property
    def database_url(self) -> str:
        """The database's URL; a relative SQLite path counts from the home."""
        return _rooted(self.database.url, self.home)

    def secret_values(self) -> frozenset[str]:
        """Return every secret in the tree, for the log's redaction."""
        found = {
            value.get_secret_value()
            for section in (*self.accounts, self.policies)
            for _, value in section
            if isinstance(value, SecretStr) and value.get_secret_value()
        }
        password = urlsplit(self.database.url).password
        return frozenset(found | ({password, unquote(password)} if password else set()))


def find_home(env: Mapping[str, str]) -> Path:
    """Return the data folder: $ZHIKE_HOME, or ~/.zhike."""
    named = env.get("ZHIKE_HOME", "")
    return Path(named).expanduser().absolute() if named else Path.home() / ".zhike"


def load_settings(home: Path, env: Mapping[str, str], *, file_required: bool = True) -> Settings:
    """Return the settings of `home`, environment variables taken from `env`.

    Without `file_required` a missing zhike.toml means the defaults and no accounts (batch commands need no more).
    Raises SettingsError with all problems that were found.
    """
    raw, problems = read_sources(Settings, home=home, env=env, file_required=file_required)
    try:
        settings = Settings(**{**raw, "home": home})
    except ValidationError as error:
        # What could not be resolved is empty now: of that, the first finding alone says what to do.
        known = {problem.key for problem in problems}
        judged = explain(error, raw, file=home / SETTINGS_FILE)
        raise SettingsError([*problems, *(problem for problem in judged if problem.key not in known)]) from None
    problems.extend(_conflicts(settings, home / SETTINGS_FILE))
    if problems:
        raise SettingsError(problems)
    return settings


def _conflicts(settings: Settings, file: Path) -> Iterator[Problem]:
    """Yield what is wrong between entries that are right by themselves."""
    if not settings.insurer.hotline and any(account.answers != "none" for account in settings.accounts):
        yield Problem(
            file=file,
            key="insurer.hotline",
            sentence="没有填写客服热线，许多回答要告诉客户打哪个电话",
            mend='请在 [insurer] 里写 hotline，例如 hotline = "95XXX"，换成公司的客服电话。',
        )
    names: set[str] = set()
    for account in settings.accounts:
        if account.name in names:
            yield Problem(
                file=file,
                key=f"accounts[{account.name}].name",
                sentence="有两个账号用了同一个名称",
                mend="名称也是回调地址的一部分，请给每个账号一个不同的 name。",
            )
        names.add(account.name)
    people: set[tuple[str, str]] = set()
    for person in settings.staff:
        # WeCom does not tell userids apart by case.
        bound = (person.realm, person.userid.casefold())
        if bound in people:
            yield Problem(
                file=file,
                key=f"staff[{person.userid}].userid",
                sentence="同一个企业里有两名员工用了同一个 userid",
                mend="每名员工只保留一个 [[staff]]。",
            )
        people.add(bound)

    mapped: set[tuple[str, int]] = set()
    for rule in settings.departments:
        if (rule.realm, rule.department) in mapped:
            yield Problem(
                file=file,
                key=f"departments[{rule.department}].department",
                sentence="同一个企业的同一个部门写了两段",
                mend="每个部门只保留一个 [[departments]]。",
            )
        mapped.add((rule.realm, rule.department))


def _rooted(url: str, home: Path) -> str:
    scheme, separator, path = url.partition(":///")
    if not separator or not scheme.startswith("sqlite") or path.startswith(("/", ":memory:", "file:")) or not path:
        return url
    return f"{scheme}:///{home.absolute() / path}"
