"""Temporary media of one account: a picture fetched whole into memory, with a bound, and one uploaded.

Both platforms have the same two calls and keep a file for three days. Source: WeChat docs, "temporary media"; WeCom
docs 90253 (media/upload), 90254 (media/get).
"""

from __future__ import annotations

from typing import Any, Final

from bot.channels.api import PlatformApi
from bot.channels.reactions import ReactionTable
from bot.channels.tokens import TokenKeeper
from content.value import value
from handlers.delivery.errors import MediaTooLarge, NotAPicture, OutcomeUnknown

#: A picture of either platform has 10 MB at most; older documents of official accounts say 2 MB, and their platform
#: may refuse what is larger (45001).
MOST_BYTES: Final = 10 << 20


@value
class Format:
    """A kind of picture, known by its first bytes: what a file's name or headers say proves nothing."""

    name: str
    content_type: str
    begins: tuple[bytes, ...]


JPEG: Final = Format(name="jpg", content_type="image/jpeg", begins=(b"\xff\xd8\xff",))
PNG: Final = Format(name="png", content_type="image/png", begins=(b"\x89PNG\r\n\x1a\n",))
GIF: Final = Format(name="gif", content_type="image/gif", begins=(b"GIF87a", b"GIF89a"))


class Media:
    """The media of one account. Every method raises ChannelError."""

    def __init__(
        self, *, api: PlatformApi, tokens: TokenKeeper, errors: ReactionTable, formats: tuple[Format, ...]
    ) -> None:
        """`formats`: the pictures that the platform takes."""
        self._api = api
        self._tokens = tokens
        self._errors = errors
        self._formats = formats

    async def get(self, media_id: str) -> bytes:
        """Return a picture's bytes. Raises MediaGone, MediaTooLarge, NotAPicture for what is no file at all."""

        async def request(token: str) -> bytes:
            query = {"access_token": token, "media_id": media_id}
            return await self._api.download(
                "/cgi-bin/media/get", query=query, errors=self._errors, most_bytes=MOST_BYTES
            )

        return await self._tokens.call(request)

    async def put(self, picture: bytes) -> str:
        """Upload a picture and return its id. Raises NotAPicture, MediaTooLarge."""
        if len(picture) > MOST_BYTES:
            raise MediaTooLarge(f"the picture has {len(picture)} bytes; {MOST_BYTES} may be uploaded")
        kind = next((each for each in self._formats if picture.startswith(each.begins)), None)
        if kind is None:
            names = ", ".join(each.name for each in self._formats)
            raise NotAPicture(f"the file does not begin like any of {names}")

        async def request(token: str) -> dict[str, Any]:
            return await self._api.upload(
                "/cgi-bin/media/upload",
                query={"access_token": token, "type": "image"},
                errors=self._errors,
                file=picture,
                name=f"picture.{kind.name}",
                content_type=kind.content_type,
            )

        media_id = (await self._tokens.call(request)).get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise OutcomeUnknown("media/upload answered without a media_id")
        return media_id
