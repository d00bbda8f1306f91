"""The way in and out: sign-in by password, sign-out, the language, the start page."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web.console.cookies import LanguageCookie, SessionCookie
from bot.web.console.forgery import form_field
from bot.web.console.guard import Guard
from bot.web.console.local_paths import local_path
from bot.web.console.pages import ROOT
from bot.web.console.shell import Shell
from bot.web.console.visit import Visit
from bot.web.console.words import LANGUAGES
from handlers.people.sign_in import SignIn, SignInConfig

#: Checking a password takes 64 MiB and a processor by purpose; strangers must not get all of them at once.
_CHECKED_AT_ONCE: Final = 2
#: What the way back from WeCom may report in `?problem=`.
_PROBLEMS: Final = frozenset({"wecom_unbound", "wecom_failed"})


class SignInPages:
    """Lets staff in and out."""

    def __init__(
        self,
        sign_in: SignIn,
        *,
        shell: Shell,
        guard: Guard,
        session: SessionCookie,
        language: LanguageCookie,
        config: SignInConfig,
        has_wecom: bool,
    ) -> None:
        self._sign_in = sign_in
        self._shell = shell
        self._guard = guard
        self._session = session
        self._language = language
        self._config = config
        self._has_wecom = has_wecom
        self._checks = asyncio.Semaphore(_CHECKED_AT_ONCE)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path below the console and handler of each."""
        signed_in = self._guard.for_anybody_signed_in
        return [
            ("GET", "", signed_in(self._start)),
            ("GET", "/", signed_in(self._start)),
            ("GET", "/sign-in", self._form),
            ("POST", "/sign-in", self._enter),
            ("POST", "/sign-out", signed_in(self._leave)),
            ("POST", "/language", self._choose_language),
        ]

    async def _form(self, request: web.Request) -> web.StreamResponse:
        visitor = self._shell.visitor(request)
        following = local_path(visitor.query("next"))
        if self._guard.visit(request) is not None:
            return visitor.redirect(following or ROOT)
        problem = visitor.query("problem")
        return self._show(request, following, problem=problem if problem in _PROBLEMS else None)

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        userid, password = await form_field(request, "userid"), await form_field(request, "password")
        following = local_path(await form_field(request, "next"))
        # No userid has a NUL, and PostgreSQL takes none.
        async with self._checks:
            secret = await self._sign_in.by_password(userid.replace("\0", "").strip(), password)
        if secret is None:
            return self._show(request, following, problem="wrong", userid=userid, status=401)
        before = self._guard.visit(request)
        if before is not None:
            await self._sign_in.sign_out(before.session)
        response = self._shell.visitor(request).redirect(following or ROOT)
        self._session.put(response, secret)
        return response

    async def _leave(self, visit: Visit) -> web.StreamResponse:
        await self._sign_in.sign_out(visit.session)
        response = visit.redirect(f"{ROOT}/sign-in")
        self._session.drop(response)
        return response

    async def _choose_language(self, request: web.Request) -> web.StreamResponse:
        chosen = await form_field(request, "language")
        if chosen not in LANGUAGES:
            raise web.HTTPBadRequest
        response = self._shell.visitor(request).redirect(local_path(await form_field(request, "next")) or ROOT)
        self._language.put(response, chosen)
        return response

    async def _start(self, visit: Visit) -> web.StreamResponse:
        first = self._shell.first_page(visit)
        return visit.page("start.html") if first is None else visit.redirect(first.address)

    def _show(
        self, request: web.Request, following: str | None, *, problem: str | None, userid: str = "", status: int = 200
    ) -> web.Response:
        return self._shell.visitor(request).page(
            "sign_in.html",
            status=status,
            following=following,
            problem=problem,
            userid=userid,
            failures=self._config.failures,
            minutes=round(self._config.locked.total_seconds() / 60),
            has_wecom=self._has_wecom,
        )
