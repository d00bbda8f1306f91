"""Keeps other sites from acting in the name of who is signed in (CSRF)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from aiohttp import hdrs, web
from yarl import URL

FIELD: Final = "csrf"
HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
#: "none": the person themselves, by a bookmark or by sending a form again.
_OUR_SITES: Final = frozenset({"same-origin", "none"})
_PURPOSE: Final = b"zhike console: token of a form"


class Forged(Exception):
    """A request comes from elsewhere, or does not show that it comes from one of our pages."""


def token_of(secret: str) -> str:
    """Return the token of a session: HMAC-SHA256 of a constant under its secret, which it does not give away."""
    return hmac.new(secret.encode("utf-8"), _PURPOSE, hashlib.sha256).hexdigest()


def check_origin(request: web.Request, *, public_url: str, required: bool = False) -> None:
    """Raise Forged when the browser says that another site sent this.

    `required`: also when it says nothing; for forms that nobody is signed in for, and so have no token.
    """
    origin, site = request.headers.get(hdrs.ORIGIN), request.headers.get("Sec-Fetch-Site")
    if required and origin is None and site is None:
        raise Forged("neither Origin nor Sec-Fetch-Site was sent")
    if site is not None and site not in _OUR_SITES:
        raise Forged(f"Sec-Fetch-Site is {site[:40]!r}")
    if origin is not None and not _is_ours(origin, request, public_url):
        raise Forged(f"Origin is {origin[:200]!r}")


async def check_token(request: web.Request, expected: str) -> None:
    """Raise Forged unless header or form field carries the session's token. Raises HTTPBadRequest on a broken form."""
    given = request.headers.get(HEADER)
    if given is None:
        given = await form_field(request, FIELD)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8")):
        raise Forged("the form's token is missing or belongs to another session")


async def form_field(request: web.Request, name: str) -> str:
    """Return a field of a form, "" when there is none or it is a file. Raises HTTPBadRequest on a broken form."""
    try:
        found = (await request.post()).get(name, "")
    except (ValueError, LookupError):
        # Not what the content type says, or in an encoding that does not exist.
        raise web.HTTPBadRequest from None
    return found if isinstance(found, str) else ""


def _is_ours(origin: str, request: web.Request, public_url: str) -> bool:
    try:
        sent = URL(origin).origin()
    except ValueError:
        return False
    if public_url:
        ours = URL(public_url)
        return (sent.scheme, sent.host, sent.port) == (ours.scheme, ours.host, ours.port)
    # Without a public address a proxy may have taken the TLS off: host and port decide, not the scheme.
    return sent.raw_authority == request.host.lower()
