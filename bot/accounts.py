"""From an account's settings to its parts: callback reader, client, outlet and what the conversation knows of it."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import aiohttp

from bot.channels.api import PlatformApi
from bot.channels.callback import CallbackKeys, CallbackReader
from bot.channels.kf.callbacks import KfCallbacks
from bot.channels.kf.client import KfClient
from bot.channels.kf.feed import KfFeed
from bot.channels.media import GIF, JPEG, PNG, Media
from bot.channels.pictures import AT_ONCE, Pictures
from bot.channels.tokens import FreshToken, TokenKeeper, TokenStore, token_key
from bot.channels.wechat.callbacks import WechatCallbacks
from bot.channels.wechat.client import WechatClient, WechatTokens
from bot.channels.wechat.crypto import Mode
from bot.channels.wechat.errors import ERRORS as WECHAT_ERRORS
from bot.channels.wechat.register import WechatRegister
from bot.channels.wecom.callbacks import WecomCallbacks
from bot.channels.wecom.client import WecomClient, WecomTokens
from bot.channels.wecom.errors import ERRORS as WECOM_ERRORS
from bot.channels.wecom.oauth import WecomOAuth
from bot.channels.wecom.register import WecomRegister
from bot.settings import (
    SETTINGS_FILE,
    AccountSettings,
    KfAccount,
    Problem,
    Settings,
    SettingsError,
    WechatAccount,
    WecomAccount,
)
from content.value import value
from handlers.clock import Clock
from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.ports import Feed, Sessions
from handlers.conversation.turn import AccountInfo
from handlers.delivery.apis import CUSTOM_SEND, KF_ON_EVENT, KF_SEND, MESSAGE_SEND, Api, Audience
from handlers.delivery.outlets import Outlet
from handlers.delivery.table import SendingTable
from handlers.profiles.ports import Directory
from handlers.sync.ports import FollowerRegister, MemberRegister
from storage.records import AccountRow


class UnknownAccount(Exception):
    """A command was given an account that is not there; the sentence names those that are."""

    def __init__(self, name: str, known: Sequence[str], *, where: str) -> None:
        super().__init__(f"没有账号 {name}。{where}有：{'、'.join(known) or '（无）'}。请改正 --account。")


@value
class AccountKit:
    """Everything one account is served with."""

    served: ServedAccount
    reader: CallbackReader
    outlet: Outlet
    #: Asks the platform for an access token, past the stored one.
    fetch_token: Callable[[], Awaitable[FreshToken]]
    #: Who can be asked about a person; None on WeCom, whose members have no unionid.
    directory: Directory | None
    #: Signs staff in to the console; only a WeCom application does.
    oauth: WecomOAuth | None = None
    #: Who follows an official account; who works in a corporation.
    followers: FollowerRegister | None = None
    members: MemberRegister | None = None
    #: Where its messages are fetched, and whose turn it is with a customer there; None where the platform pushes them.
    feed: Feed | None = None
    sessions: Sessions | None = None
    #: Where its pictures lie; None on customer service, whose staff serve at the platform itself.
    media: Media | None = None


def build_kits(
    settings: Settings, rows: Mapping[str, AccountRow], *, http: aiohttp.ClientSession, clock: Clock, tokens: TokenStore
) -> dict[int, AccountKit]:
    """Return the kit of each account by its storage id. Raises SettingsError for keys that cannot be keys."""
    kits: dict[int, AccountKit] = {}
    problems: list[Problem] = []
    for account in settings.accounts:
        row = rows[account.name]
        try:
            kits[row.id] = build_kit(account, row, settings=settings, http=http, clock=clock, tokens=tokens)
        except ValueError as error:
            problems.append(
                Problem(
                    file=settings.home / SETTINGS_FILE,
                    key=f"accounts[{account.name}]",
                    sentence=f"回调的令牌或密钥不能用（{error}）",
                    mend="请运行 zhike check，按它指出的修改。",
                )
            )
    if problems:
        raise SettingsError(problems)
    return _with_pictures(kits, clock=clock)


def writing_officials(kits: Mapping[int, AccountKit]) -> dict[int, ServedAccount]:
    """Return the official accounts that may write to followers by themselves."""
    return {
        account_id: kit.served
        for account_id, kit in kits.items()
        if kit.served.row.channel == "wechat" and kit.served.active_messages
    }


def _with_pictures(kits: Mapping[int, AccountKit], *, clock: Clock) -> dict[int, AccountKit]:
    """Return the kits with what brings pictures from each account's platform to each other's."""
    keepers = {kit.served.row.name: kit.media for kit in kits.values() if kit.media is not None}
    room = Semaphore(AT_ONCE)

    def with_pictures(kit: AccountKit) -> AccountKit:
        if kit.media is None:
            return kit
        carrier = Pictures(kit.media, others=keepers, room=room, clock=clock)
        return replace(kit, outlet=replace(kit.outlet, carrier=carrier))

    return {account_id: with_pictures(kit) for account_id, kit in kits.items()}


def build_kit(
    account: AccountSettings,
    row: AccountRow,
    *,
    settings: Settings,
    http: aiohttp.ClientSession,
    clock: Clock,
    tokens: TokenStore,
) -> AccountKit:
    """Return one account's kit. Raises ValueError on keys that cannot be keys."""
    api = PlatformApi(http=http, base_url=account.api_base_url, clock=clock)
    served = ServedAccount(
        row=row,
        info=AccountInfo(
            name=account.name, channel=account.channel, title=account.title, hotline=settings.insurer.hotline
        ),
        answers=Answers(account.answers),
        active_messages=account.active_messages,
    )
    build = _BUILDERS[account.channel]
    return build(account, served, settings=settings, api=api, clock=clock, tokens=tokens)


def _wechat(
    account: WechatAccount,
    served: ServedAccount,
    *,
    settings: Settings,
    api: PlatformApi,
    clock: Clock,
    tokens: TokenStore,
) -> AccountKit:
    secret = account.secret.get_secret_value()
    fetch = WechatTokens(api=api, app_id=account.app_id, secret=secret).fetch
    keeper = TokenKeeper(key=token_key(account.realm, secret), store=tokens, fetch=fetch, clock=clock)
    client = WechatClient(api=api, tokens=keeper)
    reader = WechatCallbacks(
        account=account.name,
        original_id=account.original_id,
        keys=_keys(account),
        mode=Mode(account.mode),
        max_skew=timedelta(seconds=settings.callbacks.max_skew_seconds),
        max_body_bytes=settings.callbacks.max_body_bytes,
    )
    outlet = Outlet(
        channel=client, channel_name="wechat", audience=Audience.CUSTOMER, apis=_apis(settings, CUSTOM_SEND)
    )
    return AccountKit(
        served=served,
        reader=reader,
        outlet=outlet,
        fetch_token=fetch,
        directory=client,
        followers=WechatRegister(api=api, tokens=keeper),
        media=Media(api=api, tokens=keeper, errors=WECHAT_ERRORS, formats=(JPEG, PNG, GIF)),
    )


def _wecom(
    account: WecomAccount,
    served: ServedAccount,
    *,
    settings: Settings,
    api: PlatformApi,
    clock: Clock,
    tokens: TokenStore,
) -> AccountKit:
    secret = account.secret.get_secret_value()
    fetch = WecomTokens(api=api, corp_id=account.corp_id, secret=secret).fetch
    keeper = TokenKeeper(key=token_key(account.realm, secret), store=tokens, fetch=fetch, clock=clock)
    client = WecomClient(api=api, tokens=keeper, agent_id=account.agent_id)
    reader = WecomCallbacks(
        account=account.name,
        corp_id=account.corp_id,
        agent_id=account.agent_id,
        keys=_keys(account),
        max_skew=timedelta(seconds=settings.callbacks.max_skew_seconds),
        max_body_bytes=settings.callbacks.max_body_bytes,
    )
    outlet = Outlet(channel=client, channel_name="wecom", audience=Audience.STAFF, apis=_apis(settings, MESSAGE_SEND))
    oauth = WecomOAuth(
        api=api,
        tokens=keeper,
        corp_id=account.corp_id,
        agent_id=account.agent_id,
        client_base_url=account.client_base_url,
        desk_base_url=account.desk_base_url,
    )
    return AccountKit(
        served=served,
        reader=reader,
        outlet=outlet,
        fetch_token=fetch,
        directory=None,
        oauth=oauth,
        members=_members(account, api=api, tokens=keeper, clock=clock, store=tokens),
        media=Media(api=api, tokens=keeper, errors=WECOM_ERRORS, formats=(JPEG, PNG)),
    )


def _members(
    account: WecomAccount, *, api: PlatformApi, tokens: TokenKeeper, clock: Clock, store: TokenStore
) -> WecomRegister:
    secret = account.contact_secret.get_secret_value()
    if not secret:
        return WecomRegister(api=api, tokens=tokens, contacts=None)
    fetch = WecomTokens(api=api, corp_id=account.corp_id, secret=secret).fetch
    contacts = TokenKeeper(key=token_key(account.realm, secret), store=store, fetch=fetch, clock=clock)
    return WecomRegister(api=api, tokens=tokens, contacts=contacts)


def _kf(
    account: KfAccount,
    served: ServedAccount,
    *,
    settings: Settings,
    api: PlatformApi,
    clock: Clock,
    tokens: TokenStore,
) -> AccountKit:
    secret = account.secret.get_secret_value()
    fetch = WecomTokens(api=api, corp_id=account.corp_id, secret=secret).fetch
    keeper = TokenKeeper(key=token_key(account.realm, secret), store=tokens, fetch=fetch, clock=clock)
    client = KfClient(api=api, tokens=keeper, open_kfid=account.open_kfid)
    reader = KfCallbacks(
        account=account.name,
        corp_id=account.corp_id,
        keys=_keys(account),
        max_skew=timedelta(seconds=settings.callbacks.max_skew_seconds),
        max_body_bytes=settings.callbacks.max_body_bytes,
    )
    outlet = Outlet(
        channel=client, channel_name="kf", audience=Audience.CUSTOMER, apis=_apis(settings, KF_SEND, KF_ON_EVENT)
    )
    return AccountKit(
        served=served,
        reader=reader,
        outlet=outlet,
        fetch_token=fetch,
        directory=client,
        feed=KfFeed(api=api, tokens=keeper, account=account.name, open_kfid=account.open_kfid),
        sessions=client,
    )


#: By channel; each takes settings of its own class.
_BUILDERS: Mapping[str, Callable[..., AccountKit]] = {"wechat": _wechat, "wecom": _wecom, "kf": _kf}


def _apis(settings: Settings, *names: str) -> tuple[Api, ...]:
    table = SendingTable(settings.limits.figures())
    return tuple([table.find(name) for name in names])


def _keys(account: AccountSettings) -> list[CallbackKeys]:
    """Return the live callback keys, the newest first; two during a rotation."""
    pairs = [
        (account.callback_token, account.callback_aes_key),
        (account.previous_callback_token, account.previous_callback_aes_key),
    ]
    return [
        CallbackKeys(token=token.get_secret_value(), aes_key=key.get_secret_value(), receiver=account.realm)
        for token, key in pairs
        if token.get_secret_value()
    ]
