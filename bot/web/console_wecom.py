"""Signing in to the console by WeCom: sent there with a state, and back with a code.

The state is remembered in a cookie of the very browser that was sent away, so a code that somebody else obtained cannot
be slipped to it (RFC 6749, section 10.12). It counts once: whoever comes back loses the cookie, whatever comes of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Final
from urllib.parse import quote, unquote, urlencode

from aiohttp import hdrs, web

from bot.channels.wecom.oauth import WecomOAuth
from bot.web.console.cookies import SessionCookie
from bot.web.console.local_paths import local_path
from bot.web.console.pages import ROOT
from bot.web.console.visit import SIGNED_IN
from content.value import value
from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, Rejected
from handlers.people.sign_in import SignedIn, SignIn

SIGN_IN_PATH: Final = f"{ROOT}/sign-in"
START_PATH: Final = f"{ROOT}/wecom"
BACK_PATH: Final = f"{START_PATH}/return"
#: Where one goes on to when no page was asked for.
HOME: Final = ROOT
#: Time to find the phone and scan.
_LIFE: Final = timedelta(minutes=10)
_STATE_BYTES: Final = 32

#: Answers a request with the session of this secret and goes on to the path: (request, secret, next).
Grant = Callable[[web.Request, str, str], web.StreamResponse]


class Refusal(StrEnum):
    """Why somebody is not signed in: `error` in the address of the sign-in page, for whoever helps them."""

    #: The browser was not sent by us, or too long ago, or came back twice.
    STATE = "wecom_state"
    #: They refused, or WeCom gave no code.
    CANCELLED = "wecom_cancelled"
    #: The code was used or is too old: begin again.
    CODE = "wecom_code"
    #: Not a member of this enterprise.
    NOT_A_MEMBER = "wecom_not_a_member"
    #: A member, but nobody that works here is bound to the userid.
    UNBOUND = "wecom_unbound"
    #: WeCom could not be asked; the log says why (`api_refused`, `api_unreadable`).
    UNAVAILABLE = "wecom_unavailable"

    @property
    def problem(self) -> str:
        """The sentence that the sign-in page has for it."""
        return "wecom_unbound" if self in (Refusal.UNBOUND, Refusal.NOT_A_MEMBER) else "wecom_failed"


@value
class _Sent:
    """What the cookie keeps of a browser that was sent away."""

    state: str
    until: int
    next: str

    def text(self) -> str:
        return f"{self.state}.{self.until}.{quote(self.next, safe='')}"


class WecomSignIn:
    """The two handlers: `start` answers START_PATH, `back` BACK_PATH."""

    def __init__(
        self, *, oauth: WecomOAuth, sign_in: SignIn, realm: str, public_url: str, clock: Clock, grant: Grant
    ) -> None:
        """Take the enterprise's `realm` (corp id) and `public_url`, the address staff open the console at.

        Raises ValueError when there is no such address: WeCom could not send anybody back.
        """
        if not public_url:
            raise ValueError("signing in by WeCom needs public_url; fill it in under [console] in zhike.toml")
        self._oauth = oauth
        self._sign_in = sign_in
        self._realm = realm
        self._back_url = public_url.rstrip("/") + BACK_PATH
        self._clock = clock
        self._grant = grant
        self._secure = public_url.startswith("https://")
        # Browsers take a name with __Host- from this host alone: no neighbour below the same domain can plant a state.
        self._cookie = "__Host-zhike-wecom" if self._secure else "zhike-wecom"

    async def start(self, request: web.Request) -> web.StreamResponse:
        """Send the browser to WeCom; `next` in the query is the page of the console it will come back to."""
        # Letters and digits only: the page inside WeCom's client takes no others.
        state = secrets.token_hex(_STATE_BYTES)
        until = int((self._clock.now() + _LIFE).timestamp())
        sent = _Sent(state=state, until=until, next=local_path(request.query.get("next", "")) or HOME)
        agent = request.headers.get(hdrs.USER_AGENT, "")
        response = _redirect(self._oauth.address(redirect_uri=self._back_url, state=state, user_agent=agent))
        # Lax: the way back from WeCom is a navigation from another site.
        response.set_cookie(
            self._cookie,
            sent.text(),
            max_age=int(_LIFE.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )
        return response

    async def back(self, request: web.Request) -> web.StreamResponse:
        """Take the browser back from WeCom: signed in, or to the sign-in page with a `Refusal`."""
        if request.method != hdrs.METH_GET:
            # A code that HEAD had used would be gone.
            raise web.HTTPMethodNotAllowed(request.method, [hdrs.METH_GET])
        response = await self._answer(request)
        response.del_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        sent = _read(request.cookies.get(self._cookie, ""))
        if sent is None or not _is_its(sent, request.query.get("state", ""), now=self._clock.now()):
            return _refuse(Refusal.STATE, HOME)
        outcome = await self._secret(request.query.get("code", ""))
        if isinstance(outcome, Refusal):
            return _refuse(outcome, sent.next)
        before: SignedIn | None = request.get(SIGNED_IN)
        if before is not None:
            # A session that somebody planted must not outlive the one that takes its place.
            await self._sign_in.sign_out(before)
        return self._grant(request, outcome, sent.next)

    async def _secret(self, code: str) -> str | Refusal:
        """Return the secret of a new session for whom WeCom gave the code, or why there is none."""
        if not code:
            return Refusal.CANCELLED
        try:
            userid = await self._oauth.user_of(code)
        except Rejected:
            return Refusal.CODE
        except ChannelError:
            return Refusal.UNAVAILABLE
        if userid is None:
            return Refusal.NOT_A_MEMBER
        return await self._sign_in.by_wecom(self._realm, userid) or Refusal.UNBOUND


def grant_by(cookie: SessionCookie) -> Grant:
    """Return the way on with the session in the console's own cookie."""

    def grant(request: web.Request, secret: str, address: str) -> web.StreamResponse:
        response = _redirect(address)
        cookie.put(response, secret)
        return response

    return grant


def _read(cookie: str) -> _Sent | None:
    state, _, rest = cookie.partition(".")
    until, _, path = rest.partition(".")
    if not state or not until.isdecimal() or not until.isascii() or len(until) > 12:
        return None
    return _Sent(state=state, until=int(until), next=local_path(unquote(path)) or HOME)


def _is_its(sent: _Sent, state: str, *, now: datetime) -> bool:
    same = compare_digest(sent.state.encode("utf-8", "replace"), state.encode("utf-8", "replace"))
    return same and now.timestamp() <= sent.until


def _refuse(refusal: Refusal, path: str) -> web.StreamResponse:
    return _redirect(f"{SIGN_IN_PATH}?{urlencode({'problem': refusal.problem, 'error': refusal, 'next': path})}")


def _redirect(address: str) -> web.StreamResponse:
    return web.Response(status=303, headers={hdrs.LOCATION: address, hdrs.CACHE_CONTROL: "no-store"})
