"""Signing in by WeCom, the platform's side: the pages staff are sent to, and whom a code stands for.

Two pages lead back to `redirect_uri?code=…&state=…`: the one inside WeCom's client and the one on a desk. The real ones
know who is in front of them, or show a code to scan; here one picks who one is.

WeCom doc 98171 (the page on a desk), 98173 (the domain must be the same, its port included), 96442 and 98177
(getuserinfo: a code counts once and for five minutes; members have a userid, others an openid; 50001 when the code went
to a domain that the token's application does not trust).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from aiohttp import web

from bot.sandbox.clock import PlatformClock
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Outcome
from bot.sandbox.openid import openid_of
from bot.sandbox.wecom_oauth_page import choosing_page, refusing_page
from bot.sandbox.world import WecomApp, World

CODE_SECONDS = 300
#: The client's page takes a state of these characters only. WeCom doc: build the web authorisation link.
_STATE = re.compile(r"[0-9A-Za-z]{0,128}")
_SCOPES = ("snsapi_base", "snsapi_privateinfo")


class Refused(Exception):
    """The platform shows an error page instead of asking who one is; the sentence says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an address asks for, after it was checked: a sign-in to `app`, then back to `back` with `state`."""

    app: WecomApp
    back: SplitResult
    state: str

    def address(self, **more: str) -> str:
        """Return where the browser goes back to, with `more` and the state in its query."""
        # Somebody who refuses comes back with the state alone. WeCom doc: scan to sign in.
        query = urlencode({**more, "state": self.state} if self.state else more)
        return urlunsplit(self.back._replace(query="&".join(part for part in (self.back.query, query) if part)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    corp_id: str
    domain: str
    person: Mapping[str, str]
    ends: float


class Codes:
    """Codes that were given out and not used yet. They do not outlive the sandbox's process."""

    def __init__(self) -> None:
        self._codes: dict[str, _Code] = {}

    def issue(self, asked: Asked, person: Mapping[str, str], *, now: float) -> str:
        """Return a new code for `person`, the fields that getuserinfo will answer; `now` in epoch seconds."""
        self._codes = {code: kept for code, kept in self._codes.items() if now < kept.ends}
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(
            corp_id=asked.app.corp.config.corp_id,
            domain=asked.back.netloc.lower(),
            person=person,
            ends=now + CODE_SECONDS,
        )
        return code

    def take(self, code: str, app: WecomApp, *, now: float) -> Mapping[str, str]:
        """Return whom `code` stands for; it never counts again.

        Raises:
            ApiError: 40029 never given out, used, too old or another corporation's; 50001 it went to a domain that
                `app` does not trust.
        """
        kept = self._codes.get(code)
        if kept is None or now >= kept.ends or kept.corp_id != app.corp.config.corp_id:
            raise ApiError(40029)
        if not trusts(app, kept.domain):
            raise ApiError(50001)
        del self._codes[code]
        return kept.person


def trusts(app: WecomApp, domain: str) -> bool:
    """Tell whether browsers may be sent to `domain` (host, with the port when the address names one)."""
    return app.config.trusted_domain.lower() in ("", domain.lower())


class WecomOauth:
    """The two pages, and the API that tells who came back."""

    def __init__(self, *, world: World, clock: PlatformClock) -> None:
        self._world = world
        self._clock = clock
        self._codes = Codes()

    def api_routes(self) -> list[ApiRoute[WecomApp]]:
        """Return the server API, to be served by the gateway."""
        return [ApiRoute(method="GET", path="/cgi-bin/auth/getuserinfo", handle=self._user)]

    def page_routes(self, *, prefix: str) -> list[web.RouteDef]:
        """Return the two pages; `prefix` stands where the real ones have a host of their own."""
        return [
            web.get(f"{prefix}/connect/oauth2/authorize", self._page(read_client_address), allow_head=False),
            web.get(f"{prefix}/wwlogin/sso/login", self._page(read_desk_address), allow_head=False),
        ]

    def _user(self, call: Call[WecomApp]) -> Outcome:
        return Outcome(payload=self._codes.take(call.query.get("code", ""), call.holder, now=call.now))

    def _page(
        self, read: Callable[[World, Mapping[str, str]], Asked]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                asked = read(self._world, request.query)
                return self._answer(asked, request.query)
            except Refused as refused:
                return refusing_page(str(refused))

        return serve

    def _answer(self, asked: Asked, query: Mapping[str, str]) -> web.StreamResponse:
        """Ask who one is, or go back as who one said; `choice` is this sandbox's own word in the query."""
        kind, _, userid = query.get("choice", "").partition(":")
        match kind:
            case "member":
                return self._go_back(asked, {"userid": _member(asked.app, userid)})
            case "guest":
                return self._go_back(asked, _guest(asked.app))
            case "refuse":
                return _redirect(asked.address())
            case _:
                return choosing_page(asked.app, query)

    def _go_back(self, asked: Asked, person: Mapping[str, str]) -> web.StreamResponse:
        return _redirect(asked.address(code=self._codes.issue(asked, person, now=self._clock.now())))


def read_client_address(world: World, query: Mapping[str, str]) -> Asked:
    """Return what an address of the page inside WeCom's client asks for; `agentid` may be left out. Raises Refused."""
    if query.get("response_type") != "code":
        raise Refused("response_type 应为 code")
    if query.get("scope") not in _SCOPES:
        raise Refused("scope 应为 snsapi_base 或 snsapi_privateinfo")
    if not _STATE.fullmatch(query.get("state", "")):
        raise Refused("state 只能是不超过 128 个字符的字母和数字")
    return _asked(world, query)


def read_desk_address(world: World, query: Mapping[str, str]) -> Asked:
    """Return what an address of the page on a desk asks for. Raises Refused."""
    if query.get("login_type") != "CorpApp":
        raise Refused("login_type 应为 CorpApp")
    if not query.get("agentid"):
        raise Refused("缺少 agentid")
    return _asked(world, query)


def _asked(world: World, query: Mapping[str, str]) -> Asked:
    corp = world.corps.get(query.get("appid", ""))
    if corp is None:
        raise Refused("appid 参数错误：没有这个企业")
    apps = [app for app in corp.apps if query.get("agentid", "") in ("", str(app.config.agent_id))]
    if not apps:
        raise Refused("agentid 参数错误：企业没有这个应用")
    back = urlsplit(query.get("redirect_uri", ""))
    if back.scheme not in ("http", "https") or not back.netloc or "@" in back.netloc:
        raise Refused("redirect_uri 参数错误：应为以 http:// 或 https:// 开头的网址")
    trusting = [app for app in apps if trusts(app, back.netloc)]
    if not trusting:
        raise Refused(f"redirect_uri 需使用应用可信域名：{back.netloc} 不是")
    return Asked(app=trusting[0], back=back, state=query.get("state", ""))


def _member(app: WecomApp, userid: str) -> str:
    member = app.corp.member(userid)
    if member is None:
        raise Refused(f"企业里没有成员 {userid}")
    return member.userid


def _guest(app: WecomApp) -> Mapping[str, str]:
    openid = openid_of(app.corp.config.corp_id, "guest")
    return {"openid": openid, "external_userid": f"wm{openid[1:]}"}


def _redirect(address: str) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
