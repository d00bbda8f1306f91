"""The console's own scripts and styles, read once; no request can name a path outside of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from content.value import value

FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_YEAR: Final = 365 * 86_400


@value
class StaticFile:
    """One file as it is sent."""

    body: bytes
    content_type: str
    version: str


class StaticFiles:
    """All files below one folder by their path there."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _read(path) for path in folder.rglob("*") if path.suffix in _TYPES
        }

    def address(self, name: str) -> str:
        """Return where a file is fetched; the address changes with what is in it. Raises KeyError for no such file."""
        return f"/console/static/{name}?v={self._files[name].version}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file. Raises HTTPNotFound."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        is_current = request.query.get("v") == file.version
        caching = f"public, max-age={_YEAR}, immutable" if is_current else "no-cache"
        return web.Response(
            body=file.body, content_type=file.content_type, charset="utf-8", headers={hdrs.CACHE_CONTROL: caching}
        )


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(body=body, content_type=_TYPES[path.suffix], version=hashlib.sha256(body).hexdigest()[:12])
