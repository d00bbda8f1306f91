"""Media in memory: what people send, what the bot uploads; gone after three days."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.sandbox.errors import ApiError

LIFE_SECONDS = 3 * 86400
_SIZES = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10, "file": 20 << 20}

#: How the files of a picture begin.
JPEG, PNG, GIF = b"\xff\xd8", b"\x89PNG", b"GIF8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One file."""

    media_id: str
    type: str
    content_type: str
    data: bytes
    created_at: float


class MediaStore:
    """The temporary media of one official account or corporation: an id of another one is none here."""

    def __init__(self) -> None:
        self._media: dict[str, Media] = {}

    def add(self, data: bytes, *, type: str, content_type: str, now: float) -> Media:
        """Keep a file for three days. Raises ApiError: 40004 unknown type, 44001 empty, 45001 too big."""
        if type not in _SIZES:
            raise ApiError(40004)
        if not data:
            raise ApiError(44001)
        if len(data) > _SIZES[type]:
            raise ApiError(45001, f"{type} may have {_SIZES[type]} bytes")
        for old in [m for m in self._media.values() if now >= m.created_at + LIFE_SECONDS]:
            del self._media[old.media_id]
        media_id = secrets.token_urlsafe(48)
        media = Media(media_id=media_id, type=type, content_type=content_type, data=data, created_at=now)
        self._media[media_id] = media
        return media

    def get(self, media_id: str, *, now: float) -> Media | None:
        """Return the file, or None when there is none or its three days are over."""
        media = self._media.get(media_id)
        return media if media is not None and now < media.created_at + LIFE_SECONDS else None


def check_picture(data: bytes, *, begins: tuple[bytes, ...], most_bytes: int = _SIZES["image"]) -> None:
    """Look at a picture that the bot uploads. Raises ApiError: 45001 too big, 40005 of another kind.

    What people send is looked at by their phones.
    """
    if len(data) > most_bytes:
        raise ApiError(45001, f"image may have {most_bytes} bytes")
    if data and not data.startswith(begins):
        raise ApiError(40005)
