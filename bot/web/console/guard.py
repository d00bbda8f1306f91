"""What stands around every page: headers, errors as pages, the session, the check against forgery, the permission."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from bot.web.console.cookies import SessionCookie
from bot.web.console.forgery import SAFE_METHODS, Forged, check_origin, check_token, token_of
from bot.web.console.pages import ROOT, Page, PageHandler
from bot.web.console.shell import Shell
from bot.web.console.visit import SIGNED_IN, TOKEN, Visit
from content.rights import Permission
from handlers.people.rights import Forbidden, require
from handlers.people.sign_in import SignedIn, SignIn
from storage.errors import StorageError

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: Header of a request that a page makes by itself, without anybody's doing.
LIVE: Final = "X-Zhike-Live"
STATIC: Final = f"{ROOT}/static/"
#: Forms for those who are not signed in, or need not be: without a session there is no token.
OPEN_FORMS: Final = frozenset({f"{ROOT}/sign-in", f"{ROOT}/language"})
#: Those with a sentence of their own; others are "something is wrong with this request".
_EXPLAINED: Final = frozenset({400, 404, 405, 413, 500, 503})


class Guard:
    """The middlewares, from the outermost in, and the door of each page."""

    def __init__(self, sign_in: SignIn, *, cookie: SessionCookie, shell: Shell, public_url: str) -> None:
        self._sign_in = sign_in
        self._cookie = cookie
        self._shell = shell
        self._public_url = public_url
        self._log = structlog.get_logger()

    @property
    def middlewares(self) -> list[Middleware]:
        """All of them, the outermost first."""
        return [self._with_headers, self._with_errors, self._with_session, self._against_forgery]

    def door(self, page: Page) -> Handler:
        """Return a page's handler behind its permission."""

        async def enter(request: web.Request) -> web.StreamResponse:
            visit = self.visit(request)
            if visit is None:
                return self._to_sign_in(request)
            require(visit.viewer, page.permission)
            return await page.handler(visit)

        return enter

    def for_anybody_signed_in(self, handler: PageHandler) -> Handler:
        """Return a handler that asks for no permission: the way in and the way out."""

        async def enter(request: web.Request) -> web.StreamResponse:
            visit = self.visit(request)
            return self._to_sign_in(request) if visit is None else await handler(visit)

        return enter

    def visit(self, request: web.Request) -> Visit | None:
        """Return who is signed in."""
        signed_in: SignedIn | None = request.get(SIGNED_IN)
        return None if signed_in is None else self._shell.visit(request, signed_in)

    def _to_sign_in(self, request: web.Request) -> web.StreamResponse:
        here = request.raw_path
        if request.headers.get("HX-Request") == "true":
            # A part of a page leads nowhere by itself; the page around it does. A part that renews itself has its
            # page's address; the one around it may be that of a form which was refused.
            around = "" if LIVE in request.headers else urlsplit(request.headers.get("HX-Current-URL", "")).path
            here = around or (request.path if LIVE in request.headers else ROOT)
        query = f"?next={quote(here, safe='')}" if request.method in SAFE_METHODS else ""
        return self._shell.visitor(request).redirect(f"{ROOT}/sign-in{query}")

    @web.middleware
    async def _with_headers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        for name, text in _HEADERS.items():
            response.headers[name] = text
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        return response

    @web.middleware
    async def _with_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Forbidden as forbidden:
            return self._error(request, 403, permission=forbidden.permission)
        except Forged as forged:
            self._log.warning("A form was refused.", action="console_form_refused", detail=str(forged))
            return self._error(request, 403, forged=True)
        except web.HTTPRedirection as redirection:
            return web.Response(status=redirection.status, headers={hdrs.LOCATION: redirection.headers[hdrs.LOCATION]})
        except web.HTTPException as error:
            return self._error(request, error.status, allow=error.headers.get(hdrs.ALLOW))
        except StorageError as error:
            self._log.error("A page could not read the database.", action="console_failed", detail=str(error))
            return self._error(request, 503)
        except Exception:  # noqa: BLE001 - whatever a page raises, staff see a page without details
            self._log.exception("A page failed.", action="console_failed", path=request.path)
            return self._error(request, 500)

    @web.middleware
    async def _with_session(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        secret = self._cookie.read(request)
        if secret is not None and not request.path.startswith(STATIC):
            # A page that renews itself is no use of the session: left open it ends as any other.
            is_used = request.headers.get(LIVE) is None
            signed_in = await self._sign_in.current(secret, is_used=is_used)
            if signed_in is not None:
                request[SIGNED_IN] = signed_in
                request[TOKEN] = token_of(secret)
        return await handler(request)

    @web.middleware
    async def _against_forgery(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in SAFE_METHODS:
            is_open = request.path in OPEN_FORMS
            check_origin(request, public_url=self._public_url, required=is_open)
            token = request.get(TOKEN)
            # Without a session there is nothing to act in the name of: the door leads to the sign-in.
            if token is not None and not is_open:
                await check_token(request, token)
        return await handler(request)

    def _error(
        self,
        request: web.Request,
        status: int,
        *,
        permission: Permission | None = None,
        forged: bool = False,
        allow: str | None = None,
    ) -> web.Response:
        kind = "forged" if forged else str(status if status in _EXPLAINED else 400)
        response = self._shell.visitor(request).page("error.html", status=status, kind=kind, permission=permission)
        if allow is not None:
            response.headers[hdrs.ALLOW] = allow
        return response
