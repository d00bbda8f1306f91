"""The console of an insurer over a real database, served on a free port; and staff who sit in front of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDictProxy
from pydantic import SecretStr
from yarl import URL

from bot.handover import HandoverRooms
from bot.people import People, build_people
from bot.settings import ConsoleSettings, Settings
from bot.settings_accounts import WechatAccount
from bot.web.console.console import build_console
from bot.web.console.pages import Page
from bot.web.console.sayings import Mask
from bot.web.staff_pages import staff_pages
from handlers.clock import Clock
from handlers.people.search import Search
from handlers.people.sign_in import SignIn, SignInConfig
from storage.audit import Audit
from storage.records import AccountRow
from storage.search import MessageSearch
from storage.sign_ins import Passwords, Sessions
from tests.fakes.firm import Firm
from tests.fakes.handover_rooms import open_rooms
from tests.fakes.newsroom import built_in
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

PASSWORD: Final = "正确的马电池钉书针"
_TOKEN: Final = re.compile(r'name="csrf" value="([0-9a-f]+)"')


#: The account that customers write to, as the settings name it.
SERVICE: Final = WechatAccount(
    name="service",
    channel="wechat",
    title="安心保险服务号",
    app_id="wx-realm",
    original_id="gh_service",
    secret=SecretStr("service-secret"),
    callback_token=SecretStr("callback"),
    callback_aes_key=SecretStr("a" * 43),
)


class QuickHasher:
    """Keeps passwords readable: a real hasher takes a tenth of a second by purpose."""

    def hash(self, password: str) -> str:
        return f"quick:{password}"

    def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == f"quick:{password}"

    def is_outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith("quick:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The running console and the insurer behind it."""

    base: str
    firm: Firm
    stores: OpenStores
    people: People
    rooms: HandoverRooms
    account: AccountRow
    clock: Clock
    stack: AsyncExitStack

    def visitors(self) -> Visitors:
        """Return people who write to the insurer's account."""
        return Visitors(self.stores.log, self.account, self.clock)

    async def browser(self) -> Clerk:
        """Return a browser in which nobody is signed in."""
        # The jar forgets cookies of bare addresses unless told otherwise.
        http = aiohttp.ClientSession(self.base, cookie_jar=aiohttp.CookieJar(unsafe=True))
        return Clerk(base=self.base, http=await self.stack.enter_async_context(http))

    async def clerk(self, userid: str) -> Clerk:
        """Return a browser in which somebody is signed in."""
        clerk = await self.browser()
        answer = await clerk.sign_in(userid, PASSWORD)
        assert answer.status == 303, answer.text
        return clerk


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: CIMultiDictProxy[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """A browser without a screen: cookies, forms with their token, and the headers that a browser sends by itself."""

    base: str
    http: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> Answer:
        """Open an address; no redirection is followed."""
        async with self.http.get(path, headers=_named(headers), allow_redirects=False) as response:
            text = await response.text(errors="replace")
            return Answer(status=response.status, text=text, headers=response.headers)

    async def post(self, path: str, fields: dict[str, str], *, origin: str | None = "", **headers: str) -> Answer:
        """Send a form; `origin`: "" for the page's own, None for a browser that sends none."""
        sent = _named(headers)
        if origin is not None:
            sent["Origin"] = origin or self.base
        async with self.http.post(path, data=fields, headers=sent, allow_redirects=False) as response:
            return Answer(status=response.status, text=await response.text(), headers=response.headers)

    async def sign_in(self, userid: str, password: str, **fields: str) -> Answer:
        """Send the form of the sign-in."""
        return await self.post("/console/sign-in", {"userid": userid, "password": password, **fields})

    async def token(self, path: str) -> str:
        """Return the token that a page's forms carry."""
        found = _TOKEN.search((await self.get(path)).text)
        assert found is not None
        return found[1]

    def plant(self, secret: str) -> None:
        """Put somebody's session into this browser."""
        self.http.cookie_jar.update_cookies({"zhike": secret}, URL(f"{self.base}/"))

    @property
    def cookie(self) -> str | None:
        """The session's secret."""
        return next((cookie.value for cookie in self.http.cookie_jar if cookie.key == "zhike"), None)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


async def open_desk(
    stores: OpenStores,
    *,
    clock: Clock,
    home: Path,
    stack: AsyncExitStack,
    public_url: str = "",
    pages: Sequence[Page] = (),
    whole: bool = False,
    mask: Mask = str,
    effort: int | None = None,
    wecom_start: Handler | None = None,
    wecom_return: Handler | None = None,
) -> Desk:
    """Found the insurer, give everybody a password, and serve the console until the stack closes.

    `whole`: with the pages of all rooms, as a process serves it; `effort`: of a search, for one look.
    """
    account = (await stores.accounts.bring_in([("service", "wechat", "wx-realm", "安心保险服务号")]))["service"]
    firm = Firm(stores, account, clock)
    await firm.found()
    settings = Settings(home=home, console=ConsoleSettings(public_url=public_url), accounts=(SERVICE,))
    people = _people(stores, clock=clock, settings=settings)
    if effort is not None:
        search = MessageSearch(stores.database, effort=effort)
        people = replace(people, search=Search(search=search, audit=people.audit, clock=clock))
    for row in await stores.rows("SELECT id FROM staff"):
        await people.sign_in.set_password(row["id"], PASSWORD)
    rooms = open_rooms(stores, [account], settings=settings, clock=clock)
    app = web.Application()
    console = build_console(
        people,
        clock=clock,
        settings=settings,
        pages=[*pages, *(pages_of_rooms(people, stores, rooms=rooms, clock=clock, settings=settings) if whole else ())],
        mask=mask,
        wecom_start=wecom_start,
        wecom_return=wecom_return,
    )
    app.add_subapp("/console", console)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return Desk(
        base=base, firm=firm, stores=stores, people=people, rooms=rooms, account=account, clock=clock, stack=stack
    )


def pages_of_rooms(
    people: People, stores: OpenStores, *, rooms: HandoverRooms, clock: Clock, settings: Settings
) -> list[Page]:
    """Return the pages that a process serves beside the people's own."""
    return staff_pages(
        people,
        database=stores.database,
        outbox=stores.outbox,
        replies=stores.replies,
        handover=rooms,
        clock=clock,
        settings=settings,
    )


def _people(stores: OpenStores, *, clock: Clock, settings: Settings) -> People:
    """Return the people's rooms, with passwords that cost no time."""
    content = built_in()
    people = build_people(stores.database, clock=clock, settings=settings, marketing=content.marketing, content=content)
    sign_in = SignIn(
        passwords=Passwords(stores.database),
        sessions=Sessions(stores.database),
        organisation=people.organisation,
        audit=Audit(stores.database),
        hasher=QuickHasher(),
        clock=clock,
        config=SignInConfig(),
    )
    return replace(people, sign_in=sign_in)
