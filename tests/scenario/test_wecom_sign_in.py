"""A member of staff signs in to the console by WeCom: a real sandbox process, real HTTP, a browser's cookies."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.channels.api import PlatformApi
from bot.channels.tokens import TokenKeeper
from bot.channels.wecom.client import WecomTokens
from bot.channels.wecom.oauth import WecomOAuth
from bot.people import People, build_people
from bot.settings import ConsoleSettings, Settings
from bot.web.console.console import build_console
from bot.web.console.cookies import SessionCookie
from bot.web.console_wecom import BACK_PATH, HOME, SIGN_IN_PATH, START_PATH, Refusal, WecomSignIn, grant_by
from handlers.people.sign_in import SignIn
from storage.audit import Audit
from storage.organisation import Organisation
from storage.records import StaffRow
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.scenario.places import ASSISTANT, CORP_ID, DESK, Place, sandbox_configuration
from tests.scenario.processes import Child

_IN_WECOM: Final = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/7.0.1 wxwork/4.1.30 MicroMessenger/7.0.1"
_AT_A_DESK: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
_STAFF: Final = (StaffRow(realm=CORP_ID, userid="zhangwei", name="张伟", role="agent", branch="上海分公司", team=""),)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a sandbox process under virtual time; ASSISTANT trusts the console's host, DESK none."""
    home = tmp_path_factory.mktemp("sandbox")
    config = sandbox_configuration(places=(ASSISTANT, DESK))
    next(app for app in config["wecom"][0]["apps"] if app["name"] == DESK.name)["trusted_domain"] = "elsewhere.example"
    (home / "sandbox.json").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
    child = Child("sandbox", ["bot.sandbox", "--config", str(home / "sandbox.json"), "--port", "0"], home=home)
    port = child.start()
    yield f"http://127.0.0.1:{port}"
    child.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser got: a page or where it is sent on."""

    status: int
    to: str
    text: str

    @property
    def error(self) -> str:
        """The refusal that the sign-in page is told."""
        assert urlsplit(self.to).path == SIGN_IN_PATH, self
        return parse_qs(urlsplit(self.to).query)["error"][0]


class Browser:
    """Follows redirects only when it is told to, and keeps cookies as a browser does."""

    def __init__(self, http: aiohttp.ClientSession, *, agent: str) -> None:
        self._http = http
        self._agent = agent

    async def get(self, url: str) -> Answer:
        async with self._http.get(
            URL(url, encoded=True), allow_redirects=False, headers={"User-Agent": self._agent}
        ) as response:
            return Answer(status=response.status, to=response.headers.get("Location", ""), text=await response.text())

    async def head(self, url: str) -> int:
        """Return the status of a request for the headers alone."""
        async with self._http.head(URL(url, encoded=True), allow_redirects=False) as response:
            return response.status

    def session(self, url: str) -> str:
        """Return the secret of the session that would be sent to `url`."""
        return self._http.cookie_jar.filter_cookies(URL(url))[SessionCookie(url).name].value

    def kept(self, url: str) -> str:
        """Return the cookie of a sign-in that is under way."""
        return self._http.cookie_jar.filter_cookies(URL(url))["zhike-wecom"].value

    def keep(self, url: str, text: str) -> None:
        """Put another text into that cookie."""
        self._http.cookie_jar.update_cookies({"zhike-wecom": text}, URL(url))

    async def choose(self, page: str, words: str) -> str:
        """Tap the link that shows `words` on WeCom's page and return where that leads back to."""
        shown = await self.get(page)
        assert shown.status == 200, shown.text
        links = re.findall(r'<a href="(\?[^"]+)">(.*?)</a>', shown.text, re.DOTALL)
        [link] = [unescape(href) for href, text in links if words in text]
        return (await self.get(page.partition("?")[0] + link)).to


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The console's two addresses, served over real HTTP, and what a sign-in leaves."""

    url: str
    platform: str
    clock: ManualClock
    sign_in: SignIn
    stack: AsyncExitStack

    async def browser(self, *, agent: str = _AT_A_DESK) -> Browser:
        jar = aiohttp.CookieJar(unsafe=True)
        return Browser(await self.stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar)), agent=agent)

    async def sent(self, browser: Browser, *, go_on: str = "/console/tasks?open=1") -> str:
        """Begin, and return the address of WeCom's page the browser is sent to."""
        answer = await browser.get(f"{self.url}{START_PATH}?next={go_on}")
        assert answer.status == 303
        return answer.to.partition("#")[0]

    async def advance_platform(self, seconds: float) -> None:
        body = {"seconds": seconds, "step": seconds, "settle_seconds": 0}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.platform}/sandbox/clock/advance", json=body) as response,
        ):
            assert response.status == 200


@pytest.fixture
def app_place() -> str:
    """Return the application that people sign in through; a test may name another."""
    return ASSISTANT.name


@pytest.fixture
async def console(
    stores: OpenStores, clock: ManualClock, platform: str, app_place: str, tmp_path: Path
) -> AsyncIterator[Console]:
    """Return the console of an insurer whose one agent is bound to ZhangWei."""
    await Organisation(stores.database).bring_in(_STAFF, branches=())
    place = {ASSISTANT.name: ASSISTANT, DESK.name: DESK}[app_place]
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        oauth = _oauth(stores, http, place, platform=platform, clock=clock)
        people = await _serve(stores, oauth, listener, clock=clock, home=tmp_path, public_url=url, stack=stack)
        yield Console(url=url, platform=platform, clock=clock, sign_in=people.sign_in, stack=stack)


async def _serve(
    stores: OpenStores,
    oauth: WecomOAuth,
    listener: socket.socket,
    *,
    clock: ManualClock,
    home: Path,
    public_url: str,
    stack: AsyncExitStack,
) -> People:
    """Serve the console with both ways of signing in until the stack closes."""
    settings = Settings(home=home, console=ConsoleSettings(public_url=public_url))
    people = build_people(stores.database, clock=clock, settings=settings)
    pages = WecomSignIn(
        oauth=oauth,
        sign_in=people.sign_in,
        realm=CORP_ID,
        public_url=public_url,
        clock=clock,
        grant=grant_by(SessionCookie(public_url)),
    )
    app = web.Application()
    app.add_subapp(
        "/console",
        build_console(people, clock=clock, settings=settings, wecom_start=pages.start, wecom_return=pages.back),
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
    return people


def _oauth(
    stores: OpenStores, http: aiohttp.ClientSession, place: Place, *, platform: str, clock: ManualClock
) -> WecomOAuth:
    api = PlatformApi(http=http, base_url=f"{platform}/wecom", clock=clock)
    fetch = WecomTokens(api=api, corp_id=CORP_ID, secret=place.secret).fetch
    return WecomOAuth(
        api=api,
        tokens=TokenKeeper(key=place.name, store=stores.tokens, fetch=fetch, clock=clock),
        corp_id=CORP_ID,
        agent_id=place.agent_id,
        client_base_url=f"{platform}/wecom",
        desk_base_url=f"{platform}/wecom",
    )


@pytest.mark.parametrize(
    ("agent", "page"),
    [(_IN_WECOM, "/wecom/connect/oauth2/authorize"), (_AT_A_DESK, "/wecom/wwlogin/sso/login")],
)
async def test_a_member_signs_in_on_either_page_and_goes_on_where_they_wanted(
    console: Console, stores: OpenStores, agent: str, page: str
) -> None:
    browser = await console.browser(agent=agent)
    sent = await console.sent(browser)
    back = await browser.choose(sent, "ZhangWei")
    answer = await browser.get(back)

    assert urlsplit(sent).path == page
    assert (answer.status, answer.to) == (303, "/console/tasks?open=1")
    customers = await browser.get(f"{console.url}/console/customers")
    assert customers.status == 200
    assert "张伟" in customers.text
    signed_in = await console.sign_in.current(browser.session(console.url))
    assert signed_in is not None
    assert (signed_in.member.userid, signed_in.session.method) == ("zhangwei", "wecom")
    entries = await Audit(stores.database).entries(subject="console")
    assert [(row["action"], row["detail"]) for row in entries] == [("signed_in", "wecom")]


async def test_a_code_slipped_to_another_browser_signs_nobody_in(console: Console, stores: OpenStores) -> None:
    attacker, victim = await console.browser(), await console.browser()
    stolen = await attacker.choose(await console.sent(attacker), "ZhangWei")

    assert (await victim.get(stolen)).error == Refusal.STATE
    await console.sent(victim)
    assert (await victim.get(stolen)).error == Refusal.STATE
    assert await stores.count("console_session") == 0


async def test_the_way_back_works_once(console: Console, stores: OpenStores) -> None:
    browser = await console.browser()
    back = await browser.choose(await console.sent(browser), "ZhangWei")
    await browser.get(back)

    assert (await browser.get(back)).error == Refusal.STATE
    assert await stores.count("console_session") == 1


async def test_a_code_that_was_used_is_refused_also_with_a_state_of_ones_own(
    console: Console, stores: OpenStores
) -> None:
    browser = await console.browser()
    back = await browser.choose(await console.sent(browser), "ZhangWei")
    await browser.get(back)
    fresh = await browser.choose(await console.sent(browser), "ZhangWei")

    replayed = _with(fresh, code=_query(back)["code"])
    assert (await browser.get(replayed)).error == Refusal.CODE
    assert await stores.count("console_session") == 1


async def test_a_code_of_five_minutes_ago_is_refused(console: Console) -> None:
    browser = await console.browser()
    back = await browser.choose(await console.sent(browser), "ZhangWei")
    await console.advance_platform(300)
    assert (await browser.get(back)).error == Refusal.CODE


async def test_who_takes_longer_than_ten_minutes_begins_again(console: Console) -> None:
    browser = await console.browser()
    sent = await console.sent(browser)
    await console.clock.advance(601)
    assert (await browser.get(await browser.choose(sent, "ZhangWei"))).error == Refusal.STATE


@pytest.mark.parametrize(
    ("who", "error", "words"),
    [
        ("LiNa", Refusal.UNBOUND, "还没有登记为员工"),
        ("不是企业成员", Refusal.NOT_A_MEMBER, "还没有登记为员工"),
        ("取消登录", Refusal.CANCELLED, "企业微信登录没有完成"),
    ],
)
async def test_who_does_not_work_here_is_not_let_in(
    console: Console, stores: OpenStores, who: str, error: Refusal, words: str
) -> None:
    browser = await console.browser()
    answer = await browser.get(await browser.choose(await console.sent(browser), who))
    assert answer.error == error
    assert _query(answer.to)["next"] == "/console/tasks?open=1"
    assert words in (await browser.get(console.url + answer.to)).text
    assert await stores.count("console_session") == 0


@pytest.mark.parametrize("app_place", [DESK.name])
async def test_the_platform_sends_nobody_to_a_domain_that_the_application_does_not_trust(console: Console) -> None:
    browser = await console.browser()
    page = await browser.get(await console.sent(browser))
    assert page.status == 400
    assert "可信域名" in page.text


@pytest.mark.parametrize("app_place", [DESK.name])
async def test_a_platform_that_will_not_tell_is_said_to_be_unavailable(console: Console) -> None:
    """The code comes from an application that trusts any domain; the token's application does not (50001)."""
    browser = await console.browser()
    sent = await console.sent(browser)
    back = await browser.choose(_with(sent, agentid=str(ASSISTANT.agent_id)), "ZhangWei")
    assert (await browser.get(back)).error == Refusal.UNAVAILABLE


@pytest.mark.parametrize("go_on", ["https://evil.example/", "//evil.example", "/elsewhere", ""])
async def test_a_sign_in_leads_to_a_page_of_the_console_and_nowhere_else(console: Console, go_on: str) -> None:
    browser = await console.browser()
    back = await browser.choose(await console.sent(browser, go_on=go_on), "ZhangWei")
    assert unquote(browser.kept(console.url)).endswith(f".{HOME}")
    assert (await browser.get(back)).to == HOME


async def test_a_cookie_that_somebody_changed_leads_nowhere_else_either(console: Console) -> None:
    browser = await console.browser()
    back = await browser.choose(await console.sent(browser), "ZhangWei")
    browser.keep(console.url, browser.kept(console.url).rpartition(".")[0] + ".%2F%2Fevil.example")
    assert (await browser.get(back)).to == HOME


async def test_asking_only_for_headers_does_not_use_the_code_up(console: Console) -> None:
    browser = await console.browser()
    back = await browser.choose(await console.sent(browser), "ZhangWei")
    assert await browser.head(back) == 405
    assert (await browser.get(back)).to == "/console/tasks?open=1"


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("https://bot.example.com", "__Host-zhike-wecom", True), ("http://127.0.0.1:1", "zhike-wecom", False)],
)
async def test_the_cookie_of_the_state_is_out_of_the_reach_of_scripts_and_neighbours(
    stores: OpenStores,
    clock: ManualClock,
    platform: str,
    tmp_path: Path,
    public_url: str,
    name: str,
    secure: bool,
) -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        oauth = _oauth(stores, http, ASSISTANT, platform=platform, clock=clock)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        await _serve(stores, oauth, listener, clock=clock, home=tmp_path, public_url=public_url, stack=stack)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{START_PATH}"
        async with http.get(url, allow_redirects=False) as response:
            cookie = response.cookies[name]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "Lax", "/", "600")
    assert bool(cookie["secure"]) is secure
    assert _query(response.headers["Location"])["redirect_uri"] == f"{public_url}{BACK_PATH}"


async def test_who_signs_in_anew_ends_the_session_of_before(console: Console) -> None:
    browser = await console.browser()
    await browser.get(await browser.choose(await console.sent(browser), "ZhangWei"))
    before = browser.session(console.url)
    await browser.get(await browser.choose(await console.sent(browser), "ZhangWei"))

    assert await console.sign_in.current(before) is None
    assert await console.sign_in.current(browser.session(console.url)) is not None


async def test_without_an_address_to_come_back_to_there_is_no_sign_in_by_wecom(
    stores: OpenStores, clock: ManualClock, platform: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        oauth = _oauth(stores, http, ASSISTANT, platform=platform, clock=clock)
        with pytest.raises(ValueError, match="public_url"):
            await _serve(stores, oauth, listener, clock=clock, home=tmp_path, public_url="", stack=stack)


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def _with(url: str, **values: str) -> str:
    return urlsplit(url)._replace(query=urlencode({**_query(url), **values})).geturl()
