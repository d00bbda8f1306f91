"""Pictures of content for everybody: only those that something shows that may go out now."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from bot.contents import PICTURES
from content.picture_bytes import Picture
from handlers.contents.reading import ContentReading

#: A picture's bytes never change under their digest; whether it may be fetched does, so nobody keeps it for long.
_CACHING: Final = "public, max-age=60"


class ContentPicturePage:
    """Serves one picture by its digest."""

    def __init__(self, reading: ContentReading) -> None:
        self._reading = reading

    def mount(self, app: web.Application) -> None:
        """Put the page below an application."""
        app.router.add_get(f"{PICTURES}{{digest}}", self._show)

    async def _show(self, request: web.Request) -> web.Response:
        picture = await self._reading.public_picture(request.match_info["digest"])
        if picture is None:
            raise web.HTTPNotFound
        return picture_response(picture, caching=_CACHING)


def picture_response(picture: Picture, *, caching: str) -> web.Response:
    """Return a picture as what its bytes are, which no browser is to take for anything else."""
    return web.Response(
        body=picture.body,
        content_type=picture.content_type,
        headers={
            hdrs.CACHE_CONTROL: caching,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            hdrs.CONTENT_DISPOSITION: "inline",
        },
    )
