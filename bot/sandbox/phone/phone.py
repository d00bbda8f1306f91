"""Serves the phone page and its static files; the page itself talks to the control API of the sandbox.

Every file of `static/` is listed once when the routes are built, so no request can name a path outside of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

_STATIC = Path(__file__).parent / "static"
_PAGE = "phone.html"

#: Nothing but this server's own files; no inline script or style, no frame around the page, no other host.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
)
_CONTENT_TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".mp4": "video/mp4",
    }
)


def routes() -> list[web.RouteDef]:
    """Return the routes of the page: GET /phone and GET /phone/static/<file>."""
    files = {path.relative_to(_STATIC).as_posix(): path for path in _STATIC.rglob("*") if path.suffix in _CONTENT_TYPES}
    return [
        web.get("/phone", _serve_page),
        web.get("/phone/static/{name:.+}", _serve_from(files)),
    ]


async def _serve_page(request: web.Request) -> web.StreamResponse:
    return _file(_STATIC / _PAGE)


def _serve_from(files: dict[str, Path]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        path = files.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound(text="The phone page has no such file; its files are in bot/sandbox/phone/static.")
        return _file(path)

    return serve


def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path, headers={**_HEADERS, "Content-Type": _CONTENT_TYPES[path.suffix]})
