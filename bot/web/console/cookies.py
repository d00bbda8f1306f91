"""The two cookies of the console: the session's secret, and the language."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from bot.web.console.words import LANGUAGES

_LANGUAGE: Final = "zhike-language"
_YEAR: Final = 365 * 86_400


class SessionCookie:
    """Carries a session's secret.

    Behind https its name begins with `__Host-`: the browser then takes it only with Secure, Path=/ and without a
    domain, so that no other host and no plain connection can plant one (RFC 6265bis, 4.1.3.2).
    """

    def __init__(self, public_url: str) -> None:
        self._is_secure = public_url.startswith("https://")
        self.name = "__Host-zhike" if self._is_secure else "zhike"

    def read(self, request: web.Request) -> str | None:
        """Return the secret that a browser sent."""
        return request.cookies.get(self.name) or None

    def put(self, response: web.StreamResponse, secret: str) -> None:
        """Give a browser the secret. It ends with the browser; the session ends by itself on our side."""
        response.set_cookie(self.name, secret, path="/", secure=self._is_secure, httponly=True, samesite="Lax")

    def drop(self, response: web.StreamResponse) -> None:
        """Take the secret back."""
        response.del_cookie(self.name, path="/", secure=self._is_secure, httponly=True, samesite="Lax")


class LanguageCookie:
    """Carries the chosen language; the first of LANGUAGES where none is."""

    def __init__(self, public_url: str) -> None:
        self._is_secure = public_url.startswith("https://")

    def read(self, request: web.Request) -> str:
        """Return the language to answer in."""
        chosen = request.cookies.get(_LANGUAGE)
        return chosen if chosen in LANGUAGES else LANGUAGES[0]

    def put(self, response: web.StreamResponse, language: str) -> None:
        """Remember a language for a year."""
        response.set_cookie(
            _LANGUAGE, language, max_age=_YEAR, path="/console", secure=self._is_secure, httponly=True, samesite="Lax"
        )
